"""Who a mail is from, as far as it is proved (architecture 6, rules M4 and M10).

Authority comes from a token, the From address and a trusted verdict; never from a subject or text.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from gateway.desk.clues import Clues
from gateway.desk.facts import Facts
from gateway.desk.people import Person
from gateway.desk.policy import Policy
from gateway.desk.token import Purpose
from gateway.mail.authres import (
    NOBODY,
    Profile,
    Verdict,
    Weakness,
    has_forged_results,
    profile_named,
    verdict,
)
from gateway.mail.message import Mail

UNTRUSTED: Final = frozenset(
    {
        Weakness.FROM_NOT_CLEAN,
        Weakness.FROM_MISMATCH,
        Weakness.STRAY_CR_LF,
        Weakness.DKIM_LENGTH,
        Weakness.DKIM_UNSIGNED,
    }
)
"""Weaknesses of a pass that leave room for somebody else's words (attacks A10, A11, A16)."""


class Standing(StrEnum):
    """What the sender is to the desk."""

    STAFF = "staff"
    CONTACT = "contact"
    """A contact of the account in question."""
    STRANGER = "stranger"
    """Anyone else, and whoever only claims to be a contact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The sender's standing and what supports it."""

    standing: Standing
    person: Person | None = None
    has_token: bool = False
    """A token sent to this very sender came back."""
    verdict: Verdict = field(default_factory=Verdict)
    """What the trusted server said of the sender."""
    was_challenged: bool = False
    """The sender answers the one-time address of a challenge, in time."""
    forged_results: bool = False
    """A field in the name of the trusted server stands where that server did not write."""
    claims_contact: bool = False
    """The From address is a contact's, though not believed."""

    @property
    def is_contact(self) -> bool:
        """May do what every contact may."""
        return self.standing is Standing.CONTACT


def prove(mail: Mail, facts: Facts, policy: Policy) -> Proof:
    """Weigh the evidence of a mail."""
    clues = facts.clues
    profile = trusted_profile(policy)
    said = verdict(mail, profile)
    forged = has_forged_results(mail, profile)
    person = policy.staff.person(clues.sender) if clues.sender else None
    believed = mail.from_is_clean and not said.is_fail
    has_token = clues.token_is_senders or clues.senders_reference
    if person:
        return Proof(
            standing=Standing.STAFF,
            forged_results=forged,
            person=person,
            has_token=believed and _has_staff_token(facts, policy, person),
            verdict=said,
        )
    of_ticket = facts.ticket_account
    of_account = facts.contact is not None and (
        of_ticket is None or facts.contact.account == of_ticket.id
    )
    return Proof(
        forged_results=forged,
        standing=Standing.CONTACT if of_account and believed else Standing.STRANGER,
        has_token=has_token,
        was_challenged=believed and _answers_challenge(mail, clues),
        verdict=said,
        claims_contact=of_account and not believed,
    )


def may_confirm(proof: Proof, facts: Facts, policy: Policy) -> bool:
    """Whether a contact's confirmation counts, as far as who may is concerned (rule M10)."""
    who = policy.assessment.confirm_from
    if not proof.is_contact or facts.ticket is None:
        return False
    if who == "requester":
        return facts.clues.sender == facts.ticket.requester
    return who == "contacts" or proof.has_token


def is_proved(proof: Proof, policy: Policy) -> bool:
    """Whether the evidence suffices for what costs credits (architecture 6)."""
    if proof.was_challenged:
        return True
    passed = has_passed(proof)
    if policy.trust.confirm == "token_and_pass":
        return proof.has_token and passed
    return proof.has_token or passed


def may_agree(proof: Proof, policy: Policy) -> bool:
    """Whether a payment tag on a first mail counts (rule M4)."""
    if policy.trust.agree == "pass":
        return has_passed(proof)
    return not proof.verdict.is_fail


def has_passed(proof: Proof) -> bool:
    """A trusted pass that leaves no room for somebody else's words."""
    return proof.verdict.is_pass and not UNTRUSTED & set(proof.verdict.weak)


def trusted_profile(policy: Policy) -> Profile:
    """Whose Authentication-Results are believed; nobody's while nothing is set."""
    trust = policy.trust
    if trust.profile == "authserv-id" and not trust.authserv_id:
        return NOBODY
    return profile_named(trust.profile, trust.authserv_id or "")


def _answers_challenge(mail: Mail, clues: Clues) -> bool:
    """A challenge holds for a day, for the contact it was sent to."""
    token = clues.token
    if token is None or token.purpose is not Purpose.CHALLENGE or not clues.token_is_senders:
        return False
    until = token.subject.rpartition(".")[2]
    return until.isdigit() and mail.envelope.received_at.timestamp() <= int(until)


def _has_staff_token(facts: Facts, policy: Policy, person: Person) -> bool:
    """The person's own token, or that of a list the person reads."""
    clues = facts.clues
    if clues.staff_list:
        return policy.staff.reads(person, clues.staff_list)
    if clues.is_staff_reply:
        return clues.token_is_senders
    return clues.token is None and clues.senders_reference
