"""What the extra `topic` learns from the mails of a desk."""

import pytest

from gateway.work.topic_model import FEWEST_MAILS, learn_meaning

pytest.importorskip("sklearn", reason="the extra `topic` is not installed")

LETTERS = "abcdefghijklmnopqrstuvwxyz"
MAILS = [
    f"{trade} {first}{second}{first}{second}"
    for trade in ("printer toner cartridge", "invoice taxes customs")
    for first in LETTERS
    for second in LETTERS[:20]
]
"""Mails of two trades which share no word of theirs, each with a word of its own."""


def test_words_of_the_same_mails_mean_much_the_same() -> None:
    # when
    meaning = learn_meaning(MAILS)

    # then
    assert meaning is not None
    near = meaning.alike({"toner": 1}, {"cartr": 2})
    far = meaning.alike({"toner": 1}, {"custo": 1})
    assert near > 0.5 > far


def test_a_word_nobody_knows_means_nothing() -> None:
    meaning = learn_meaning(MAILS)

    assert meaning is not None
    assert meaning.alike({"never": 1}, {"print": 1}) == 0.0
    assert meaning.alike({}, {}) == 0.0


def test_the_same_mails_teach_the_same() -> None:
    assert learn_meaning(MAILS) == learn_meaning(iter(MAILS))


def test_too_few_mails_teach_nothing() -> None:
    assert learn_meaning(MAILS[: FEWEST_MAILS - 1]) is None
    assert learn_meaning([]) is None
