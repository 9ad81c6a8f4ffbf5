"""Plain text of letters: wrapped where it is ours, untouched where it is somebody else's."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from letter_desk import LANGUAGES, letters_in

from gateway.letters.marks import (
    FIGURE,
    NUMBER,
    QUOTED,
    SAID,
    TEXT,
    Marks,
    Said,
    Value,
    mark_pattern,
)
from gateway.letters.text import COLUMNS, lay_out, set_text, wrap

NONCE = "n0nce"
MARK = mark_pattern(NONCE)


def set_in_text(markdown: str, *values: Value) -> str:
    return set_text(lay_out(markdown, MARK), values)


def mark(kind: str, index: int = 0) -> str:
    return f"\ue000{NONCE}{kind}{index}\ue001"


def test_paragraphs_are_wrapped_at_72_columns() -> None:
    lines = set_in_text("word " * 40).split("\n")

    assert max(map(len, lines)) <= COLUMNS
    assert " ".join(lines).split() == ["word"] * 40


def test_what_somebody_wrote_is_never_wrapped() -> None:
    theirs = "x" * 200 + "\n  indented\n- not a list\n\n\n    not a table"

    text = set_in_text(f"Ours:\n\n{mark(SAID)}\n\nOurs again.\n", Said(theirs))

    assert text == f"Ours:\n\n{theirs}\n\nOurs again.\n"


def test_spaces_at_the_ends_of_their_lines_are_left_out() -> None:
    assert set_in_text(mark(SAID), Said("a  \nb\t\n\x00c ")) == "a\nb\nc\n"


def test_quoted_lines_carry_their_mark() -> None:
    assert set_in_text(mark(QUOTED), Said("a\n\nb", quoted=True)) == "> a\n>\n> b\n"


@pytest.mark.parametrize(
    ("theirs", "wanted"),
    [
        pytest.param(
            "word " * 20, ["> " + " ".join(["word"] * 14), "> " + "word " * 6], id="words"
        ),
        pytest.param(
            "see " + "x" * 90 + " there", ["> see", "> " + "x" * 90, "> there"], id="an address"
        ),
        pytest.param(
            "> > " + "old " * 20,
            ["> > > " + " ".join(["old"] * 16), "> > > " + " ".join(["old"] * 4)],
            id="a quotation in it",
        ),
        pytest.param(
            "    " + "code " * 20,
            [">     " + " ".join(["code"] * 13), ">     " + " ".join(["code"] * 7)],
            id="an indent",
        ),
        pytest.param(">" * 90, ["> " + ">" * 90], id="nothing but marks"),
        pytest.param("#close " + "word " * 20, ["> #close " + "word " * 20], id="a command"),
    ],
)
def test_a_long_quoted_line_is_wrapped_below_its_mark(theirs: str, wanted: list[str]) -> None:
    made = set_in_text(mark(QUOTED), Said(theirs, quoted=True))

    assert made.splitlines() == [line.rstrip() for line in wanted]


@given(st.text(alphabet="ab> \t#\n\u00a0", max_size=400))
def test_quoting_loses_no_word_and_breaks_none(theirs: str) -> None:
    made = set_in_text(mark(QUOTED), Said(f"a{theirs}", quoted=True)).splitlines()

    assert all(line.startswith(">") for line in made)
    assert [word for line in made for word in line.split() if set(word) != {">"}] == [
        word for word in f"a{theirs}".split() if set(word) != {">"}
    ]


def test_a_value_within_a_line_stays_on_it() -> None:
    text = set_in_text(f"Reason: {mark(TEXT)}.", "one\n\nconfirm\r\n\u2028    table\x00")

    assert text == "Reason: one confirm table.\n"


def test_a_name_that_runs_from_right_to_left_turns_nothing_else() -> None:
    text = set_in_text(f"{mark(TEXT)} wrote in T-1001.", "\u202eדני")

    assert text == "\u2068דני\u2069 wrote in T-1001.\n"


def test_items_of_a_list_hang() -> None:
    lines = set_in_text(f"- {'word ' * 40}\n- short\n").strip().split("\n")

    assert [line[:2] for line in lines] == ["- ", "  ", "  ", "- "]


def test_cells_of_a_table_stand_below_each_other() -> None:
    rows = f"    Category:  2\n    Note of the engineer:  {mark(TEXT)}\n"

    assert set_in_text(rows, "fine").split("\n") == [
        "    Category:              2",
        "    Note of the engineer:  fine",
        "",
    ]


def test_columns_of_numbers_are_flush_right() -> None:
    rows = f"    {mark(FIGURE)}  {mark(NUMBER, 1)}\n    {mark(FIGURE, 2)}  {mark(NUMBER, 3)}\n"

    assert set_in_text(rows, "5 credits", "7", "10 credits", "40") == (
        "     5 credits   7\n    10 credits  40\n"
    )


def test_a_long_cell_is_wrapped_below_itself() -> None:
    lines = set_in_text(f"    Reason:  {mark(TEXT)}\n", "word " * 30).split("\n")

    assert max(map(len, lines)) <= COLUMNS
    assert {line[:13] for line in lines[1:-1]} == {" " * 13}


def test_marks_that_do_not_read_well_are_dropped() -> None:
    text = set_in_text("## Hello\n\n**Now** `or` [never](https://x.example): <https://y.example>")

    assert text == "HELLO\n\nNow or never <https://x.example>: https://y.example\n"


def test_a_no_break_space_holds_its_words_together() -> None:
    assert wrap("aaa b\u00a0b", columns=5) == ["aaa", "b\u00a0b"]


@given(st.text(max_size=60))
def test_no_value_is_taken_for_a_mark(text: str) -> None:
    marks = Marks(NONCE, str, str)
    made = set_in_text(f"<{marks.take(text)}|{marks.take(1)}>", *marks.values)

    assert made.count("|1>") == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_can_be_read_at_72_columns(language: str) -> None:
    for seen in letters_in(language):
        ours = [line for line in seen.text.split("\n") if not line.startswith(("> #", "support+"))]

        assert max(map(len, ours)) <= COLUMNS, seen.name
        assert "\n\n\n" not in seen.text, seen.name
        assert "**" not in seen.text, seen.name
        assert not any(line != line.rstrip() for line in ours if line != "-- "), seen.name


@pytest.mark.parametrize("piece", ["word ", "x", "ä", "\u05d0 "])
def test_wrapping_is_linear_in_a_hostile_line(piece: str) -> None:
    def seconds(size: int) -> float:
        line = piece * (size // len(piece))
        started = time.process_time()
        wrap(line)
        return time.process_time() - started

    seconds(1_000)
    short, long = seconds(200_000), seconds(1_600_000)

    assert long < 16 * short + 0.2
