"""`gateway split`: answers for labelled replies, how good they are, and a help that teaches."""

import json
from pathlib import Path

import pytest
from acting.operator import run_gateway, run_process
from desks import write_desk

TICKET = {
    "subject": "VAT for one country",
    "opening": "Hello,\nthe shop adds the wrong VAT to every order from Spain. In the tax settings"
    " I see a rate for Germany only. Where can I add a tax rate for one country?",
}
OPENS_ANEW = (
    "Hello,\n\nI would like to send a newsletter to all customers who bought shoes last month. How"
    " can I export their email addresses to a CSV file, and is there a limit of rows per export?"
    "\n\nThanks in advance"
)
GOES_ON = "Thanks. Which VAT rate do I choose in the tax settings for the country Spain?"


def write_pairs(path: Path, *pairs: dict[str, object]) -> str:
    path.write_text("".join(f"{json.dumps(TICKET | pair)}\n" for pair in pairs), "utf-8")
    return str(path)


def test_score_answers_each_pair_on_a_line(tmp_path: Path) -> None:
    # given
    file = write_pairs(
        tmp_path / "pairs.jsonl", {"id": "a", "reply": OPENS_ANEW}, {"id": "b", "reply": GOES_ON}
    )

    # when
    anew, goes_on = run_gateway("split", "score", "--json", file).rows()

    # then
    assert (anew["id"], goes_on["id"]) == ("a", "b")
    assert set(anew) == {"id", "score", "split", "words"}
    assert anew["split"] is True
    assert goes_on["split"] is False
    assert 0 <= goes_on["score"] < 0.5 < anew["score"] <= 1
    assert "newsletter" in anew["words"]["for"]
    assert "spain" in goes_on["words"]["against"]


@pytest.mark.parametrize(
    "pair",
    [
        pytest.param({}, id="nothing in it"),
        pytest.param({"id": 7, "subject": None, "opening": None, "reply": ""}, id="empty"),
        pytest.param({"reply": "> only\n> a quote"}, id="only a quote"),
        pytest.param({"reply": "word " * 200_000}, id="a megabyte"),
        pytest.param({"reply": "int main(void) { return 0; }\n" * 20}, id="only code"),
        pytest.param({"reply": "2026-07-08 12:00:01 ERROR x\n" * 20}, id="only a log"),
    ],
)
def test_score_splits_nothing_that_cannot_be_judged(
    tmp_path: Path, pair: dict[str, object]
) -> None:
    ran = run_gateway("split", "score", "--json", write_pairs(tmp_path / "pairs.jsonl", pair))

    assert ran.code == 0
    assert ran.json()["split"] is False


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        pytest.param("[1]", "pairs.jsonl:1: write one JSON object a line", id="a list"),
        pytest.param("\n{", "pairs.jsonl:2: write one JSON object a line", id="no JSON"),
    ],
)
def test_a_line_that_is_no_pair_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text(line, "utf-8")

    ran = run_gateway("split", "score", str(file))

    assert ran.code == 1
    assert complaint in ran.errors


def test_evaluate_prints_precision_and_recall_and_the_better_threshold(tmp_path: Path) -> None:
    # given 12 replies about something else and 12 that belong
    pairs = [{"reply": OPENS_ANEW, "label": 1}] * 12 + [{"reply": GOES_ON, "label": 0}] * 12
    file = write_pairs(tmp_path / "pairs.jsonl", *pairs)

    # when a threshold is in force that nothing reaches
    rows = run_gateway("split", "evaluate", file, "--threshold", "1", "--json").rows()

    # then it finds nothing, and the table names one that finds all
    by_note = {row["note"]: row for row in rows if row["note"]}
    assert by_note["in force"]["recall"] == 0
    assert by_note["in force"]["precision"] is None
    assert by_note["finds most at 0.97"]["recall"] == 1
    assert by_note["finds most at 0.97"]["precision"] == 1


def test_evaluate_needs_a_label(tmp_path: Path) -> None:
    ran = run_gateway("split", "evaluate", write_pairs(tmp_path / "p.jsonl", {"reply": GOES_ON}))

    assert ran.code == 1
    assert "no labelled replies" in ran.errors


def test_the_help_teaches_what_a_pair_is() -> None:
    ran = run_process("split", "score", "--help")

    words = " ".join(ran.output.split())
    assert ran.code == 0
    assert max(map(len, ran.output.splitlines())) <= 80
    for part in ("subject, opening", "label is 1 where", "Needs no settings", "--model"):
        assert part in words


def test_evaluate_says_where_people_labelled_nothing_yet(tmp_path: Path) -> None:
    ran = run_gateway("split", "evaluate", config=write_desk(tmp_path))

    assert ran.code == 1
    assert "the desk's own examples: nothing labelled yet" in ran.errors
