"""Recognise a mail that only says thank you, so that it reopens nothing and starts no clock."""

import re
from typing import Final

WORDS_MAX: Final = 12
CHARACTERS_MAX: Final = 1_000  # White space included.

_THANKS: Final = re.compile(
    r"\b(?:thanks?|thank you|thx|ty|cheers|спасибо|благодар\w+|danke\w*|vielen dank|merci|gracias"
    r"|grazie|obrigad[oa]|dziękuj\w+|děkuj\w+|дякую|bedankt|dank (?:je|u)|teşekkür\w*|tack)\b"
    r"|谢谢|感谢|ありがとう"
)
_ASKS: Final = re.compile(
    r"\?|？|\b(?:but|however|still|not|again|no longer|doesn't|don't|can't|cannot|error|problem"
    r"|issue|но|не|снова|опять|ошибк\w+|aber|nicht|wieder|fehler|mais|pas|encore|erreur|pero|no"
    r"|otra vez|ma|non|ancora|ale|nie|maar|niet)\b"
)


def is_thanks(text: str) -> bool:
    """Whether a short text thanks and asks nothing (rule M16). When in doubt it does not."""
    if len(text) > CHARACTERS_MAX:
        return False
    plain = " ".join(text.casefold().split())
    if not plain or len(plain.split()) > WORDS_MAX:
        return False
    return bool(_THANKS.search(plain)) and not _ASKS.search(plain)
