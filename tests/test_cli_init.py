"""`gateway init`: six answers become settings that work, and nothing that exists is touched."""

import tomllib
from pathlib import Path

import pytest
from acting.operator import run_gateway, run_process
from hypothesis import given
from hypothesis import strategies as st

from gateway.settings.load import load_settings
from gateway.settings.starter import FILES, Answers, WrongAnswer, read_hours, starter_texts

ANSWERS = (
    *("--address", "help@shop.example", "--name", 'The "Shop" – Hilfe', "--zone", "Europe/Berlin"),
    *("--hours", "mon-thu 08:00-12:00 13:00-17:00, fri 08:00-14:00", "--smarthost", ""),
    *("--person", "Zoë Ångström <zoe@shop.example>"),
)


def test_six_options_make_a_desk_that_passes_check(tmp_path: Path) -> None:
    made = run_gateway("init", str(tmp_path / "desk"), *ANSWERS)
    checked = run_gateway("check", config=tmp_path / "desk/gateway.toml")

    assert (made.code, checked.code) == (0, 0)
    assert "gateway check --connect --config" in made.output
    policy = load_settings(tmp_path / "desk/gateway.toml", {}).policy
    assert policy.operator.name == 'The "Shop" – Hilfe'
    assert policy.addresses.reply_address("x") == "help+x@shop.example"
    assert policy.staff.with_role("lead") == ("zoe@shop.example",)
    assert len(policy.calendar.week[0]) == 2
    assert policy.calendar.week[5] == ()


def test_questions_are_asked_again_until_the_answer_can_be_used(tmp_path: Path) -> None:
    lines = ("nobody", "help@shop.example", "Shop", "Mars", "Europe/Berlin", "always")
    lines = (
        *lines,
        "mon-sun 09:00-17:00",
        "ftp://x",
        "smtp://me@mail.example",
        "Zoe <z@s.example>",
    )

    made = run_gateway("init", str(tmp_path / "desk"), stdin="\n".join(lines).encode())

    assert made.code == 0
    for wrong in ("nobody", "Mars", "always", "write it like smtp://"):
        assert wrong in made.errors
    written = tomllib.loads((tmp_path / "desk/gateway.toml").read_text())
    assert written["smarthost"]["url"] == "smtp://me@mail.example"


def test_comments_of_the_example_are_kept(tmp_path: Path) -> None:
    run_gateway("init", str(tmp_path), *ANSWERS)

    text = (tmp_path / "gateway.toml").read_text()
    assert text.count("\n# ") > 30
    assert all("\n\n\n" not in (tmp_path / name).read_text() for name in FILES)


@pytest.mark.parametrize("name", FILES)
def test_nothing_that_exists_is_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")

    ran = run_gateway("init", str(tmp_path), *ANSWERS)

    assert (ran.code, "nothing was changed" in ran.errors) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        pytest.param("--address", "not an address", id="address"),
        pytest.param("--name", "two\nlines", id="name"),
        pytest.param("--zone", "Mars/Olympus", id="zone"),
        pytest.param("--hours", "mon-fri nine to five", id="hours"),
        pytest.param("--hours", "fri-mon 09:00-17:00", id="days in the wrong order"),
        pytest.param("--smarthost", "mail.example", id="smarthost"),
        pytest.param("--person", "Zoe", id="person"),
    ],
)
def test_a_wrong_option_ends_with_2_and_writes_nothing(
    tmp_path: Path, option: str, value: str
) -> None:
    ran = run_gateway("init", str(tmp_path / "desk"), *ANSWERS, option, value)

    assert ran.code == 2
    assert ran.errors.strip()
    assert not (tmp_path / "desk").exists()


def test_answers_that_make_no_desk_together_are_named(tmp_path: Path) -> None:
    ran = run_gateway("init", str(tmp_path / "desk"), *ANSWERS, "--hours", "mon 17:00-09:99")

    assert ran.code == 78
    assert "calendar.week" in ran.errors
    assert not (tmp_path / "desk").exists()


def test_without_a_terminal_and_without_answers_nothing_is_written(tmp_path: Path) -> None:
    ran = run_process("init", str(tmp_path / "desk"))

    assert ran.code == 2
    assert "give all six answers as options (--address" in ran.errors
    assert "Aborted" not in ran.errors
    assert not (tmp_path / "desk").exists()


def test_settings_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    run_gateway("init", str(tmp_path / "desk"), *ANSWERS)

    assert {(tmp_path / "desk" / name).stat().st_mode & 0o077 for name in FILES} == {0}


names = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40)


@given(names.filter(str.strip))
def test_any_printable_name_survives_the_file(name: str) -> None:
    answers = Answers(
        address="help@shop.example",
        name=name,
        zone="UTC",
        hours="mon-fri 09:00-17:00",
        smarthost="",
        person="zoe@shop.example",
    )

    written = tomllib.loads(starter_texts(answers)["policy.toml"])

    assert written["operator"]["name"] == name.strip()


def test_hours_name_every_day() -> None:
    week = read_hours("Mon-Wed 09:00-12:00,13:00-18:00; sat 10:00-14:00")

    assert list(week) == ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    assert week["wed"] == ["09:00-12:00", "13:00-18:00"]
    assert (week["thu"], week["sat"]) == ([], ["10:00-14:00"])
    with pytest.raises(WrongAnswer):
        read_hours("")
