"""Every letter in every language as its readers get it; a changed golden is reviewed as prose.

`pytest --accept` rewrites the goldens. One file holds all branches of a letter: head, text, and
the HTML without its frame and styles, which `frame.html` shows once.
"""

from pathlib import Path

import pytest
from letter_desk import LANGUAGES, Seen, body_of, plain_html, written

from gateway.letters.sample_all import CUSTOMER_SAMPLES, SAMPLES

GOLDENS = Path(__file__).parent / "goldens"
FRAME = GOLDENS / "frame.html"
LETTERS = [
    pytest.param(language, name, id=f"{language}-{name}")
    for language in LANGUAGES
    for name in (SAMPLES if language == "en" else CUSTOMER_SAMPLES)
]


def readable(seen: Seen) -> str:
    """A letter for the eyes of a reviewer."""
    mail = seen.mail
    head = "\n".join(
        f"{name}: {' '.join(str(value).split())}"
        for name, value in mail.items()
        if not name.startswith(("Content-Tr", "Content-Ty", "MIME"))
    )
    body = plain_html(body_of(seen.html))
    return f"{head}\n\n{seen.text.rstrip()}\n\n{body}\n"


def golden_of(language: str, name: str) -> str:
    """All branches of a letter."""
    parts = []
    for sample in SAMPLES[name]:
        title = f"{' ' + sample.name + ' ':=^72}"
        parts.append(f"{title}\n\n{readable(written(sample, language))}")
    return "\n".join(parts)


def compare(path: Path, made: str, *, accept: bool) -> None:
    if accept:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made, encoding="utf-8")
    assert path.is_file(), "there is no golden: look at the letter, then run pytest --accept"
    assert made == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(("language", "name"), LETTERS)
def test_a_letter_is_its_golden(language: str, name: str, *, accept: bool) -> None:
    compare(GOLDENS / language / f"{name}.txt", golden_of(language, name), accept=accept)


def test_the_frame_is_its_golden(*, accept: bool) -> None:
    (sample,) = (one for one in SAMPLES["assessment_request"] if one.branch == "urgent")

    compare(FRAME, written(sample).html, accept=accept)


def test_every_golden_belongs_to_a_letter(*, accept: bool) -> None:
    wanted = {GOLDENS / str(one.values[0]) / f"{one.values[1]}.txt" for one in LETTERS} | {FRAME}
    orphans = {path for path in GOLDENS.rglob("*") if path.is_file()} - wanted
    if accept:
        for path in orphans:
            path.unlink()
        orphans.clear()

    assert not orphans
