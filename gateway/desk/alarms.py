"""What of a mail and its decision the operator should see: the events of the threat model.

A table of names and questions. Nothing is decided here: an alarm says what was decided already,
or what somebody seems to have tried.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gateway.desk.budget import RECEIPTS
from gateway.desk.commands import Verb
from gateway.desk.control import read_control
from gateway.desk.decision import Decision, Disposition
from gateway.desk.facts import Facts
from gateway.desk.pause import PauseLetters
from gateway.desk.people import Staff
from gateway.desk.token import STAFF_PURPOSES
from gateway.desk.trust import Proof, Standing
from gateway.mail.authres import Weakness
from gateway.mail.defect import Defect
from gateway.mail.message import Mail

MACHINES: Final = frozenset({Disposition.AUTOMATIC, Disposition.BOUNCE, Disposition.LOOP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A mail and what became of it."""

    mail: Mail
    facts: Facts
    proof: Proof
    decision: Decision
    staff: Staff

    @property
    def confirms(self) -> bool:
        """Somebody other than a machine wrote `confirm`."""
        block = self.facts.clues.commands
        return block.find(Verb.CONFIRM) is not None and self.decision.disposition not in MACHINES

    def has_letter(self, *names: str) -> bool:
        """Whether one of these letters goes out."""
        return any(one.letter in names for one in self.decision.letters)

    def has_defect(self, *names: Defect) -> bool:
        """Whether the mail was read with one of these defects."""
        return not frozenset(names).isdisjoint(self.mail.defects)

    def pauses(self, *, of_address: bool) -> bool:
        """Whether letters are paused from now on."""
        return any(
            isinstance(one, PauseLetters)
            and one.until > one.since
            and (one.scope == "address") is of_address
            for one in self.decision.changes
        )


def _wrong_sender(case: Outcome) -> bool:
    clues = case.facts.clues
    return case.confirms and clues.token is not None and not clues.token_is_senders


def _staff_commands_of_others(case: Outcome) -> bool:
    if case.proof.standing is Standing.STAFF or "#" not in case.mail.new_text:
        return False
    return bool(read_control(case.mail.new_text).commands)


def _staff_without_token(case: Outcome) -> bool:
    token = case.facts.clues.token
    wrong_hands = token is not None and token.purpose in STAFF_PURPOSES
    is_staff = case.proof.standing is Standing.STAFF
    return (is_staff or wrong_hands) and not (is_staff and case.proof.has_token)


def _foreign_ticket(case: Outcome) -> bool:
    ticket = case.facts.ticket
    return (
        ticket is not None
        and (case.decision.disposition is Disposition.REQUEST or not case.proof.is_contact)
        and case.proof.standing is not Standing.STAFF
    )


def _outsiders_in_copy(case: Outcome) -> bool:
    account = case.facts.ticket_account
    if case.decision.disposition is not Disposition.FOLLOW_UP or account is None:
        return False
    known = {one.address for one in account.contacts}
    return any(
        one.address not in known and case.staff.person(one.address) is None for one in case.mail.cc
    )


def _receipt_left_out(case: Outcome) -> bool:
    return case.decision.disposition is Disposition.REQUEST and not case.has_letter(*RECEIPTS)


ALARMS: Final[tuple[tuple[str, Callable[[Outcome], bool]], ...]] = (
    # Who it is from.
    ("from_not_single", lambda c: c.has_defect(Defect.FROM_NOT_SINGLE, Defect.FROM_REPEATED)),
    ("from_defect", lambda c: c.has_defect(Defect.FROM_MALFORMED)),
    ("stray_cr_lf", lambda c: c.has_defect(Defect.STRAY_CR_LF)),
    (
        "dkim_weak",
        lambda c: bool({Weakness.DKIM_LENGTH, Weakness.DKIM_UNSIGNED} & set(c.proof.verdict.weak)),
    ),
    ("forged_auth_results", lambda c: c.proof.forged_results),
    # What it asks for.
    ("confirm_spoof_suspected", lambda c: c.confirms and c.proof.verdict.is_fail),
    ("confirm_without_token", lambda c: c.confirms and not c.proof.has_token),
    ("confirm_wrong_sender", _wrong_sender),
    (
        "confirm_replay",
        lambda c: c.confirms and c.proof.has_token and c.has_letter("assessment_not_open"),
    ),
    ("confirm_stale", lambda c: c.confirms and c.has_letter("assessment_outdated")),
    ("confirm_near_miss", lambda c: c.has_letter("confirm_unclear")),
    ("challenge_sent", lambda c: c.has_letter("confirm_challenge")),
    ("command_by_customer", _staff_commands_of_others),
    ("staff_without_token", _staff_without_token),
    ("machine_mail", lambda c: c.decision.disposition in MACHINES),
    # Where it belongs.
    ("foreign_ticket_ref", _foreign_ticket),
    ("cc_not_added", _outsiders_in_copy),
    ("message_id_collision", lambda c: bool(c.facts.seen and not c.facts.seen.same_content)),
    (
        "dsn_unmatched",
        lambda c: c.decision.disposition is Disposition.BOUNCE and c.facts.ticket is None,
    ),
    # What it is made of.
    ("mime_depth", lambda c: c.has_defect(Defect.LIMIT_DEPTH)),
    ("mime_parts", lambda c: c.has_defect(Defect.LIMIT_PARTS)),
    ("header_limit", lambda c: c.has_defect(Defect.LIMIT_FIELD_COUNT, Defect.LIMIT_HEADER_BYTES)),
    ("charset_unknown", lambda c: c.has_defect(Defect.CHARSET_UNKNOWN)),
    # Loops and floods.
    ("bad_stamp", lambda c: bool(c.mail.stamps) and not c.facts.clues.loop_stamp),
    ("breaker_open", lambda c: c.pauses(of_address=False)),
    ("address_paused", lambda c: c.pauses(of_address=True)),
    ("ack_suppressed", _receipt_left_out),
)


def alarms(case: Outcome) -> tuple[str, ...]:
    """The names of what the operator should see, in the order of the table."""
    if case.decision.disposition is Disposition.DUPLICATE:
        return ()
    return tuple(name for name, rings in ALARMS if rings(case))
