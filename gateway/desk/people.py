"""Who works at the desk, on which lists, and under which addresses the desk receives mail."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from gateway.mail.address import normalised_address, same_address

Role = Literal["engineer", "lead", "manager", "billing"]

SUPPORT: Final = "support"
DEVELOPMENT: Final = "development"
SALES: Final = "sales"
GENERAL: Final = "general"
DEPARTMENTS: Final = (SUPPORT, DEVELOPMENT, SALES, GENERAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A member of staff; commands count from this address with this person's token only."""

    name: str
    address: str
    roles: frozenset[Role] = frozenset({"engineer"})
    away: tuple[tuple[date, date], ...] = ()
    """First and last local day of each absence."""

    def is_away(self, day: date) -> bool:
        """Whether the person is absent on a local day."""
        return any(first <= day <= last for first, last in self.away)


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """The people of the desk and the lists that letters go to (policy 4.8, 4.11)."""

    people: tuple[Person, ...] = ()
    dispatchers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Addresses that hear of new tickets, by department."""
    duty: tuple[str, ...] = ()
    """Addresses that hear of HotRush at once."""
    operator: tuple[str, ...] = ()
    """Addresses that hear of held mails and broken parts."""
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Who reads a list address; a list that is not named here is read by all staff."""
    _by_address: dict[str, Person] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        self._by_address.update({normalised_address(who.address): who for who in self.people})

    def person(self, address: str) -> Person | None:
        """The member of staff with this address."""
        return self._by_address.get(normalised_address(address))

    @property
    def lists(self) -> tuple[str, ...]:
        """List addresses: those on a list that are nobody's own."""
        every = (*self.duty, *(one for some in self.dispatchers.values() for one in some))
        return tuple(dict.fromkeys(one for one in every if self.person(one) is None))

    def with_role(self, role: Role) -> tuple[str, ...]:
        """Addresses of everyone with a role, in the order of the file."""
        return tuple(who.address for who in self.people if role in who.roles)

    def reads(self, person: Person, letter_to: str) -> bool:
        """Whether a letter to an address reaches the person: the own one, or a list's."""
        if self.person(letter_to) is not None:
            return same_address(letter_to, person.address)
        readers = self.members.get(normalised_address(letter_to))
        return readers is None or normalised_address(person.address) in map(
            normalised_address, readers
        )

    def is_away(self, address: str, day: date) -> bool:
        """Whether nobody reads an address on a local day: a person away, or all of a list."""
        person = self.person(address)
        if person is not None:
            return person.is_away(day)
        readers = self.members.get(normalised_address(address), ())
        people = [self.person(one) for one in readers]
        return bool(people) and all(one is not None and one.is_away(day) for one in people)

    def present(self, addresses: Iterable[str], day: date) -> tuple[str, ...]:
        """Those of some addresses that somebody reads on a local day."""
        return tuple(one for one in addresses if not self.is_away(one, day))

    def dispatchers_of(self, department: str) -> tuple[str, ...]:
        """Who hears of a department's tickets; Support's dispatchers where nobody is named."""
        return self.dispatchers.get(department) or self.dispatchers.get(SUPPORT, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the desk receives mail and how replies find back (policy 4.6, 4.13)."""

    inboxes: Mapping[str, str]
    """Department by address, in the order of the file."""
    reply_pattern: str
    """`support+{token}@desk.example`, or a catch-all sub-domain `{token}@reply.desk.example`."""
    domain: str
    """Right-hand side of our Message-IDs."""
    _inboxes: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._inboxes.update({normalised_address(a): d for a, d in self.inboxes.items()})

    def department_of(self, addresses: Iterable[str]) -> str | None:
        """The department of the first own inbox among addresses (rule M3)."""
        return next(
            (found for one in addresses if (found := self._inboxes.get(normalised_address(one)))),
            None,
        )

    def inbox_of(self, department: str) -> str:
        """The address letters of a department come from."""
        own = next((a for a, d in self.inboxes.items() if d == department), None)
        return own or next(iter(self.inboxes))

    def is_inbox(self, address: str) -> bool:
        """Whether mail to this address is for the desk."""
        return normalised_address(address) in self._inboxes

    def has_domain_of(self, address: str) -> bool:
        """Whether an address lies in a domain where we receive mail, ours or not."""
        domains = {one.rpartition("@")[2] for one in (*self._inboxes, self.reply_pattern.lower())}
        return normalised_address(address).rpartition("@")[2] in domains

    def reply_address(self, token: str) -> str:
        """The address that carries a token."""
        return self.reply_pattern.replace("{token}", token)

    def token_of(self, address: str) -> str | None:
        """The token in a reply address of ours, or nothing."""
        before, _, after = self.reply_pattern.lower().partition("{token}")
        found = normalised_address(address)
        if not (found.startswith(before) and found.endswith(after)):
            return None
        return found[len(before) : len(found) - len(after)] or None
