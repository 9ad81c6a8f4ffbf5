"""`gateway templates`: what is wrong with letters is found before a customer finds it."""

import re
from pathlib import Path

import pytest
from desks import change, write_desk
from letter_desk import KEYS, shipped_policy
from lxml import html
from typer.testing import CliRunner, Result

from gateway.cli.app import app
from gateway.letters.gallery import gallery
from gateway.letters.proof import Finding, findings, proofs
from gateway.letters.shelf import Shelf
from gateway.settings.places import built_in

HEAD = "---\nsubject: Hello\n---\n"


def found_in(folder: Path | None = None) -> list[Finding]:
    return findings(Shelf(built_in("templates"), folder), shipped_policy(), KEYS)


def put(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def test_nothing_is_wrong_with_our_own_letters() -> None:
    assert found_in() == []


@pytest.mark.parametrize(
    ("name", "text", "level", "says"),
    [
        pytest.param(
            "en/answer.md", f"{HEAD}{{{{ tikcet }}}}", "error", "line 4: 'tikcet'", id="variable"
        ),
        pytest.param("de/answer.md", f"{HEAD}{{% if %}}", "error", "line 4", id="syntax"),
        pytest.param("en/anwser.md", HEAD, "error", "no letter of this name", id="name of a file"),
        pytest.param("_frame/foot.md", "x", "error", "no part of this name", id="frame"),
        pytest.param("de/_words.toml", "[x", "error", "", id="words"),
        pytest.param(
            "de/_words.toml", '[commands]\nconfirm = "jawohl"\n', "error", "jawohl", id="command"
        ),
        pytest.param("de/answer.md", "Hallo", "error", "front matter", id="front matter"),
        pytest.param(
            "en/answer.md",
            f'{HEAD}{{{{ verbatim(text) }}}} {{{{ button("Shut it", "shut it now") }}}}',
            "error",
            "shut it now",
            id="button",
        ),
        pytest.param("pl/answer.md", f"{HEAD}Tak", "warning", "ticket_received", id="language"),
        pytest.param(
            "en/price_list.md",
            f"---\nsubject: {'long ' * 20}\n---\nHi",
            "warning",
            "characters",
            id="subject",
        ),
        pytest.param(
            "en/answer.md", HEAD + "<b>" * 30_000, "warning", "text alone", id="too large"
        ),
    ],
)
def test_what_is_wrong_is_found(
    tmp_path: Path, name: str, text: str, level: str, says: str
) -> None:
    put(tmp_path, name, text)

    (found,) = found_in(tmp_path)

    assert found.level == level
    assert name.startswith(found.file)
    assert says in found.text


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["templates", *arguments])


def test_check_ends_with_1_where_a_letter_is_broken(tmp_path: Path) -> None:
    own = tmp_path / "own"
    put(own, "en/answer.md", f"{HEAD}{{{{ tikcet }}}}")
    settings = write_desk(tmp_path / "desk")
    change(settings, '# dir = "letters"', f'dir = "{own}"')

    broken = run("check", "--config", str(settings))
    put(own, "en/answer.md", f"{HEAD}{{{{ verbatim(text) }}}}")
    mended = run("check", "--config", str(settings))

    assert (broken.exit_code, mended.exit_code) == (1, 0)
    assert "error    en/answer.md: line 4: 'tikcet' is undefined" in broken.output
    assert "languages: en, de, es, fr, ru" in mended.output


def test_preview_writes_one_page_that_needs_nothing_else(tmp_path: Path) -> None:
    settings = write_desk(tmp_path / "desk")
    page = tmp_path / "letters.html"

    ran = run("preview", str(page), "--language", "de", "--config", str(settings))

    made = html.document_fromstring(page.read_text(encoding="utf-8"))
    frames = list(made.iter("iframe"))
    assert ran.output.startswith(f"{len(frames)} letters")
    assert len(frames) > 80
    assert all("<!DOCTYPE html>" in frame.get("srcdoc", "") for frame in frames)
    assert all(str(link).startswith("#") for _, _, link, _ in made.iterlinks())


def test_preview_names_the_languages_that_there_are(tmp_path: Path) -> None:
    settings = write_desk(tmp_path / "desk")

    ran = run("preview", str(tmp_path / "x.html"), "--language", "tlh", "--config", str(settings))

    assert ran.exit_code == 1
    assert "en, de, es, fr, ru" in ran.output


@pytest.mark.parametrize("command", ["check", "preview"])
def test_a_folder_that_does_not_exist_is_named(tmp_path: Path, command: str) -> None:
    settings = write_desk(tmp_path / "desk")
    change(settings, '# dir = "letters"', 'dir = "/nowhere"')

    ran = run(command, "--config", str(settings))

    assert ran.exit_code == 78
    assert "/nowhere: there is no such folder (templates.dir)" in ran.output


def test_a_gallery_shows_why_a_letter_is_broken(tmp_path: Path) -> None:
    put(tmp_path, "fr/answer.md", f"{HEAD}{{{{ <b>tikcet }}}}")
    shelf = Shelf(built_in("templates"), tmp_path)

    page = gallery("<Desk>", list(proofs(shelf, shipped_policy(), KEYS, "fr")))

    assert "<title>&lt;Desk&gt;</title>" in page
    assert '<p class="broken">fr/answer.md: line 4' in page


def test_a_gallery_leads_to_each_language_by_its_own_name() -> None:
    shelf = Shelf(built_in("templates"))
    made = [
        one
        for tag in ("de", "ru")
        for one in proofs(shelf, shipped_policy(), KEYS, tag, ["answer"])
    ]

    page = html.document_fromstring(gallery("Desk", made))

    (jumps,) = page.find_class("languages")
    assert [(one.get("href"), one.text) for one in jumps.iter("a")] == [
        ("#de", "Deutsch"),
        ("#ru", "Русский"),
    ]
    assert [(one.get("id"), one.text) for one in page.iter("h2")] == [
        ("de", "Deutsch"),
        ("ru", "Русский"),
    ]
    assert page.find("body").index(jumps) == 1


def test_a_gallery_shows_the_report_as_leads_get_it(tmp_path: Path) -> None:
    settings = write_desk(tmp_path / "desk")
    page = tmp_path / "letters.html"

    ran = run("preview", str(page), "--language", "en", "--config", str(settings))

    assert ran.exit_code == 0
    made = html.document_fromstring(page.read_text(encoding="utf-8"))
    section = made.get_element_by_id("en-desk_report").getparent()
    (frame,) = section.iter("iframe")
    letter = html.document_fromstring(frame.get("srcdoc"))
    numbers = set(re.findall(r"\d+", letter.text_content()))
    assert {one.get("src", "")[:22] for one in letter.iter("img")} == {"data:image/png;base64,"}
    assert "Top accounts" in section.text_content()
    assert {"newco", "flora"} <= set(re.findall("[a-z]+", letter.text_content()))
    assert {"2026", "50"} <= numbers


def test_show_prints_what_to_begin_with() -> None:
    ran = run("show", "answer", "--language", "de")

    assert ran.exit_code == 0
    assert ran.output == (built_in("templates") / "de" / "answer.md").read_text(encoding="utf-8")
    assert run("show", "anwser").exit_code == 1


@pytest.mark.parametrize("command", ["check", "preview", "show"])
def test_help_teaches_at_80_columns(command: str) -> None:
    ran = run(command, "--help")

    assert ran.exit_code == 0
    assert max(map(len, ran.output.splitlines())) <= 80
    assert len(ran.output.splitlines()) > 8
