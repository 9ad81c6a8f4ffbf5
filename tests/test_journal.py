"""The diary: one line an event, and listeners that hear it whatever the diary shows."""

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from gateway import journal


@pytest.fixture
def diary() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    journal.start(form="json", level="warning", stream=stream)
    yield stream
    journal.silent()


def test_an_event_is_one_line_with_its_fields(diary: io.StringIO) -> None:
    journal.warn("held", queue_id="q1", reason="two lines\nof text")

    (line,) = diary.getvalue().splitlines()
    told = json.loads(line)
    assert (told["event"], told["queue_id"], told["level"]) == ("held", "q1", "warning")


def test_a_line_is_written_whole_because_processes_share_the_stream() -> None:
    pieces: list[str] = []

    class Stream(io.StringIO):
        def write(self, text: str) -> int:
            pieces.append(text)
            return len(text)

    journal.start(form="json", level="warning", stream=Stream())
    journal.warn("held", queue_id="q1")
    journal.silent()

    (piece,) = pieces
    assert json.loads(piece)["event"] == "held"
    assert piece.endswith("\n")


def test_a_listener_hears_what_the_diary_leaves_out(diary: io.StringIO) -> None:
    heard: list[tuple[str, Mapping[str, Any]]] = []

    leave = journal.follow(lambda event, fields: heard.append((event, fields)))
    journal.note("accepted", size=7)
    leave()
    journal.note("accepted", size=8)

    assert heard == [("accepted", {"size": 7})]
    assert diary.getvalue() == ""
