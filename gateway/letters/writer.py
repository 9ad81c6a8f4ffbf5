"""A letter that was decided becomes the final bytes of a mail: text and HTML from one template.

Everything is derived: the same letter written twice is the same mail. Where the operator's own
template is broken, the built-in one takes its place, and a letter that tells the operator goes out
with it (policy 4.12).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from gateway.desk.decision import Audience, SendLetter
from gateway.desk.policy import Policy
from gateway.desk.token import Keys
from gateway.letters.context import REPLY_LINE, Words
from gateway.letters.heading import Frame, Heading, fields, heading, tagged
from gateway.letters.marks import Marks
from gateway.letters.page import Page, Sheet, Stationery, fill
from gateway.letters.shelf import FRAME, BrokenTemplate, Rendered, Shelf, Source
from gateway.letters.text import Block, lay_out, set_text
from gateway.letters.tongue import ENGLISH, Tongue
from gateway.letters.values import Told, Values
from gateway.mail.address import normalised_address
from gateway.mail.compose import Draft, compose
from gateway.worktime.zone import UnknownZone, zone

HTML_MAX: Final = 60_000
"""Characters of an HTML part: Gmail cuts at 102 kB. A longer letter goes as text alone."""
TEXT_MAX: Final = 5_000_000
SUBJECT_MAX: Final = 250
FORMS_MAX: Final = 4_000
"""Forms of letters that are kept; a form is a template with its branches taken."""

__all__ = ["Alert", "Frame", "Writer", "Written"]


@dataclass(frozen=True, slots=True)
class Alert:
    """A letter to the operator about a broken template; of one event there is one."""

    letter: SendLetter
    event: str
    written: "Written"


@dataclass(frozen=True, slots=True)
class Written:
    """A letter as it goes into the outbox."""

    message_id: str
    content: bytes
    broken: str = ""
    """What was wrong with the operator's own template, where the built-in one took its place."""
    alerts: tuple[Alert, ...] = ()
    """What the operator is told of that."""


@dataclass(frozen=True, slots=True)
class _Form:
    """What letters of one form have in common."""

    text: tuple[Block, ...]
    subject: tuple[Block, ...]
    foot: tuple[Block, ...]
    page: Page


@dataclass(frozen=True, slots=True)
class _Made:
    """A rendered letter before it has a head."""

    subject: str
    text: str
    html: str
    language: str


class Writer:
    """Writes letters for one desk."""

    def __init__(self, shelf: Shelf, policy: Policy, keys: Keys) -> None:
        self._shelf = shelf
        self._policy = policy
        self._keys = keys
        self._stationery = Stationery(
            shelf.built_in_folder / FRAME, policy.operator.name, policy.operator.colour
        )
        self._forms: dict[tuple[str, ...], _Form] = {}

    def write(self, letter: SendLetter, frame: Frame) -> Written:
        """The bytes of a letter, and what the operator must hear of it."""
        written, broken = self._write(letter, frame)
        if broken is None:
            return written
        return replace(written, broken=str(broken), alerts=tuple(self._alerts(broken, frame)))

    def _write(self, letter: SendLetter, frame: Frame) -> tuple[Written, BrokenTemplate | None]:
        place = heading(letter, frame, self._policy.addresses, self._keys)
        made, broken = self._make(letter, frame, place)
        draft = Draft(
            sender=(self._policy.operator.name, self._sender(letter)),
            to=letter.to,
            subject=made.subject,
            date=frame.at,
            message_id=place.message_id,
            reply_to=place.reply_to,
            in_reply_to=place.in_reply_to,
            references=place.references,
            text=made.text,
            html=frame.html or made.html,
            fields=fields(letter, frame, self._policy, self._keys, made.language),
            enclosures=frame.enclosures if letter.with_attachments else (),
        )
        return Written(place.message_id, compose(draft)), broken

    def _sender(self, letter: SendLetter) -> str:
        department = letter.ticket.department if letter.ticket else "support"
        return self._policy.addresses.inbox_of(department)

    def _alerts(self, broken: BrokenTemplate, frame: Frame) -> Iterator[Alert]:
        """One letter to each operator, for one state of one file (policy 4.12)."""
        event = f"template:{broken.source}:{broken.state}"
        for address in self._policy.staff.operator:
            letter = SendLetter(
                letter="operator_alert",
                to=address,
                audience=Audience.OPERATOR,
                thread="new",
                automatic="auto-generated",
                values={
                    "what": "template",
                    "reason": str(broken),
                    "sender": "",
                    "queue_id": "",
                },
            )
            # Where the template of alerts is broken as well, nobody is told of that for now.
            written, _ = self._write(letter, Frame(event=event, at=frame.at))
            yield Alert(letter, event, written)

    # Rendering

    def _make(
        self, letter: SendLetter, frame: Frame, place: Heading
    ) -> tuple[_Made, BrokenTemplate | None]:
        """The operator's own letter, or the built-in one where that is broken."""
        is_customers = letter.audience is Audience.CUSTOMER
        broken: BrokenTemplate | None = None
        sources = self._shelf.sources(
            letter.letter,
            letter.language if is_customers else ENGLISH,
            default=self._policy.operator.language if is_customers else ENGLISH,
            audience="" if letter.audience is Audience.OPERATOR else str(letter.audience),
        )
        for source in sources:
            try:
                return self._from(source, letter, frame, place), broken
            except BrokenTemplate as error:
                if not source.is_own:
                    raise
                broken = broken or error
        raise broken or AssertionError("the last source came with the program")

    def _from(self, source: Source, letter: SendLetter, frame: Frame, place: Heading) -> _Made:
        tongue = self._shelf.tongue(source.language)
        words = self._words(letter, frame, tongue)
        marks = Marks(self._shelf.nonce, tongue.number, words.instant)
        told = Told(
            letter=letter, frame=frame, reply_to=place.reply_to, words=words, keys=self._keys
        )
        rendered = source.render(Values(told), marks)
        form = self._form(rendered, source.language, letter.audience)
        values = marks.values
        subject = self._subject(set_text(form.subject, values), letter, frame)
        text = set_text(form.text, values)
        if form.foot:
            text = f"{REPLY_LINE}\n\n{text}\n-- \n{set_text(form.foot, values)}"
        elif letter.audience is not Audience.OPERATOR:
            text = f"{REPLY_LINE}\n\n{text}"
        if len(text) > TEXT_MAX:
            raise BrokenTemplate(f"{source.path}: the letter grows beyond {TEXT_MAX} characters")
        html = fill(form.page, values)
        return _Made(subject, text, html if len(html) <= HTML_MAX else "", source.language)

    def _words(self, letter: SendLetter, frame: Frame, tongue: Tongue) -> Words:
        prefix = self._policy.mail.ticket_prefix
        labels = {stand_in: f"{prefix}{drawn}" for stand_in, drawn in frame.numbers.items()}
        return Words(self._policy, tongue, labels, _zone_of(letter))

    def _form(self, rendered: Rendered, language: str, audience: Audience) -> _Form:
        """What is made once for all letters of a form: layout, Markdown, inlined styles."""
        key = (*rendered.key, language, str(audience))
        found = self._forms.get(key)
        if found is None:
            mark = self._shelf.mark
            sheet = Sheet(
                body=rendered.body,
                title=rendered.subject,
                line=rendered.line if rendered.marks.values else "",
                foot=rendered.foot,
                above="" if audience is Audience.OPERATOR else REPLY_LINE,
                language=language,
            )
            found = _Form(
                text=lay_out(rendered.body, mark),
                subject=lay_out(rendered.subject, mark),
                foot=lay_out(rendered.foot, mark) if rendered.foot.strip() else (),
                page=self._stationery.page(sheet, mark, self._shelf.nonce),
            )
            if len(self._forms) >= FORMS_MAX:
                self._forms.clear()
            self._forms[key] = found
        return found

    def _subject(self, rendered: str, letter: SendLetter, frame: Frame) -> str:
        """The template's subject; about a ticket it carries the ticket's number (policy 4.13)."""
        subject = tagged(" ".join(rendered.split()), letter, frame, self._policy)
        return subject if len(subject) <= SUBJECT_MAX else subject[: SUBJECT_MAX - 1] + "…"


def _zone_of(letter: SendLetter) -> Any:
    """The zone of the contact a letter goes to, where the operator has set one that exists."""
    if letter.audience is not Audience.CUSTOMER or letter.account is None:
        return None
    to = normalised_address(letter.to)
    name = next((one.zone for one in letter.account.contacts if one.address == to), "")
    try:
        return zone(name) if name else None
    except UnknownZone:
        return None
