"""The examples of letters are what the rules of the desk really pass, and every letter has some."""

import ast
from dataclasses import replace

import pytest
from letter_desk import ROOT, desk_writer

from gateway.letters.sample_all import SAMPLES
from gateway.letters.shelf import Shelf
from gateway.settings.places import built_in

OWN = {
    *("self", "letter", "to", "ticket", "thread", "order", "assessment", "copy_of"),
    "with_attachments",
}
"""Parameters of the draft's own; everything else is a value of the letter."""


def passed() -> dict[str, list[frozenset[str]]]:
    """The names of the values at every place of the core where a letter is sent."""
    found: dict[str, list[frozenset[str]]] = {}
    for path in (ROOT / "gateway" / "desk").glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
                continue
            if call.func.attr not in ("to_customer", "to_requester", "to_staff", "to_operator"):
                continue
            own = OWN | ({"writer"} if call.func.attr == "to_requester" else set())
            names = frozenset(one.arg for one in call.keywords if one.arg) - own
            if any(one.arg is None for one in call.keywords) or not call.args:
                continue
            for letter in ast.walk(call.args[0]):
                if isinstance(letter, ast.Constant) and letter.value in SAMPLES:
                    found.setdefault(letter.value, []).append(names)
    return found


PASSED = passed()


def test_every_letter_has_examples_and_every_example_a_letter() -> None:
    assert sorted(SAMPLES) == Shelf(built_in("templates")).names()


@pytest.mark.parametrize("name", PASSED)
def test_examples_hold_what_the_rules_pass(name: str) -> None:
    examples = {frozenset(sample.letter.values) for sample in SAMPLES[name]}

    assert examples <= set(PASSED[name])


@pytest.mark.parametrize("name", PASSED)
def test_a_letter_needs_no_more_than_every_rule_passes(name: str) -> None:
    first, *_ = SAMPLES[name]
    for names in PASSED[name]:
        # Letters of several kinds (`what`) have an example of each, with the values of its kind.
        same = [one for one in SAMPLES[name] if frozenset(one.letter.values) == names]
        sample = same[0] if same and "what" in names else first
        values = {key: value for key, value in sample.letter.values.items() if key in names}

        assert desk_writer().write(replace(sample.letter, values=values), sample.frame).content


def test_most_letters_were_found_in_the_rules() -> None:
    # Those that are missing are chosen by a variable: receipts, answers, warnings.
    assert len(set(SAMPLES) - set(PASSED)) <= 10
