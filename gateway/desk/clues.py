"""What a mail points at, before anybody has looked anything up: tokens, ids, numbers, commands."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from gateway.desk.commands import CommandBlock, read_commands
from gateway.desk.control import ORDER_VERBS, TICKET_VERBS, ControlBlock, read_control
from gateway.desk.policy import Policy
from gateway.desk.tags import Tags, read_subject
from gateway.desk.token import STAFF_PURPOSES, Keys, Purpose, Token
from gateway.mail.address import normalised_address
from gateway.mail.message import Mail
from gateway.mail.quote import command_text

REFERENCES_MAX: Final = 20
"""References looked up, newest first; more would only help whoever wants to keep us busy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """Everything the store must look up, and what was read on the way."""

    sender: str
    """Normal form of the From address; empty where there is none."""
    token: Token | None = None
    """The first valid token among the addresses the mail was sent to."""
    token_is_senders: bool = False
    """That token was sent to this sender."""
    references: tuple[str, ...] = ()
    """Message-IDs it answers, nearest first."""
    reference_tokens: tuple[Token, ...] = ()
    """Valid tokens inside those Message-IDs, nearest first."""
    senders_reference: bool = False
    """The nearest of them was sent to this sender."""
    staff_list: str = ""
    """The staff list that the token was sent to, where it was sent to one."""
    tags: Tags = field(default_factory=lambda: Tags(subject=""))
    department: str | None = None
    """Of the first inbox of ours that it was sent to."""
    commands: CommandBlock = field(default_factory=CommandBlock)
    """Read as a customer's mail."""
    control: ControlBlock = field(default_factory=ControlBlock)
    """Read as a mail of staff."""
    loop_stamp: bool = False
    """It carries our own, validly signed mark."""

    @property
    def tickets(self) -> tuple[int, ...]:
        """Numbers of tickets that staff commands name."""
        return tuple(one.number for one in self.control.commands if one.verb in TICKET_VERBS)

    @property
    def orders(self) -> tuple[int, ...]:
        """Numbers of orders that staff commands or an order's reply address name."""
        named = [one.number for one in self.control.commands if one.verb in ORDER_VERBS]
        if self.token and self.token.purpose is Purpose.ORDER and self.token.subject.isdigit():
            named.append(int(self.token.subject))
        return tuple(named)

    @property
    def is_staff_reply(self) -> bool:
        """It went to a reply address that only staff have."""
        return self.token is not None and self.token.purpose in STAFF_PURPOSES


def find_clues(mail: Mail, policy: Policy, keys: Keys) -> Clues:
    """Read what a mail points at. Looks nothing up and decides nothing."""
    sender = normalised_address(mail.originator.address or mail.envelope.reverse_path or "")
    addresses = tuple(_addresses(mail))
    tokens = tuple(_tokens(addresses, policy, keys))
    token = next((one for one in tokens if keys.is_for(one, sender)), None) or next(
        iter(tokens), None
    )
    references = _references(mail)
    reference_tokens = tuple(
        found for one in references if (found := token_of_message_id(one, keys))
    )
    text = command_text(mail.new_text, mail.originator.name)
    words = policy.assessment
    staff_token = next(
        (
            one
            for one in (token, *reference_tokens[:1])
            if one is not None and one.purpose in STAFF_PURPOSES
        ),
        None,
    )
    return Clues(
        sender=sender,
        token=token,
        token_is_senders=token is not None and keys.is_for(token, sender),
        references=references,
        reference_tokens=reference_tokens,
        senders_reference=bool(reference_tokens) and keys.is_for(reference_tokens[0], sender),
        tags=read_subject(mail.subject, policy.mail.ticket_prefix),
        department=policy.addresses.department_of(addresses),
        commands=read_commands(
            text,
            confirm_words=words.more_confirm_words,
            decline_words=words.more_decline_words,
        ),
        staff_list=_list_of(staff_token, policy, keys) if staff_token else "",
        control=read_control(mail.new_text, closes=staff_token.is_done)
        if staff_token
        else ControlBlock(),
        loop_stamp=any(_is_own_stamp(stamp, keys) for stamp in mail.stamps),
    )


def token_of_message_id(message_id: str, keys: Keys) -> Token | None:
    """The token in a Message-ID of ours, `<letter.event.token@domain>`."""
    local = message_id.partition("@")[0]
    return keys.read(local.rpartition(".t.")[2]) if ".t." in local else None


def _addresses(mail: Mail) -> Iterator[str]:
    """Where the mail went, header first: the first own address decides (rule M3)."""
    yield from (one.address for one in (*mail.to, *mail.cc))
    yield from mail.envelope.forward_paths
    yield from mail.delivered_to


def _tokens(addresses: tuple[str, ...], policy: Policy, keys: Keys) -> Iterator[Token]:
    for address in addresses:
        text = policy.addresses.token_of(address)
        token = keys.read(text) if text else None
        if token:
            yield token


def _list_of(token: Token, policy: Policy, keys: Keys) -> str:
    return next((one for one in policy.staff.lists if keys.is_for(token, one)), "")


def _references(mail: Mail) -> tuple[str, ...]:
    reported = mail.report.original_message_id if mail.report else None
    nearest_first = (
        *mail.in_reply_to,
        *reversed(mail.references),
        *((reported,) if reported else ()),
    )
    return tuple(dict.fromkeys(nearest_first))[:REFERENCES_MAX]


def _is_own_stamp(stamp: str, keys: Keys) -> bool:
    text, _, mac = stamp.strip().rpartition(".")
    return bool(text) and keys.is_signed("loop:" + text, mac.lower())
