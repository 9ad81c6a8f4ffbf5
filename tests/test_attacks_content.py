"""Attacks by what a mail is made of, and on the desk's reputation, by their names (A55-A75)."""

# ruff: noqa: E501 - hostile lines stay as they are sent

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from acting.attack import (
    HELD,
    OPENED,
    STRANGER,
    Attack,
    follow,
    mail,
    nested,
    raw,
    stranger,
    verdict,
)

from gateway.work.reader import Reader

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reader() -> AsyncIterator[Reader]:
    reader = Reader()
    yield reader
    await reader.close()


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(
            Attack(mails=[stranger(STRANGER + nested(25), "")], letters=HELD, parked="mime_depth"),
            id="A55 twenty-five levels",
        ),
        pytest.param(
            Attack(
                mails=[stranger(STRANGER + nested(1000), "")], letters=HELD, parked="mime_depth"
            ),
            id="A55 a thousand levels",
        ),
        *(
            pytest.param(
                Attack(
                    mails=[stranger(STRANGER + f"\n{name}: " + stuffing * (8000 // len(stuffing)))],
                    letters=OPENED,
                    tickets=2,
                ),
                id=f"A56 8 KiB of {stuffing} in {name}",
            )
            for name, stuffing in (
                ("Content-Type", '"'),
                ("Content-Type", ";"),
                ("Cc", '"'),
                ("Cc", "("),
            )
        ),
        pytest.param(
            Attack(
                mails=[stranger(STRANGER + "\nX: y" * 5000)], letters=HELD, parked="header_limit"
            ),
            id="A57 5,000 fields",
        ),
        pytest.param(
            Attack(
                mails=[stranger(STRANGER + "\nCc: " + "a@b.example, " * 10_000)],
                letters=OPENED,
                tickets=2,
            ),
            id="A57 10,000 recipients",
        ),
        pytest.param(
            Attack(
                mails=[stranger(STRANGER + "\nX-Words: " + "=?utf-8?q?a?= " * 14_000)],
                letters=HELD,
                parked="header_limit",
            ),
            id="A57 200 kB of encoded words",
        ),
        pytest.param(
            Attack(
                mails=[
                    stranger(
                        STRANGER + "\nContent-Type: multipart/mixed; boundary=b",
                        "--b\r\n\r\nx\r\n" * 20_000,
                    )
                ],
                letters=HELD,
                parked="mime_parts",
            ),
            id="A58 20,000 parts",
        ),
        pytest.param(
            Attack(
                mails=[
                    stranger(
                        STRANGER + "\nContent-Type: text/plain; charset=utf-8",
                        "a\x00b \xed\xa0\x80 c\r\n",
                    )
                ],
                letters=OPENED,
                tickets=2,
            ),
            id="A59 NUL and a lone surrogate",
        ),
        *(
            pytest.param(
                Attack(
                    mails=[
                        stranger(
                            STRANGER + f"\nContent-Type: text/plain; charset={name}", "n\xfcll\r\n"
                        )
                    ],
                    events=frozenset({"charset_unknown"}),
                    letters=OPENED,
                    tickets=2,
                ),
                id=f"A60 charset {name!r}",
            )
            for name in ("klingon", "idna", "undefined", "unicode_escape", "utf-7")
        ),
        pytest.param(
            Attack(mails=[stranger(STRANGER, "On \r\n" * 200_000)], letters=OPENED, tickets=2),
            id="A61 a megabyte of On",
        ),
        pytest.param(
            Attack(
                mails=[stranger(STRANGER.replace("Tax", "=?utf-8?q?a=0d=0aBcc:_x@y.example?="))],
                letters=OPENED,
                tickets=2,
            ),
            id="A62 a line end in an encoded Subject",
        ),
        *(
            pytest.param(
                Attack(
                    mails=[stranger(STRANGER.replace("Tax", f"a{char}Bcc: x@y.example"))],
                    events=frozenset({"stray_cr_lf"}),
                    letters=OPENED,
                    tickets=2,
                ),
                id=f"A63 {char!r} in Subject",
            )
            for char in "\x0b\x0c\x1c\x1d\x1e"
        ),
        pytest.param(
            Attack(
                mails=[stranger(STRANGER, "end\r.\rMAIL FROM:<a@b.example>\r\n")],
                letters=OPENED,
                tickets=2,
            ),
            id="A64 CR . CR in the text",
        ),
        pytest.param(
            Attack(
                mails=[
                    raw(
                        STRANGER + "\nContent-Type: text/html",
                        "<script>alert(1)</script><img src=http://169.254.1.1/x><b onclick=x()>Hello</b>\r\n",
                    )
                ],
                letters=OPENED,
                tickets=2,
            ),
            id="A65 A66 scripts and remote images",
        ),
        pytest.param(
            Attack(
                mails=[stranger(STRANGER.replace("Tax", "{{ 7*7 }} {% raw %}"), "{{ 7*7 }}\r\n")],
                letters=OPENED,
                tickets=2,
            ),
            id="A70 a template in the subject",
        ),
        pytest.param(
            Attack(
                mails=[stranger(STRANGER.replace("Tax", "=1+1 \x1b[2J"))], letters=OPENED, tickets=2
            ),
            id="A71 a terminal's escape",
        ),
        pytest.param(
            Attack(
                mails=[
                    mail(
                        "x",
                        sender="victim@else.example",
                        subject="Tax",
                        headers=verdict("dmarc=fail header.from=else.example"),
                    )
                ],
                events=frozenset({"ack_suppressed"}),
                letters=["engineer_new_ticket dispatch@desk.example"],
                tickets=2,
            ),
            id="A73 in the name of a victim",
        ),
        pytest.param(
            Attack(
                mails=[
                    stranger(
                        STRANGER
                        + "\nX-Gateway-Loop: desk.example.1752000000.aaaaaaaaaaaaaaaaaaaaaaaaaa"
                    )
                ],
                events=frozenset({"bad_stamp"}),
                letters=OPENED,
                tickets=2,
            ),
            id="A74 a forged loop stamp",
        ),
        pytest.param(
            Attack(
                mails=[
                    {
                        **raw(
                            "From: MAILER-DAEMON@acme.example\nTo: support@desk.example\nSubject: failed\n"
                            "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
                            "--b\r\n\r\nno\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
                            "Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; ann@acme.example\r\n"
                            "Action: failed\r\nStatus: 5.1.1\r\n--b--\r\n",
                        ),
                        "reverse_path": "",
                    }
                ],
                events=frozenset({"dsn_unmatched", "machine_mail"}),
            ),
            id="A75 a forged delivery report",
        ),
    ],
)
async def test_an_attack_has_no_more_effect_than_this(
    attack: Attack, tmp_path: Path, database_url: str, reader: Reader
) -> None:
    followed = await follow(attack, tmp_path, database_url, reader)

    assert followed == attack.follows
