"""The order in which tickets are worked on (rule H4)."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from gateway.desk.model import Ticket

NEVER: Final = datetime.max.replace(tzinfo=UTC)


def queue_order(tickets: Iterable[Ticket]) -> list[Ticket]:
    """Urgent tickets first; within both, earliest due time first, without a clock last."""

    def place(ticket: Ticket) -> tuple[bool, datetime, int]:
        due_at = min((clock.due_at for clock in ticket.clocks), default=NEVER)
        return not ticket.is_urgent, due_at, ticket.number

    return sorted(tickets, key=place)
