"""Settings: wrong ones are told all at once, one line a key, with what to write instead."""

import re
from pathlib import Path

import pytest
from desks import CONFIG, change, write_desk

from gateway.desk.policy import Options
from gateway.settings.load import check_options, load_settings, option_names, setting_names
from gateway.settings.models import GatewaySettings
from gateway.settings.problems import WrongSettings


def problems_of(path: Path, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(WrongSettings) as caught:
        load_settings(path, environ or {})
    return list(caught.value.problems)


WRONG = [
    pytest.param(
        "gateway.toml",
        'domain = "desk.example"',
        'domian = "desk.example"',
        [
            "gateway.toml: addresses.domain: is missing",
            "gateway.toml: addresses.domian: unknown key; did you mean addresses.domain?",
        ],
        id="a key with a typing error",
    ),
    pytest.param(
        "gateway.toml",
        "\n[smtp]\n",
        "\n[smpt]\n",
        ["gateway.toml: smpt: unknown key; did you mean smtp?"],
        id="a section with a typing error",
    ),
    pytest.param(
        "gateway.toml",
        "support+{token}@desk.example",
        "support@desk.example",
        [
            (
                "gateway.toml: addresses.reply_address: write it with {token} before the @, like "
                "support+{token}@desk.example (it is 'support@desk.example')"
            )
        ],
        id="a reply address without a token",
    ),
    pytest.param(
        "policy.toml",
        "overdraft = 0",
        "overdraft = 2.5",
        ["policy.toml: credits.overdraft: must be a whole number (it is 2.5)"],
        id="half a credit",
    ),
    pytest.param(
        "policy.toml",
        'reopen_window = "14d"',
        'reopen_window = "a fortnight"',
        [
            (
                "policy.toml: close.reopen_window: must be a duration such as 90s, 15m, 2h or 14d "
                "(it is 'a fortnight')"
            )
        ],
        id="a duration in words",
    ),
    pytest.param(
        "policy.toml",
        "[close]",
        "[close]\nautoclosed = true",
        ["policy.toml: close.autoclosed: unknown key; did you mean close.autoclose?"],
        id="an option with a typing error",
    ),
    pytest.param(
        "gateway.toml",
        "# workers = 1",
        "workers = 2",
        [
            (
                "gateway.toml: workers: more than one needs PostgreSQL, set database.url: SQLite "
                "has one writer, for whom the others would only wait (it is 2)"
            )
        ],
        id="workers on SQLite",
    ),
    pytest.param(
        "staff.toml",
        'roles = ["engineer"]',
        'roles = ["enginere"]',
        [
            (
                "staff.toml: people.[0].roles.[0]: Input should be 'engineer', 'lead', "
                "'manager' or 'billing' (it is 'enginere')"
            )
        ],
        id="a role that does not exist",
    ),
    pytest.param(
        "staff.toml",
        "away = []",
        'away = ["2026-07-20..2026-07-10"]',
        ["staff.toml: people.[0].away: 2026-07-20..2026-07-10 ends before it begins"],
        id="an absence that ends before it begins",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "wanted"), WRONG)
def test_a_wrong_key_is_named_with_what_to_write(
    tmp_path: Path, file: str, old: str, new: str, wanted: list[str]
) -> None:
    path = write_desk(tmp_path)
    change(tmp_path / file, old, new)

    assert [re.sub(r" \(line \d+\)$", "", one) for one in problems_of(path)] == wanted


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        pytest.param("policy.toml", "working_days = 1", "working_days = 0", id="a level"),
        pytest.param("policy.toml", 'target = "60m"', 'target = "0m"', id="of HotRush"),
        pytest.param("staff.toml", 'roles = ["manager"]', 'roles = ["boss"]', id="a person"),
        pytest.param(
            "staff.toml", 'name = "Max"', 'name = "Max"\naway = ["july"]', id="an absence"
        ),
    ],
)
def test_a_problem_names_the_line_that_is_wrong(
    tmp_path: Path, file: str, old: str, new: str
) -> None:
    path = write_desk(tmp_path)
    change(tmp_path / file, old, new)
    wrong = new.rsplit("\n", maxsplit=1)[-1]
    lines = (tmp_path / file).read_text(encoding="utf-8").split("\n")

    (problem,) = problems_of(path)

    assert problem.endswith(f"(line {lines.index(wrong) + 1})")


def test_problems_of_all_files_are_told_together(tmp_path: Path) -> None:
    path = write_desk(tmp_path)
    change(path, 'domain = "desk.example"', "domain = 3")
    change(tmp_path / "policy.toml", "overdraft = 0", 'overdraft = "much"')
    change(tmp_path / "staff.toml", "away = []", 'away = ["soon"]')

    found = problems_of(path)

    assert [line.partition(":")[0] for line in found] == [
        "gateway.toml",
        "policy.toml",
        "staff.toml",
    ]


def test_a_file_that_is_no_toml_is_named_with_the_line(tmp_path: Path) -> None:
    path = write_desk(tmp_path)
    change(tmp_path / "policy.toml", "overdraft = 0", "overdraft = = 0")

    assert any(re.match(r"policy\.toml: .*line \d+", line) for line in problems_of(path))


def test_secrets_are_not_repeated_in_a_problem(tmp_path: Path) -> None:
    path = write_desk(tmp_path)
    change(path, '# url = "smtp://desk@mail.example:587"', 'url = ["smtp://desk:hunter2@mail"]')

    assert "hunter2" not in "\n".join(problems_of(path))


def test_the_environment_wins(tmp_path: Path) -> None:
    environ = {
        "GATEWAY_SMTP__LISTEN": "127.0.0.1:2525",
        "GATEWAY_POLICY__CREDITS__OVERDRAFT": "7",
    }

    settings = load_settings(write_desk(tmp_path), environ)

    assert settings.gateway.smtp.listen == "127.0.0.1:2525"
    assert settings.policy.credits.overdraft == 7


def test_the_environment_is_checked_too(tmp_path: Path) -> None:
    overdraft = "GATEWAY_POLICY__CREDITS__OVERDRAFT"
    environ = {"GATEWAY_SMTP__LISTNE": "x", overdraft: "plenty"}

    found = problems_of(write_desk(tmp_path), environ)

    assert found == [
        "GATEWAY_SMTP__LISTNE in the environment: unknown key; did you mean smtp.listen?",
        f"{overdraft} in the environment: must be a whole number (it is 'plenty')",
    ]


def test_the_example_policy_is_the_default_and_names_every_option() -> None:
    text = (CONFIG / "policy.toml").read_text(encoding="utf-8")
    settings = load_settings(CONFIG / "gateway.toml", {})
    defaults = check_options({}, [])

    assert defaults == Options()
    own = {name: getattr(settings.policy, name) for name in vars_of(Options())}
    assert own == vars_of(Options())
    missing = [name for name in leaves(option_names()) if name not in text]
    assert missing == []


def test_the_example_settings_name_every_setting() -> None:
    text = (CONFIG / "gateway.toml").read_text(encoding="utf-8")

    missing = [name for name in leaves(setting_names(GatewaySettings)) if name not in text]

    assert missing == []


def vars_of(options: Options) -> dict[str, object]:
    return {name: getattr(options, name) for name in options.__slots__}


def leaves(names: dict[str, object]) -> list[str]:
    found: list[str] = []
    for name, inner in names.items():
        found += leaves(inner) if isinstance(inner, dict) else [name]
    return found
