"""German letters keep the spelling of German letters."""

import re

import pytest
from letter_desk import Seen, letters_in

CAPITAL = {"Sie", "Ihr", "Ihre", "Ihnen", "HotRush"}
"""Words that are written so within a sentence as well."""
GREETING = re.compile(r"^Guten Tag,\n\n(\S+)", re.MULTILINE)


@pytest.mark.parametrize("seen", [pytest.param(one, id=one.name) for one in letters_in("de")])
def test_after_the_comma_of_the_greeting_the_sentence_goes_on(seen: Seen) -> None:
    for word in GREETING.findall(seen.text):
        is_name = word in CAPITAL or not word[0].isalpha() or re.search("[0-9@-]", word)
        assert is_name or word[0].islower()
