"""One person is erased: nothing of them is left in any table, and the book still adds up."""

import base64
from pathlib import Path
from random import Random

import pytest
from acting.operator import run_gateway
from small_desk import SmallDesk, small_desk
from sqlalchemy import insert, select, update
from test_person import ANN, BOB, DESK, EVA, mentions

from gateway.desk.pause import ResumeLetters
from gateway.mail.message import Envelope
from gateway.spool import new_queue_id
from gateway.store.facts import erased_key
from gateway.store.mail_tables import audit, file_uses, files, mails, outbox
from gateway.store.mails import raw_of
from gateway.store.spent import carry_out
from gateway.store.tables import accounts, entries, tickets
from gateway.store.transaction import run_once
from gateway.work.reader import Reader

pytestmark = pytest.mark.asyncio(loop_scope="module")

STRANGER = "zoe.quill@else.example"
BOOK = select(entries.c.id, entries.c.amount, entries.c.held, entries.c.ticket).order_by(
    entries.c.id
)


async def answered(desk: SmallDesk, who: str, subject: str, text: str) -> None:
    """Somebody asks, agrees, and is answered; the ticket is closed."""
    await desk.receive(who, DESK, subject, text, "2026-07-06T08:00")
    told = desk.last("engineer_new_ticket", "dispatch@desk.example")
    for line in ("#assess 1", "#close"):
        await desk.receive(EVA, told["Reply-To"], f"Re: {subject}", line, "2026-07-06T08:05")
        if line == "#assess 1":
            asked = desk.last("assessment_request", who)
            await desk.receive(who, asked["Reply-To"], "Re: x", "confirm", "2026-07-06T08:10")
            await desk.receive(EVA, told["Reply-To"], "Re: x", "Set it so.", "2026-07-06T08:15")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "desk"


async def a_desk(desk: SmallDesk) -> None:
    """Ann and Bob of acme, and Zoe whom nobody knew; each asked something."""
    desk.run("customers", "add", "acme", "--contact", ANN, "--contact", BOB, "--name", "Acme Ltd")
    desk.run("customers", "website", "acme", "--order", "W-7")
    await answered(desk, ANN, "Tax", "Set up VAT for Latvia.")
    await desk.receive(BOB, DESK, "Tolls", "Another matter of Bob's.", "2026-07-06T08:20")
    await desk.receive(STRANGER, DESK, "Hello", "My name is Quill.", "2026-07-06T08:25")
    number = desk.rows(select(tickets.c.number).where(tickets.c.requester == STRANGER))[0][0]
    told = desk.last("engineer_new_ticket", "dispatch@desk.example")
    await desk.receive(EVA, told["Reply-To"], "Re: Hello", "#close spam", "2026-07-06T08:30")
    assert number == 1003
    await carry(desk)


async def carry(desk: SmallDesk) -> None:
    """Every letter has left."""
    with desk.parts.engine.begin() as connection:
        connection.execute(update(outbox).values(state="sent", sent_at=desk.at))


def erase(desk: SmallDesk, who: str, *more: str, answer: bytes = b"") -> tuple[int, str]:
    ran = run_gateway("customers", "erase", who, *more, config=desk.path, stdin=answer)
    return ran.code, ran.output + ran.errors


async def test_nothing_of_a_person_is_left_but_the_book(
    folder: Path, either_url: str, reader: Reader
) -> None:
    async with small_desk(folder, either_url, reader, "2026-07-06T07:00") as desk:
        await a_desk(desk)
        before = desk.rows(BOOK)

        code, told = erase(desk, "Ann@ACME.example", "--yes")

        assert code == 0, told
        for text in (ANN, "Latvia", "Tax", "Set it so"):
            assert mentions(desk, text) == set(), text
        assert desk.rows(BOOK) == before
        assert run_gateway("credits", "verify", config=desk.path).code == 0
        assert "1 contact" in told
        assert "1 ticket," in told
        assert {"contacts", "tickets", "messages"} <= mentions(desk, BOB)


async def test_a_stranger_goes_with_the_account_that_bore_the_address(
    folder: Path, either_url: str, reader: Reader
) -> None:
    async with small_desk(folder, either_url, reader, "2026-07-06T07:00") as desk:
        await a_desk(desk)

        code, told = erase(desk, STRANGER, "--yes")

        assert code == 0, told
        assert mentions(desk, STRANGER) == mentions(desk, "Quill") == set()
        names = {row.id for row in desk.rows(select(accounts.c.id))}
        assert any(name.startswith("erased-") for name in names)
        assert run_gateway("credits", "verify", config=desk.path).code == 0


async def test_a_stranger_goes_out_of_the_account_that_took_them_over(
    folder: Path, either_url: str, reader: Reader
) -> None:
    async with small_desk(folder, either_url, reader, "2026-07-06T07:00") as desk:
        await a_desk(desk)
        desk.run("customers", "add", "quill", "--contact", STRANGER)

        code, told = erase(desk, STRANGER, "--yes")

        assert code == 0, told
        assert mentions(desk, STRANGER) == set()
        assert run_gateway("credits", "verify", config=desk.path).code == 0


async def test_the_book_is_guarded_again_afterwards(
    folder: Path, either_url: str, reader: Reader
) -> None:
    async with small_desk(folder, either_url, reader, "2026-07-06T07:00") as desk:
        await a_desk(desk)
        erase(desk, ANN, "--yes")

        with pytest.raises(Exception, match="are never changed"):
            run_once(desk.parts.engine, lambda c: c.execute(update(entries).values(amount=1)))


async def test_a_question_is_asked_first(folder: Path, sqlite_url: str, reader: Reader) -> None:
    async with small_desk(folder, sqlite_url, reader, "2026-07-06T07:00") as desk:
        await a_desk(desk)

        code, told = erase(desk, ANN, answer=b"n\n")

        assert (code, "nothing was erased" in told) == (1, True)
        assert mentions(desk, "Latvia")
        assert erase(desk, ANN, answer=b"y\n")[0] == 0


def a_mail(desk: SmallDesk) -> Envelope:
    """The envelope of a mail that just came in."""
    return Envelope(
        queue_id=new_queue_id(desk.at),
        received_at=desk.at,
        reverse_path="",
        forward_paths=(DESK,),
        source="smtp",
    )


async def test_a_mail_that_waits_is_in_the_way(
    folder: Path, sqlite_url: str, reader: Reader
) -> None:
    async with small_desk(folder, sqlite_url, reader, "2026-07-06T07:00") as desk:
        await a_desk(desk)
        envelope = a_mail(desk)
        await desk.parts.spool.put(envelope, b"From: ANN@acme.example\r\n\r\nHello\r\n")

        code, told = erase(desk, ANN, "--yes")

        assert (code, envelope.queue_id in told) == (1, True)
        assert mentions(desk, "Latvia")


@pytest.mark.parametrize(
    ("who", "told"),
    [
        pytest.param("no@body.example", "nothing is known", id="nobody"),
        pytest.param(EVA, "is staff", id="staff"),
        pytest.param(BOB, "close them first", id="an open ticket"),
    ],
)
async def test_what_cannot_be_erased_is_refused(
    folder: Path, sqlite_url: str, reader: Reader, who: str, told: str
) -> None:
    async with small_desk(folder, sqlite_url, reader, "2026-07-06T07:00") as desk:
        await a_desk(desk)

        code, said = erase(desk, who, "--yes")

        assert (code, told in said) == (1, True)
        assert len(desk.rows(select(mails.c.queue_id))) > 3


async def test_a_letter_that_has_not_left_is_in_the_way(
    folder: Path, sqlite_url: str, reader: Reader
) -> None:
    async with small_desk(folder, sqlite_url, reader, "2026-07-06T07:00") as desk:
        await a_desk(desk)
        desk.run("credits", "grant", "acme", "5", "Goodwill")

        code, said = erase(desk, ANN, "--yes")

        assert (code, "still wait" in said) == (1, True)


@pytest.mark.parametrize("shared", [False, True], ids=["theirs alone", "of two"])
async def test_a_large_file_goes_with_them_unless_somebody_else_sent_it_too(
    folder: Path, either_url: str, reader: Reader, *, shared: bool
) -> None:
    block = base64.encodebytes(Random(1).randbytes(30_000)).decode("ascii")
    async with small_desk(folder, either_url, reader, "2026-07-06T07:00") as desk:
        desk.run("customers", "add", "acme", "--contact", BOB)
        await desk.receive(STRANGER, DESK, "Hello", f"See:\n\n{block}", "2026-07-06T08:25")
        told = desk.last("engineer_new_ticket", "dispatch@desk.example")
        await desk.receive(EVA, told["Reply-To"], "Re: Hello", "#close spam", "2026-07-06T08:30")
        if shared:
            await desk.receive(BOB, DESK, "The same", f"See:\n\n{block}", "2026-07-06T08:35")
        await carry(desk)
        assert len(desk.rows(select(files.c.digest))) == 1

        code, output = erase(desk, STRANGER, "--yes")

        assert code == 0, output
        assert len(desk.rows(select(files.c.digest))) == shared
        assert len(desk.rows(select(file_uses.c.holder))) == shared


def letters_of(desk: SmallDesk, who: str, letter: str) -> list[tuple[int, bytes, str]]:
    """Number, bytes and state of letters of a kind to somebody."""
    columns = (outbox.c.id, outbox.c.content, outbox.c.state)
    about = (outbox.c.recipient == who, outbox.c.letter == letter)
    return [(one.id, one.content, one.state) for one in desk.rows(select(*columns).where(*about))]


def set_letters(desk: SmallDesk, who: str, **values: str) -> None:
    with desk.parts.engine.begin() as connection:
        connection.execute(update(outbox).where(outbox.c.recipient == who).values(**values))


async def test_a_letter_to_staff_that_has_not_left_is_in_the_way_too(
    folder: Path, either_url: str, reader: Reader
) -> None:
    async with small_desk(folder, either_url, reader, "2026-07-06T07:00") as desk:
        await a_desk(desk)
        set_letters(desk, "dispatch@desk.example", state="queued")

        code, said = erase(desk, ANN, "--yes")

        assert (code, "still wait" in said) == (1, True)
        assert all(
            content
            for _, content, _ in letters_of(desk, "dispatch@desk.example", "engineer_new_ticket")
        )


async def test_what_was_erased_never_leaves_as_an_empty_letter(
    folder: Path, either_url: str, reader: Reader
) -> None:
    async with small_desk(folder, either_url, reader, "2026-07-06T07:00") as desk:
        await a_desk(desk)
        set_letters(desk, "dispatch@desk.example", state="failed")
        set_letters(desk, EVA, state="withheld", failure="paused: 550 no such user")
        number = letters_of(desk, "dispatch@desk.example", "engineer_new_ticket")[0][0]
        code, said = erase(desk, ANN, "--yes")
        assert code == 0, said

        tried = run_gateway("outbox", "retry", str(number), config=desk.path)
        ended = ResumeLetters(scope="address", key=EVA)
        run_once(desk.parts.engine, lambda c: carry_out(c, ended))

        assert tried.code == 1
        waits = select(outbox.c.id).where(outbox.c.state == "queued", outbox.c.content == b"")
        assert desk.rows(waits) == []


async def replied(desk: SmallDesk, text: str, extra: str = "") -> None:
    """Ann writes in an open ticket of Bob's, as a contact of the same account."""
    desk.run("customers", "add", "acme", "--contact", ANN, "--contact", BOB)
    await desk.receive(BOB, DESK, "Tolls", "Another matter of Bob's.", "2026-07-06T08:00")
    told = desk.last("ticket_received", BOB)
    await desk.receive(ANN, told["Reply-To"], "Re: Tolls", f"{text}{extra}", "2026-07-06T08:05")
    await carry(desk)


async def test_a_reply_in_the_ticket_of_somebody_else_goes_with_its_file(
    folder: Path, either_url: str, reader: Reader
) -> None:
    block = base64.encodebytes(Random(1).randbytes(30_000)).decode("ascii")
    async with small_desk(folder, either_url, reader, "2026-07-06T07:00") as desk:
        await replied(desk, "Peanuts make me ill.", f"\n\n{block}")
        assert "outbox" in mentions(desk, "Peanuts")

        code, said = erase(desk, ANN, "--yes")

        assert code == 0, said
        assert mentions(desk, "Peanuts") == mentions(desk, "@" + ANN) == set()
        assert desk.rows(select(files.c.digest)) == []
        assert desk.rows(select(tickets.c.last_text, tickets.c.last_mail_id)) == [("", "")]
        (bobs,) = letters_of(desk, BOB, "ticket_received")
        assert bobs[1]


async def test_what_was_split_off_from_a_reply_goes(
    folder: Path, either_url: str, reader: Reader
) -> None:
    async with small_desk(folder, either_url, reader, "2026-07-06T07:00") as desk:
        await replied(desk, "new ticket: Latvian VAT, quite another thing altogether")
        assert {"tickets", "split_examples", "outbox"} <= mentions(desk, "Latvian")
        with desk.parts.engine.begin() as connection:
            theirs = update(tickets).where(tickets.c.requester == ANN)
            connection.execute(theirs.values(status="closed", closed_at=desk.at))

        code, said = erase(desk, ANN, "--yes")

        assert code == 0, said
        assert mentions(desk, "Latvian") == set()
        assert "tickets" in mentions(desk, "Tolls")


async def test_what_rows_say_of_a_mail_goes_and_the_mail_is_known_again(
    folder: Path, either_url: str, reader: Reader
) -> None:
    async with small_desk(folder, either_url, reader, "2026-07-06T07:00") as desk:
        await a_desk(desk)
        (kept,) = desk.rows(select(mails).where(mails.c.sender == ANN, mails.c.subject == "Tax"))
        said = update(mails).where(mails.c.queue_id == kept.queue_id)
        with desk.parts.engine.begin() as connection:
            connection.execute(said.values(reasons=["a file: Quillfeather.png"]))
            details = {"reasons": ["a file: Quillfeather.png"], "changes": []}
            noted = {"at": desk.at, "event": kept.queue_id, "what": "request", "details": details}
            connection.execute(insert(audit), noted)
        raw = run_once(desk.parts.engine, lambda c: raw_of(c, kept.queue_id))
        assert raw

        erase(desk, ANN, "--yes")

        assert mentions(desk, "Quillfeather") == mentions(desk, kept.message_id) == set()
        (row,) = desk.rows(select(mails).where(mails.c.queue_id == kept.queue_id))
        assert row.dedupe_key == erased_key(kept.dedupe_key)
        again = a_mail(desk)
        await desk.parts.spool.put(again, raw)
        await desk.parts.intake.take_waiting()
        taken = select(mails.c.disposition).where(mails.c.queue_id == again.queue_id)
        assert desk.rows(taken) == [("duplicate",)]


async def test_an_address_that_ends_like_theirs_stays_and_theirs_goes_in_any_case(
    folder: Path, either_url: str, reader: Reader
) -> None:
    longer = ("joann@acme.example", "mary-ann@acme.example", "ann@acme.example.org")
    async with small_desk(folder, either_url, reader, "2026-07-06T07:00") as desk:
        await a_desk(desk)
        for order in (*longer, "of:Ann@Acme.example", f"of:{ANN}"):
            desk.run("customers", "website", "acme", "--order", order)
        await carry(desk)
        said = f"550 <{longer[0]}> and <Ann@Acme.example> are unknown"
        set_letters(desk, BOB, failure=said)
        before = [mentions(desk, one) for one in longer]

        code, told = erase(desk, ANN, "--yes")

        assert code == 0, told
        assert [mentions(desk, one) for one in longer] == before
        assert mentions(desk, "<Ann@") == mentions(desk, "of:Ann@") == set()
        assert run_gateway("credits", "verify", config=desk.path).code == 0
