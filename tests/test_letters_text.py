"""Plain text of letters: wrapped where it is ours, untouched where it is somebody else's."""

from gateway.letters.text import plain_source, reflow, verbatim

LONG = "word " * 40


def test_paragraphs_are_wrapped_at_72_columns() -> None:
    assert max(map(len, reflow(LONG).split("\n"))) <= 72


def test_what_somebody_wrote_is_never_wrapped() -> None:
    theirs = "x" * 200 + "\n  indented\n- not a list"

    text = reflow(f"Ours:\n\n{verbatim(theirs)}\n\nOurs again.\n")

    assert theirs in text


def test_quoted_lines_carry_their_mark() -> None:
    assert reflow(verbatim("a\n\nb", "> ")) == "> a\n>\n> b\n"


def test_items_of_a_list_hang() -> None:
    lines = reflow(f"- {LONG}\n- short\n").strip().split("\n")

    assert [line[:2] for line in lines] == ["- ", "  ", "  ", "- "]


def test_tables_are_left_alone() -> None:
    table = "    Category:   2\n    Price:      10 credits\n"

    assert table in reflow(f"Before.\n\n{table}\nAfter.")


def test_marks_that_do_not_read_well_are_dropped() -> None:
    assert plain_source("## Hello\n**Now** <https://x.example>") == "HELLO\nNow https://x.example"
