"""How long we wait for a peer: for its next command, for its data, and in all (attack A46).

A peer that sends one octet a minute, or NOOP for ever, keeps a connection from others; one that is
merely far away does not. Times are seconds of the event loop's clock.
"""

from typing import Final

from gateway.wire.rules import Rules

GRACE: Final = 30.0
"""Message data may be as slow as it likes for so long."""


class Patience:
    """The clocks of one connection."""

    def __init__(self, rules: Rules, now: float) -> None:
        self._rules = rules
        self._opened_at = now
        self._until = now + rules.idle
        self._began_at = self._moved_at = now
        self._seen = -1

    def wind(self, now: float) -> None:
        """The peer has said something of use."""
        self._until = now + self._rules.idle

    def begin_data(self, now: float) -> None:
        """Message data is on its way."""
        self._began_at = self._moved_at = now
        self._seen = -1

    def lost(self, now: float, *, octets: int | None, at_rest: bool) -> str:
        """Why our patience is at its end, or empty.

        `octets` is how much of a mail has come, nothing while none is coming; asked again and
        again, because progress is only seen by comparing.
        """
        if now - self._opened_at > self._rules.session * (1 if at_rest else 2):
            return "session"
        if octets is None:
            return "idle" if now > self._until else ""
        if octets != self._seen:
            self._seen, self._moved_at = octets, now
        if now - self._moved_at > self._rules.idle:
            return "data idle"
        taken = now - self._began_at
        return "slow" if taken > GRACE and octets < self._rules.slowest * taken else ""
