"""The operator's own letters: they go before ours, and a broken one never keeps a letter back."""

from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import pytest_asyncio
from acting.stage import NOW, Stage, people_of_the_cases
from letter_desk import KEYS, shipped_policy
from sqlalchemy import select
from test_work_intake import receive, without

from gateway.letters.sample_all import CUSTOMER_SAMPLES
from gateway.letters.shelf import Shelf
from gateway.letters.writer import Writer, Written
from gateway.settings.places import built_in
from gateway.store.mail_tables import outbox
from gateway.work.reader import Reader

HEAD = "---\nsubject: Hello\n---\n"
BROKEN = [
    pytest.param(f"{HEAD}Hi {{{{ tikcet.label }}}}", "tikcet", id="undefined"),
    pytest.param(f"{HEAD}Hi {{% if %}}", "line 4", id="syntax"),
    pytest.param(f"{HEAD}Hi {{{{ ticket.nothing }}}}", "nothing", id="no such field"),
    pytest.param(f"{HEAD}{{{{ 1 // 0 }}}}", "zero", id="arithmetic"),
    pytest.param(f"{HEAD}{{{{ ticket.__class__.__mro__ }}}}", "unsafe", id="out of the sandbox"),
    pytest.param(f"{HEAD}{{{{ 'x' * 10 ** 9 }}}}", "repeated", id="too long"),
    pytest.param(f"{HEAD}{{% for a in range(99999) %}}xx{{{{ a }}}}{{% endfor %}}", "", id="wild"),
    pytest.param("---\nname: x\n---\nHi", "no subject", id="no subject"),
    pytest.param("Hi {{ ticket.label }}", "front matter", id="no front matter"),
    pytest.param("---\nsubject: Hello\nHi", "front matter", id="front matter without an end"),
    pytest.param("---\nsubject:\n---\nHi", "no subject", id="an empty subject"),
    pytest.param(f"{HEAD}{{% include 'secret.md' %}}", "", id="include"),
    pytest.param(b"---\nsubject: \xff\xfe\n---\nHi", "", id="not UTF-8"),
]


def write_own(folder: Path, source: str | bytes, name: str = "en/ticket_received.md") -> Writer:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(source if isinstance(source, bytes) else source.encode())
    return Writer(Shelf(built_in("templates"), folder), shipped_policy(), KEYS)


def receipt(writer: Writer) -> Written:
    sample = CUSTOMER_SAMPLES["ticket_received"][0]
    return writer.write(sample.letter, sample.frame)


def text_of(written: Written) -> str:
    body = message_from_bytes(written.content, policy=policy.SMTP).get_body(("plain",))
    assert body
    return str(body.get_content())


def test_an_own_letter_goes_before_ours(tmp_path: Path) -> None:
    written = receipt(write_own(tmp_path, f"{HEAD}Ticket **{{{{ ticket.label }}}}** is ours.\n"))

    assert "Ticket T-1001 is ours." in text_of(written)
    assert (written.broken, written.alerts) == ("", ())


def test_an_own_letter_may_give_names_to_values_and_use_ours_anew(tmp_path: Path) -> None:
    source = (
        f"{HEAD}{{% set who = recipient %}}{{% block one %}}To {{{{ who }}}}.{{% endblock %}}\n\n"
        '{% for label in ("x", "y") %}{% block two scoped %}({{ label }}){% endblock %}{% endfor %}'
    )

    written = receipt(write_own(tmp_path, source))

    assert written.broken == ""
    assert "To ann@acme.example." in text_of(written)
    assert "(x)(y)" in text_of(written)


def test_a_file_may_begin_with_the_mark_of_windows_editors(tmp_path: Path) -> None:
    source = b"\xef\xbb\xbf" + HEAD.replace("\n", "\r\n").encode() + b"Ticket is ours.\r\n"

    written = receipt(write_own(tmp_path, source))

    assert written.broken == ""
    assert "Ticket is ours." in text_of(written)
    assert "subject:" not in text_of(written)


@pytest.mark.parametrize(("source", "reason"), BROKEN)
def test_a_broken_letter_is_made_from_ours(
    tmp_path: Path, source: str | bytes, reason: str
) -> None:
    written = receipt(write_own(tmp_path, source))

    assert "It is now ticket T-1001" in text_of(written)
    assert "en/ticket_received.md" in written.broken
    assert reason in written.broken
    assert [alert.letter.letter for alert in written.alerts] == ["operator_alert"]


@pytest.mark.parametrize("name", ["_frame/line.md", "_frame/customer.md"])
def test_a_broken_frame_does_not_keep_letters_back_either(tmp_path: Path, name: str) -> None:
    written = receipt(write_own(tmp_path, "Well\n\n{{ opertaor.name }}\n", name))

    assert "It is now ticket T-1001" in text_of(written)
    assert written.broken == f"{name}: line 3: 'opertaor' is undefined"


def test_an_error_names_its_line(tmp_path: Path) -> None:
    source = f"{HEAD}One\n\n{{% if ticket %}}\nTwo {{{{ three }}}}\n{{% endif %}}\n"

    assert receipt(write_own(tmp_path, source)).broken == (
        "en/ticket_received.md: line 7: 'three' is undefined"
    )


def test_an_error_of_a_subject_names_the_letter(tmp_path: Path) -> None:
    source = "---\nsubject: {{ three }}\n---\nOne\n"

    assert receipt(write_own(tmp_path, source)).broken == (
        "en/ticket_received.md: 'three' is undefined"
    )


def test_a_broken_alert_is_told_of_with_our_own(tmp_path: Path) -> None:
    write_own(tmp_path, f"{HEAD}{{{{ nothing }}}}", "en/operator_alert.md")
    written = receipt(write_own(tmp_path, f"{HEAD}{{{{ nothing }}}}"))

    (alert,) = written.alerts
    assert "en/ticket_received.md" in text_of(alert.written)


def test_the_same_file_is_told_of_once_and_a_changed_one_again(tmp_path: Path) -> None:
    first = receipt(write_own(tmp_path, f"{HEAD}{{{{ one }}}}"))
    again = receipt(write_own(tmp_path, f"{HEAD}{{{{ one }}}}"))
    changed = receipt(write_own(tmp_path, f"{HEAD}{{{{ two }}}}"))

    ids = [one.alerts[0].written.message_id for one in (first, again, changed)]
    assert ids[0] == ids[1] != ids[2]


@pytest_asyncio.fixture(loop_scope="module")
async def misspelt(tmp_path: Path, either_url: str, reader: Reader) -> AsyncIterator[Stage]:
    """A desk whose own receipt names a variable that does not exist."""
    config = {"templates.override": {"en/ticket_received.md": f"{HEAD}{{{{ tikcet }}}}"}}
    made = Stage(tmp_path, either_url, people_of_the_cases(), config, NOW, reader)
    await made.open()
    yield made
    await made.close()


@pytest.mark.asyncio(loop_scope="module")
async def test_the_operator_hears_of_a_broken_letter_once(misspelt: Stage) -> None:
    for number in range(3):
        await receive(misspelt, without(b"Message-ID") + b"x" * number)

    rows = misspelt.query(lambda c: c.execute(select(outbox.c.letter, outbox.c.recipient)).all())
    letters = [row.letter for row in rows]
    assert letters.count("ticket_received") == 3
    assert letters.count("operator_alert") == 1
