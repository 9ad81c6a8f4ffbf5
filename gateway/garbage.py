"""How often a process that takes mails in looks for garbage that refers to itself.

Python counts new objects and looks at all young ones after every 700: a mail makes some thousands,
nearly all of which are gone by the time it is committed. Looking less often saves a seventh of what
a mail costs (tests/bench/mail_to_ticket.py); objects without cycles are freed at once as ever.
"""

import gc
from typing import Final

YOUNG: Final = 20_000
"""New objects until the young are looked at: those of a few mails."""
MIDDLE: Final = 20
OLD: Final = 50


def look_rarely() -> None:
    """What is loaded until now stays and is never looked at again; new garbage is, more rarely."""
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
