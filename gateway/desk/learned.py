"""What a desk has learned from its own mails: how rare its words are, and which mean the same."""

from dataclasses import dataclass, field

from gateway.desk.meaning import Meaning
from gateway.desk.words import Background


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Makes the likeness of texts sharper. A young desk has learned nothing, and that works too."""

    background: Background = field(default_factory=Background)
    """How often words stand in the desk's mails."""
    meaning: Meaning | None = None
    """Words that mean much the same here, where the extra `topic` has learned them."""
