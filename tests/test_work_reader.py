"""The reading process: killed by what costs too much, never by a busy machine."""

import asyncio
import io
import os
import pickle
import signal

import pytest
from acting.stage import NOW

from gateway.mail.message import Envelope
from gateway.work.reader import OurValues, Read, Reader, TookTooLong

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENVELOPE = Envelope(queue_id="q", received_at=NOW)
ORDINARY = b"Subject: Tax\r\nFrom: kim@newco.example\r\n\r\nHow do I set up VAT?\r\n"
COSTLY = b"Subject: x\r\nContent-Type: text/html\r\n\r\n" + b"<p>a <b>b</b>\r\n" * 100_000


async def test_a_mail_that_costs_too_much_is_given_up_at_once_and_the_next_is_read() -> None:
    reader = Reader(seconds=0.01)
    with pytest.raises(TookTooLong):
        await reader.read(COSTLY, ENVELOPE)

    read = await reader.read(ORDINARY, ENVELOPE)

    assert read.mail.subject == "Tax"
    await reader.close()


def envelope(queue_id: str) -> Envelope:
    return Envelope(queue_id=queue_id, received_at=NOW)


async def test_a_mail_that_kills_its_reader_costs_those_around_it_nothing() -> None:
    reader = Reader(seconds=0.01)
    await reader.read(ORDINARY, ENVELOPE)
    raws = {"a": ORDINARY, "b": COSTLY, "c": ORDINARY, "d": ORDINARY}

    answers = await asyncio.gather(
        *(reader.read(raw, envelope(name)) for name, raw in raws.items()), return_exceptions=True
    )

    assert isinstance(answers[1], TookTooLong)
    read = [one.mail.envelope.queue_id for one in answers if isinstance(one, Read)]
    assert read == ["a", "c", "d"]
    await reader.close()


async def test_an_answer_that_nobody_waits_for_any_more_is_given_to_nobody_else() -> None:
    reader = Reader()
    await reader.read(ORDINARY, ENVELOPE)
    first = asyncio.create_task(reader.read(ORDINARY, envelope("a")))
    given_up = asyncio.create_task(reader.read(ORDINARY, envelope("b")))
    last = asyncio.create_task(reader.read(ORDINARY, envelope("c")))
    await asyncio.sleep(0)

    given_up.cancel()

    assert (await first).mail.envelope.queue_id == "a"
    assert (await last).mail.envelope.queue_id == "c"
    await reader.close()


async def test_a_machine_that_stands_still_makes_no_mail_look_hostile() -> None:
    reader = Reader(seconds=0.05)
    await reader.read(ORDINARY, ENVELOPE)
    process = await reader._running()
    process.send_signal(signal.SIGSTOP)
    asyncio.get_running_loop().call_later(0.3, process.send_signal, signal.SIGCONT)

    read = await reader.read(ORDINARY, ENVELOPE)

    assert read.mail.subject == "Tax"
    await reader.close()


async def test_an_answer_that_is_no_value_of_ours_is_refused(reader: Reader) -> None:
    with pytest.raises(pickle.UnpicklingError):
        OurValues(io.BytesIO(pickle.dumps(os.system))).load()

    read = await reader.read(ORDINARY, ENVELOPE)
    assert isinstance(OurValues(io.BytesIO(pickle.dumps(read, protocol=5))).load(), Read)


async def test_what_was_begun_while_it_was_kept_is_there_at_once(reader: Reader) -> None:
    await reader.read(ORDINARY, ENVELOPE)
    reader.begin(envelope("a"), ORDINARY)
    other = await reader.read(ORDINARY, envelope("b"))
    assert reader._begun
    await asyncio.wait([reader._begun[1]])
    process = await reader._running()
    process.send_signal(signal.SIGSTOP)

    read = await reader.read(ORDINARY, envelope("a"))

    process.send_signal(signal.SIGCONT)
    assert [one.mail.envelope.queue_id for one in (other, read)] == ["b", "a"]


async def test_a_mail_that_is_asked_for_again_is_read_again(reader: Reader) -> None:
    await reader.read(ORDINARY, ENVELOPE)
    reader.begin(envelope("a"), ORDINARY)

    first = await reader.read(ORDINARY, envelope("a"))
    again = await reader.read(ORDINARY, envelope("a"))

    assert first == again
    assert first is not again


async def test_a_process_that_died_before_anybody_asked_costs_no_try(reader: Reader) -> None:
    await reader.read(ORDINARY, ENVELOPE)
    reader.begin(envelope("a"), ORDINARY)
    (await reader._running()).kill()

    read = await reader.read(ORDINARY, envelope("a"))

    assert read.mail.envelope.queue_id == "a"


async def test_what_was_begun_and_took_too_long_is_told_and_the_next_is_read(
    reader: Reader,
) -> None:
    # Given a process whose time runs out over a mail that nobody has asked for yet
    await reader.read(ORDINARY, ENVELOPE)
    process = await reader._running()
    process.send_signal(signal.SIGSTOP)
    reader.begin(envelope("costly"), ORDINARY)
    process.send_signal(signal.SIGPROF)
    process.send_signal(signal.SIGCONT)

    with pytest.raises(TookTooLong):
        await reader.read(ORDINARY, envelope("costly"))

    assert (await reader.read(ORDINARY, envelope("b"))).mail.subject == "Tax"


@pytest.mark.parametrize(
    "raw", [pytest.param(ORDINARY, id="another"), pytest.param(COSTLY, id="too large")]
)
async def test_nothing_is_begun_where_it_would_be_in_the_way(reader: Reader, raw: bytes) -> None:
    await reader.read(ORDINARY, ENVELOPE)
    if raw is ORDINARY:
        reader.begin(envelope("first"), ORDINARY)
        await asyncio.sleep(0)
    reader.begin(envelope("a"), raw)

    assert reader._begun is None or reader._begun[0] == "first"
