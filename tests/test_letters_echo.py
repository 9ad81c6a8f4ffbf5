"""No letter commands anything when it comes back, however a mail program quotes it (rule M6)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from letter_desk import LANGUAGES, Seen, letters_in
from mail_builders import read
from reply_styles import STYLES

from gateway.desk.commands import Command, Verb, read_commands
from gateway.desk.control import ControlBlock, read_control
from gateway.desk.decision import Audience
from gateway.mail.quote import command_text

PROSE = "Thank you, I will have a look at it tomorrow."
LOST = ("lost", "lost-html")
"""Styles in which nothing tells the letter from the reply: our own words come first there."""
ONE_OF_EACH = {seen.sample.letter.letter: seen for seen in reversed(letters_in("en"))}.values()
OWN_LINES = st.sampled_from(
    ["", "Hello,", PROSE, "Is that the price for both shops?", "1. yes", "> no", "Ann Miller"]
)
OWN = st.lists(OWN_LINES, max_size=5).map("\n".join)


def commands_of(raw: bytes) -> tuple[Command, ...]:
    """What a mail asks for as a customer's."""
    mail = read(raw)
    return read_commands(command_text(mail.new_text, mail.originator.name)).commands


def control_of(raw: bytes) -> ControlBlock:
    """What a mail asks for as one of staff."""
    return read_control(read(raw).new_text)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_quoted_letter_commands_nothing(language: str, style: str) -> None:
    for seen in letters_in(language):
        raw = STYLES[style](seen, "")
        control = control_of(raw)

        assert commands_of(raw) == (), seen.name
        assert (control.commands, control.refusals) == ((), ()), seen.name


@pytest.mark.parametrize("style", STYLES)
def test_a_reply_that_confirms_says_only_that(style: str) -> None:
    for seen in ONE_OF_EACH:
        assert commands_of(STYLES[style](seen, "confirm A1")) == (
            Command(verb=Verb.CONFIRM, label=1),
        ), seen.name


@pytest.mark.parametrize("style", [one for one in STYLES if one not in LOST])
def test_nothing_of_a_quoted_letter_is_taken_for_new_text(style: str) -> None:
    for seen in ONE_OF_EACH:
        if seen.sample.letter.audience is Audience.OPERATOR:
            continue  # Nobody is asked to reply to it, so it carries no line to reply above.
        assert read(STYLES[style](seen, PROSE)).new_text.strip() == PROSE, seen.name


@settings(max_examples=300)
@given(st.sampled_from(letters_in("en")), st.sampled_from(sorted(STYLES)), OWN)
def test_what_is_written_above_or_below_makes_no_command_of_it(
    seen: Seen, style: str, own: str
) -> None:
    raw = STYLES[style](seen, own)
    control = control_of(raw)

    assert commands_of(raw) == ()
    assert (control.commands, control.refusals) == ((), ())
