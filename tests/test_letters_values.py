"""What templates may name: each name has a value, and each value is the letter's own."""

from dataclasses import replace

import pytest
from jinja2 import Environment, meta
from letter_desk import KEYS, LANGUAGES, shipped_policy

from gateway.letters.context import Words
from gateway.letters.sample import Sample
from gateway.letters.sample_all import CUSTOMER_SAMPLES, SAMPLES
from gateway.letters.shelf import FRAME
from gateway.letters.tongue import ENGLISH, Tongue
from gateway.letters.values import Told, Values
from gateway.settings.places import built_in

OF_ALL_LETTERS = {"quote", "verbatim"}


def values_of(sample: Sample, **changes: object) -> Values:
    return Values(
        Told(
            letter=replace(sample.letter, **changes),  # type: ignore[arg-type]  # fields by name
            frame=sample.frame,
            reply_to="support+token@desk.example",
            words=Words(shipped_policy(), Tongue(ENGLISH, ())),
            keys=KEYS,
        )
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_name_in_a_template_has_a_value(language: str) -> None:
    reader = Environment(autoescape=True)
    reader.filters |= dict.fromkeys(("figure", "signed"), str)
    frame = sorted((built_in("templates") / FRAME).glob("*.md"))
    for name, samples in (SAMPLES if language == ENGLISH else CUSTOMER_SAMPLES).items():
        for path in (built_in("templates") / language / f"{name}.md", *frame):
            tree = reader.parse(path.read_text(encoding="utf-8"))
            names = meta.find_undeclared_variables(tree) - OF_ALL_LETTERS

            for one in names:
                assert any(one in values_of(sample) for sample in samples), (path, one)


def test_what_a_decision_tells_hides_no_value_of_all_letters() -> None:
    sample = CUSTOMER_SAMPLES["ticket_received"][0]

    values = values_of(sample, values={"recipient": "somebody else", "why": "a reason"})

    assert values["recipient"] == sample.letter.to
    assert values["why"] == "a reason"


def test_an_order_has_the_number_that_was_drawn_for_it() -> None:
    sample = next(one for some in SAMPLES.values() for one in some if one.letter.order)
    drawn = replace(sample, frame=replace(sample.frame, order_number=4711))

    assert values_of(drawn)["order"]["label"] == "P-4711"


def test_only_staff_have_addresses_for_notes_and_for_closing() -> None:
    of_customer = values_of(CUSTOMER_SAMPLES["ticket_received"][0])
    of_staff = values_of(SAMPLES["engineer_new_ticket"][0])

    for name in ("note_address", "done_address"):
        assert of_customer[name] == ""
        assert of_staff[name].endswith("@desk.example")
