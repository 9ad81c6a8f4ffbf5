"""The README is true: its commands run, its settings are complete, its newcomer arrives."""

import asyncio
import mailbox
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from os import environ
from pathlib import Path

import pytest
from acting.operator import run_gateway
from desks import write_desk
from servers.gateway import Gateway

from gateway.settings.load import option_names, setting_names
from gateway.settings.models import GatewaySettings, StaffSettings
from gateway.settings.reference import all_settings, as_markdown

TOP = Path(__file__).parent.parent
README = (TOP / "README.md").read_text(encoding="utf-8")
SETTINGS_BEGIN = "<!-- settings: made by `gateway settings --markdown` -->\n"
SETTINGS_END = "<!-- end of settings -->"
PATIENCE_SECONDS = 30
MAIL = b"From: kim@example.org\nTo: support@desk.example\nSubject: Tax\n\nHow do I set up VAT?\n"

ELSEWHERE = {
    "gateway run": "test_a_newcomer_gets_from_a_clone_to_the_first_answer",
    "gateway init": "test_a_newcomer_gets_from_a_clone_to_the_first_answer",
    "gateway demo": "test_cli.test_the_demo_tells_its_story_and_ends_by_itself",
    "gateway --install-completion": "test_completion_knows_the_commands",
}
"""Commands that another test runs, because they ask, stay up or change the shell."""
NO_MAILBOX = "the settings name no mailbox"
REFUSED = {
    "gateway orders paid P-17": "there is no order",
    "gateway mail release QUEUE-ID": "is parked",
    "gateway mail reconcile": NO_MAILBOX,
    "gateway mail reconcile --again": NO_MAILBOX,
    "gateway auth login support": NO_MAILBOX,
    "gateway auth login smarthost": "no [smarthost.oauth]",
    "gateway auth login NAME": NO_MAILBOX,
    "gateway auth status": NO_MAILBOX,
    "gateway split evaluate": "no labelled replies",
    "gateway split evaluate pairs.jsonl": "No such file",
    "gateway split score --json pairs.jsonl": "No such file",
    "gateway mail resume ADDRESS": "no such pause",
    "gateway check --roundtrip": "no smarthost is set",
    "gateway restore desk.tar.gz": "is there already",
    "gateway smtp-user NAME": "the password is empty",
    "gateway outbox show 17": "there is no letter 17",
    "gateway outbox retry 17": "17 was sent",
    "gateway outbox withhold 17": "17 was sent",
}
"""Commands that need what a young desk does not have; they say so."""
INCOMPLETE = (
    "gateway explain",
    "gateway smtp-user",
    "gateway credits adjust",
    "gateway customers import",
    "gateway customers export",
    "gateway customers erase",
    "gateway backup",
    "gateway restore --hold",
    "gateway nodes --forget NODE",
)
"""Commands the text only names; the tests of the command line run them."""


def shell_lines() -> list[str]:
    """Lines of the README's shell blocks, without their comments."""
    blocks = re.findall(r"^```sh\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    lines = [line.split(" # ")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def gateway_lines() -> list[str]:
    """Every command of ours: in blocks and in the text."""
    spoken = re.findall(r"`(gateway [^`…]+)`", README)
    typed = [line for line in shell_lines() if line.startswith("gateway ")]
    return list(dict.fromkeys([*typed, *(" ".join(one.split()) for one in spoken)]))


def is_run_elsewhere(line: str) -> bool:
    return any(line == one or line.startswith(f"{one} ") for one in ELSEWHERE)


@pytest.fixture(scope="module")
def young_desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk with one ticket; returns its folder, with `queue-id` and some mails in it."""
    folder = tmp_path_factory.mktemp("young")
    (folder / "mail.eml").write_bytes(MAIL)
    box = mailbox.mbox(folder / "old.mbox")
    box.add(MAIL)
    box.close()

    async def open_ticket() -> str:
        gateway = Gateway(write_desk(folder / "config"))
        await gateway.start()
        await gateway.send(MAIL.replace(b"\n", b"\r\n"))
        await gateway.heard("taken_in")
        await gateway.stop()
        (taken,) = [one for one in gateway.diary if one["event"] == "taken_in"]
        return str(taken["queue_id"])

    (folder / "queue-id").write_text(asyncio.run(open_ticket()))
    return folder


@pytest.fixture
def at_desk(young_desk: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(young_desk)
    monkeypatch.setenv("GATEWAY_CONFIG", str(young_desk / "config/gateway.toml"))
    return young_desk


@pytest.mark.parametrize("line", [one for one in gateway_lines() if not is_run_elsewhere(one)])
def test_a_command_of_the_readme_runs(at_desk: Path, line: str) -> None:
    if line in INCOMPLETE:
        line = f"{line} --help"
    if "--send" in line:
        pytest.importorskip("PIL.Image", reason="Pillow is a dependency; sync the environment")
    words = shlex.split(line.replace("QUEUE-ID", (at_desk / "queue-id").read_text()))
    stdin = b""
    if "<" in words:
        words, (file,) = words[: words.index("<")], words[words.index("<") + 1 :]
        stdin = (at_desk / file).read_bytes()
    if words[1] == "customers" and words[2] not in ("add", "list"):
        run_gateway("customers", "add", "acme", "--contact", "ben@acme.example")
        run_gateway("customers", "add", "ann@acme.example", "--contact", "ann@acme.example")

    ran = run_gateway(*words[1:], stdin=stdin)

    if line in REFUSED:
        told = ran.output + ran.errors
        assert (ran.code, REFUSED[line] in told) == (1, True), told
    else:
        assert ran.code == 0, ran.errors or ran.output


def test_other_commands_of_the_readme_are_run_by_ci() -> None:
    # Benches print measurements for people; no machine of CI is quiet enough for them.
    bench = "uv run python tests/bench/"
    known = (
        bench,
        "git clone",
        "pip install uv",
        "uv run pytest",
        "uv run gateway",
        "printf",
        "gateway",
    )

    assert [line for line in shell_lines() if not line.startswith(known)] == []
    assert "run gateway demo" in (TOP / ".ci/run").read_text()
    assert "run pytest" in (TOP / ".ci/run").read_text()


def test_the_list_of_settings_is_the_programs_own() -> None:
    begins = README.index(SETTINGS_BEGIN) + len(SETTINGS_BEGIN)

    listed = README[begins : README.index(SETTINGS_END)]
    assert listed == as_markdown(all_settings()), "put in: gateway settings --markdown"


def paths(names: dict[str, object], before: str = "") -> set[str]:
    """Dotted names of the leaves."""
    made: set[str] = set()
    for name, inner in names.items():
        key = before + name
        made |= paths(inner, f"{key}.") if isinstance(inner, dict) else {key}
    return made


def test_every_setting_is_listed_with_a_default_and_a_sentence() -> None:
    listed = {(one.file, one.key.replace("[]", "")) for one in all_settings()}
    expected = {
        "gateway.toml": paths(setting_names(GatewaySettings)),
        "policy.toml": paths(option_names()),
        "staff.toml": paths(setting_names(StaffSettings)),
    }

    assert listed == {(file, key) for file, keys in expected.items() for key in keys}
    for one in all_settings():
        assert one.default, one
        assert one.meaning.endswith((".", "`")), one


@pytest.mark.parametrize("name", ["gateway.toml", "policy.toml", "staff.toml"])
def test_the_example_files_name_every_setting(name: str) -> None:
    text = (TOP / "config" / name).read_text(encoding="utf-8")

    for one in all_settings():
        if one.file == name and one.key not in ("calendar.week", "calendar.special_days"):
            last = one.key.rpartition(".")[2]
            is_section = f"[{one.key}]" in text
            assert is_section or re.search(rf"^(# )?{last} = ", text, re.MULTILINE), one.key


def test_completion_knows_the_commands() -> None:
    as_installed = "import sys; from gateway.cli import main; sys.argv[:] = ['gateway']; main()"
    asked = {"_GATEWAY_COMPLETE": "complete_bash", "COMP_WORDS": "gateway cred", "COMP_CWORD": "1"}

    shown = subprocess.run(
        [sys.executable, "-c", as_installed],
        env={**environ, **asked},
        capture_output=True,
        text=True,
        check=True,
    )

    assert shown.stdout.split() == ["credits"]


def newcomer_lines() -> list[str]:
    """The commands from `Try it` to the first mail."""
    chapters = README[README.index("## Try it") : README.index("## Connect your mail")]
    blocks = re.findall(r"^```sh\n(.*?)^```", chapters, re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines()]


SIX_ANSWERS = ("support@desk.example", "Acme's desk", "Europe/Berlin", "mon-sun 00:00-24:00", "")
PERSON = "Eva <eva@desk.example>"


@pytest.mark.slow
async def test_a_newcomer_gets_from_a_clone_to_the_first_answer(tmp_path: Path) -> None:
    clone, demo, init, check, run, first_mail = newcomer_lines()
    here = tmp_path / "ticket-gateway"

    assert clone.startswith("git clone")
    for name in ("gateway", "templates", "config"):
        shutil.copytree(TOP / name, here / name)
    assert demo.endswith("uv run gateway demo"), "CI runs it as it stands here"
    answers = "\n".join((*SIX_ANSWERS, PERSON, ""))
    assert len(answers.splitlines()) <= 8
    assert typed(init, here, answers).returncode == 0
    assert check == "uv run gateway check --connect"
    checked = typed(check, here)
    assert checked.returncode == 0, checked.stdout
    assert "FAIL" not in checked.stdout
    assert run == "uv run gateway run"
    gateway = Gateway(here / "desk/gateway.toml", {"GATEWAY_SMTP__LISTEN": "127.0.0.1:0"})
    await gateway.start()
    try:
        assert (await asyncio.to_thread(typed, first_mail, here)).returncode == 0
        letters = here / "desk/state/letters"
        asked = await letter(letters, "engineer_new_ticket")
        assert asked["To"] == "eva@desk.example"
        await gateway.send(reply_to(asked), to=asked["Reply-To"])
        answer = await letter(letters, "answer")
    finally:
        await gateway.stop()

    assert answer["To"] == "ann@acme.example"
    body = answer.get_body(("plain",))
    assert body
    assert "Open Settings, Taxes." in body.get_content()


def typed(line: str, here: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """A line of the README at a shell, with this Python instead of uv's."""
    own = f"{shlex.quote(sys.executable)} -m gateway"
    return subprocess.run(
        line.replace("uv run gateway", own),
        shell=True,
        cwd=here,
        env={**environ, "PYTHONPATH": str(here)},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def reply_to(asked: EmailMessage) -> bytes:
    """Eva's answer, as a mail client writes it."""
    lines = (
        "From: Eva <eva@desk.example>",
        f"To: {asked['Reply-To']}",
        f"Subject: Re: {asked['Subject']}",
        f"In-Reply-To: {asked['Message-ID']}",
        "Message-ID: <answer@desk.example>",
        "",
        "#free welcome",
        "Open Settings, Taxes.",
        "",
    )
    return "\r\n".join(lines).encode()


async def letter(folder: Path, event: str) -> EmailMessage:
    """The first letter of a kind in a Maildir, waited for."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            for path in (folder / "new").glob("*"):
                mail = message_from_bytes(path.read_bytes(), policy=policy.default)
                if mail["X-Ticket-Event"] == event:
                    return mail
            await asyncio.sleep(0.1)
