"""The report of a real desk: what the database tells, and the weekly letter to leads."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from acting.stage import Stage, instant

from gateway.desk.figures import Figures
from gateway.work.reader import Reader
from gateway.work.reporting import count, due_since

pytest.importorskip("PIL.Image", reason="Pillow is a dependency; sync the environment")
pytestmark = pytest.mark.asyncio(loop_scope="module")
MONDAY = instant("2026-07-06T08:00:00Z")
META = yaml.load(
    (Path(__file__).parent / "scenarios" / "scenarios.yaml").read_text(encoding="utf-8"),
    Loader=yaml.CSafeLoader,
)["meta"]
LEADS = {"report.weekday": "mon"}
WEEK = (date(2026, 7, 6), date(2026, 7, 12))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reader() -> AsyncIterator[Reader]:
    reader = Reader()
    yield reader
    await reader.close()


@pytest_asyncio.fixture(loop_scope="module")
async def stage(tmp_path: Path, either_url: str, reader: Reader) -> AsyncIterator[Stage]:
    made = Stage(tmp_path, either_url, META, LEADS, MONDAY, reader)
    await made.open()
    yield made
    await made.close()


async def ask(stage: Stage, number: int, tag: str = "") -> None:
    raw = (
        f"From: kim@newco.example\r\nTo: support@desk.example\r\nSubject: {tag}Tax {number}\r\n"
        f"Message-ID: <m{number}@newco.example>\r\n\r\nHow do I set up VAT?\r\n"
    )
    await stage.receive(
        raw.encode(),
        stage.clock.at,
        reverse_path="kim@newco.example",
        forward_paths=("support@desk.example",),
    )
    await stage.send()


async def answer(stage: Stage, event: str) -> None:
    """Eva answers the last letter of a kind with a price that is free of charge."""
    letters = [one for one in stage.smarthost.taken if one.event == event]
    letter = letters[-1]
    raw = (
        f"From: {META['people']['staff']['engineer'][0]}\r\nTo: {letter.mail['Reply-To']}\r\n"
        f"Subject: Re: {letter.mail['Subject']}\r\nMessage-ID: <a{len(letters)}@desk.example>\r\n"
        f"In-Reply-To: {letter.mail['Message-ID']}\r\n\r\n#free goodwill\r\nOpen Settings.\r\n"
    )
    await stage.receive(
        raw.encode(),
        stage.clock.at,
        reverse_path="eva@desk.example",
        forward_paths=(letter.mail["Reply-To"],),
    )
    await stage.send()


def look(stage: Stage, period: tuple[date, date] = WEEK) -> Figures:
    parts = stage.parts
    found: Figures = stage.query(lambda c: count(c, parts.desk, parts.spool, period))
    return found


def letters_of(stage: Stage) -> list[Any]:
    return [one for one in stage.smarthost.taken if one.event == "desk_report"]


async def test_figures_of_a_desk_are_what_happened(stage: Stage) -> None:
    await ask(stage, 1)
    await ask(stage, 2)
    stage.clock.at += timedelta(hours=3)
    await answer(stage, "engineer_new_ticket")
    stage.clock.at += timedelta(days=2)
    await stage.ring()

    found = look(stage)

    assert (found.total.mails, found.total.opened, found.open_now) == (3, 2, 2)
    assert (found.total.kept, found.total.missed, found.overdue_now) == (1, 1, 1)
    assert dict(found.hours)[4] == 1
    assert [one.account for one in found.accounts] == ["kim@newco.example"]


async def test_a_first_response_counts_before_its_promise_is_due(stage: Stage) -> None:
    await ask(stage, 1)
    stage.clock.at += timedelta(hours=1)
    await answer(stage, "engineer_new_ticket")
    today = stage.parts.desk.policy.calendar.day_of(stage.clock.at)

    found = look(stage, (today, today))

    assert (found.total.kept, found.total.missed) == (1, 0)


async def test_other_weeks_have_nothing_of_it(stage: Stage) -> None:
    await ask(stage, 1)

    found = look(stage, (date(2026, 6, 1), date(2026, 6, 30)))

    assert (found.total.mails, found.total.opened) == (0, 0)
    assert found.open_now == 1


async def test_leads_get_the_report_once_on_the_day_they_chose(stage: Stage) -> None:
    stage.clock.at = instant("2026-07-13T04:59:00Z")
    before = await stage.parts.reporter.send_due()
    stage.clock.at = instant("2026-07-13T05:00:00Z")
    sent = [await stage.parts.reporter.send_due() for _ in range(2)]
    await stage.stop()
    await stage.start()
    again = await stage.parts.reporter.send_due()
    await stage.send()

    assert (before, sent, again) == (0, [1, 0], 0)
    (letter,) = letters_of(stage)
    assert letter.recipient == META["people"]["staff"]["lead"]


async def test_the_letter_is_complete_as_text_and_shows_its_plots(stage: Stage) -> None:
    await ask(stage, 1)
    stage.clock.at = instant("2026-07-13T05:00:00Z")
    await stage.parts.reporter.send_due()
    await stage.send()

    (letter,) = letters_of(stage)
    mail = letter.mail
    assert "2026-07-06 to 2026-07-12" in mail["Subject"]
    assert "Tickets in / out" in mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    pictures = [one for one in mail.walk() if one.get_content_type() == "image/png"]
    assert len(pictures) == 5
    for picture in pictures:
        assert f"cid:{picture['Content-ID'].strip('<>')}" in html


async def test_a_desk_that_was_down_for_long_sends_no_old_report(stage: Stage) -> None:
    policy = stage.parts.desk.policy

    assert due_since(policy, instant("2026-07-14T20:00:00Z")) is not None
    assert due_since(policy, instant("2026-07-15T20:00:00Z")) is None
