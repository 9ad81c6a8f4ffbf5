"""What changes when a topic leaves a ticket, or comes back; part of the union in `decision`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

SplitHow = Literal["auto", "suggested", "staff", "customer"]
"""Who thought of a split: the signs alone, the signs as a suggestion, staff, or the customer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrimMessage:
    """Paragraphs of a ticket's last mail moved to another ticket; the rest stays (invariant 39)."""

    ticket: int
    mail_at: datetime
    keeps: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSuggestions:
    """No more split suggestions for this ticket (`#nosplit`)."""

    ticket: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSplit:
    """A split or a suggestion is kept as an example, to be labelled by what people make of it."""

    ticket: int
    """Where the text was written."""
    how: SplitHow
    passage: str
    mail_at: datetime
    """When it was written; what was said in the ticket before is what it was compared with."""
    into: int | None = None
    """The new ticket, where there is one."""
    points: int = 0
    score: float | None = None
    """Of the likeness model; nothing where it was not asked."""
    reasons: tuple[str, ...] = ()
    off_topic: bool | None = None
    """The label, where whoever asked for the split gave it at once."""
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSplit:
    """Somebody showed whether a split or the suggestions of a ticket were right."""

    ticket: int
    """The ticket that was split off, or the one with suggestions."""
    of: Literal["split", "suggestion"]
    off_topic: bool
    at: datetime
    by: str
