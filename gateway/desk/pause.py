"""Automatic letters that stop for a while: the value, and the changes that begin and end it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

PauseScope = Literal["address", "writer", "ticket", "domain", "desk"]
"""What is paused: an address that bounced, or whose budget is spent, a ticket, a domain, all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseLetters:
    """Automatic letters stop for a while: a hard bounce, or a budget that is spent."""

    scope: PauseScope
    key: str
    """The address, the ticket's number or the domain; empty for the whole desk."""
    since: datetime
    until: datetime
    reason: str
    strikes: int = 1
    """Days on which an address bounced; it is paused after three, or at once if unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeLetters:
    """A pause ends before its time: somebody wrote from the address, or the operator said so."""

    scope: PauseScope
    key: str


PauseChange = PauseLetters | ResumeLetters


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Automatic letters that do not leave."""

    scope: PauseScope
    key: str
    since: datetime
    until: datetime
    reason: str
    strikes: int = 1
