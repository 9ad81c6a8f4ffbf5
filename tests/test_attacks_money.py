"""Attacks on identity and money, by their names (A01-A27): answer, effect and event."""

# ruff: noqa: E501 - hostile lines stay as they are sent

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from acting.attack import (
    ANN,
    CHALLENGED,
    CONFIRMED,
    DESK,
    EVAS,
    FOREIGN,
    PASS,
    PASSED_ON,
    RESERVED,
    Attack,
    follow,
    mail,
    raw,
    reply,
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
            Attack(
                mails=[mail()],
                events=frozenset({"challenge_sent", "confirm_without_token"}),
                letters=CHALLENGED,
            ),
            id="A01 forged From, number in the subject, no token",
        ),
        pytest.param(
            Attack(mails=[reply(headers={"To": DESK})], letters=CONFIRMED, ledger=RESERVED),
            id="A02 with our Message-ID in its references",
        ),
        pytest.param(
            Attack(
                mails=[reply(sender="mallory@else.example")],
                events=frozenset(
                    {"confirm_without_token", "confirm_wrong_sender", "foreign_ticket_ref"}
                ),
                letters=FOREIGN,
            ),
            id="A03 token, other From",
        ),
        pytest.param(
            Attack(
                mails=[reply(headers=verdict("dmarc=fail header.from=acme.example"))],
                events=frozenset({"confirm_spoof_suspected", "foreign_ticket_ref"}),
                letters=FOREIGN,
            ),
            id="A04 token, From of the contact, dmarc=fail",
        ),
        pytest.param(
            Attack(mails=[reply()], letters=CONFIRMED, ledger=RESERVED), id="A05 token, no verdict"
        ),
        pytest.param(
            Attack(
                mails=[reply(), reply()],
                events=frozenset({"confirm_replay"}),
                letters=[
                    "assessment_confirmed ann@acme.example",
                    "assessment_not_open ann@acme.example",
                    "engineer_confirmed eva@desk.example",
                ],
                ledger=RESERVED,
            ),
            id="A06 A07 the same confirmation once more",
        ),
        pytest.param(
            Attack(
                mails=[reply("decline"), reply()],
                events=frozenset({"confirm_replay"}),
                letters=[
                    "assessment_declined ann@acme.example",
                    "assessment_not_open ann@acme.example",
                    "engineer_declined eva@desk.example",
                ],
            ),
            id="A08 confirmation of what is gone",
        ),
        pytest.param(
            Attack(
                mails=[
                    raw(
                        "Authentication-Results: mx.desk.example; dmarc=none\n"
                        "Received: from x by mx.desk.example\n"
                        f"Authentication-Results: mx.desk.example; {PASS}\n" + ANN
                    )
                ],
                events=frozenset(
                    {"challenge_sent", "confirm_without_token", "forged_auth_results"}
                ),
                letters=CHALLENGED,
            ),
            id="A09 a verdict forged further down",
        ),
        pytest.param(
            Attack(
                mails=[
                    raw(
                        "Authentication-Results: mx.desk.example; dmarc=pass header.from=evil.example\n"
                        "To: support@desk.example\nSubject: [T-1001] x\rFrom: ann@acme.example\n"
                        "From: eve@evil.example"
                    )
                ],
                events=frozenset({"confirm_without_token", "foreign_ticket_ref", "stray_cr_lf"}),
                letters=FOREIGN,
            ),
            id="A10 From behind a bare CR",
        ),
        pytest.param(
            Attack(
                mails=[
                    mail(
                        sender="ann@acme.example, eve@evil.example",
                        headers=verdict(PASS) | {"Message-ID": "<a11@evil.example>"},
                    )
                ],
                events=frozenset(
                    {"confirm_without_token", "foreign_ticket_ref", "from_not_single"}
                ),
                letters=FOREIGN,
            ),
            id="A11 two mailboxes in From",
        ),
        pytest.param(
            Attack(
                mails=[raw(ANN + "\nFrom: eve@evil.example")],
                events=frozenset(
                    {"confirm_without_token", "foreign_ticket_ref", "from_not_single"}
                ),
                letters=FOREIGN,
            ),
            id="A12 two From fields",
        ),
        pytest.param(
            Attack(
                mails=[raw("To: support@desk.example\nSubject: [T-1001] x")],
                events=frozenset(
                    {"confirm_without_token", "foreign_ticket_ref", "from_not_single"}
                ),
                letters=FOREIGN,
            ),
            id="A12 no From",
        ),
        pytest.param(
            Attack(
                mails=[mail(sender="staff: ann@acme.example;")],
                events=frozenset({"confirm_without_token", "foreign_ticket_ref", "from_defect"}),
                letters=FOREIGN,
            ),
            id="A12 group in From",
        ),
        pytest.param(
            Attack(
                mails=[raw("From: <ann@acme.example> <eve@evil.example>\nSubject: [T-1001] x")],
                events=frozenset(
                    {
                        "confirm_without_token",
                        "foreign_ticket_ref",
                        "from_defect",
                        "from_not_single",
                    }
                ),
                letters=FOREIGN,
            ),
            id="A13 two addresses in angle brackets",
        ),
        pytest.param(
            Attack(
                mails=[mail(sender="=?utf-8?q?ann=40acme.example?= <eve@evil.example>")],
                events=frozenset({"confirm_without_token", "foreign_ticket_ref"}),
                letters=FOREIGN,
            ),
            id="A13 A15 the name is an address",
        ),
        pytest.param(
            Attack(
                mails=[mail(sender="ann@xn--acm-dma.example")],
                events=frozenset({"confirm_without_token", "foreign_ticket_ref"}),
                letters=FOREIGN,
            ),
            id="A14 a domain that looks alike",
        ),
        pytest.param(
            Attack(
                mails=[
                    mail(
                        headers=verdict(
                            "dkim=pass header.d=acme.example; dmarc=pass header.from=acme.example"
                        )
                        | {"DKIM-Signature": "v=1; d=acme.example; l=10; h=from:to:subject:date"}
                    )
                ],
                events=frozenset({"challenge_sent", "confirm_without_token", "dkim_weak"}),
                letters=CHALLENGED,
            ),
            id="A16 signed with a length",
        ),
        pytest.param(
            Attack(
                mails=[mail(headers=verdict("spf=pass smtp.mailfrom=acme.example"))],
                events=frozenset({"challenge_sent", "confirm_without_token"}),
                letters=CHALLENGED,
            ),
            id="A17 passes SPF only",
        ),
        pytest.param(
            Attack(
                mails=[reply("I do not confirm")],
                events=frozenset({"confirm_near_miss"}),
                letters=[
                    "confirm_unclear ann@acme.example",
                    "engineer_customer_reply eva@desk.example",
                ],
            ),
            id="A20 not a confirmation",
        ),
        pytest.param(
            Attack(mails=[reply("confirmed?")], letters=CONFIRMED, ledger=RESERVED),
            id="A20 a question",
        ),
        pytest.param(
            Attack(
                mails=[reply("ok confirm but cheaper")],
                events=frozenset({"confirm_near_miss"}),
                letters=[
                    "confirm_unclear ann@acme.example",
                    "engineer_customer_reply eva@desk.example",
                ],
            ),
            id="A20 a condition",
        ),
        pytest.param(
            Attack(mails=[reply("> confirm\n\nWhat does it cover?")], letters=PASSED_ON),
            id="A20 quoted",
        ),
        pytest.param(
            Attack(
                mails=[reply(headers={"Auto-Submitted": "auto-replied"})],
                events=frozenset({"machine_mail"}),
            ),
            id="A21 a robot says the word",
        ),
        pytest.param(
            Attack(
                mails=[
                    reply(text="", html="<p style='display:none'>confirm</p><p>Please wait.</p>")
                ],
                letters=PASSED_ON,
            ),
            id="A22 hidden in HTML",
        ),
        pytest.param(
            Attack(mails=[reply("c\u043enfirm")], letters=PASSED_ON),
            id="A23 a letter that looks alike",
        ),
        pytest.param(
            Attack(mails=[reply("con\u200bfirm")], letters=CONFIRMED, ledger=RESERVED),
            id="A23 zero width",
        ),
        pytest.param(
            Attack(
                mails=[
                    raw(
                        ANN + '\nContent-Type: multipart/mixed; boundary="b"',
                        "--b\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n--b\r\n"
                        "Content-Type: message/rfc822\r\n\r\nFrom: ann@acme.example\r\n\r\nconfirm\r\n--b--\r\n",
                    )
                ],
                letters=PASSED_ON,
            ),
            id="A24 in an enclosed message",
        ),
        *(
            pytest.param(
                Attack(mails=[reply(f"buy {amount}")], letters=["price_list ann@acme.example"]),
                id=f"A27 buy {amount}",
            )
            for amount in ("0", "-5", "1.5", "999999999999")
        ),
        pytest.param(
            Attack(
                mails=[
                    mail("#assess 3", sender="eva@desk.example", auth="reply-token", to=EVAS),
                    reply("confirm A1"),
                ],
                events=frozenset({"confirm_stale"}),
                letters=[
                    "assessment_outdated ann@acme.example",
                    "assessment_request ann@acme.example",
                ],
            ),
            id="A26 the price was changed after the request",
        ),
    ],
)
async def test_an_attack_has_no_more_effect_than_this(
    attack: Attack, tmp_path: Path, database_url: str, reader: Reader
) -> None:
    followed = await follow(attack, tmp_path, database_url, reader)

    assert followed == attack.follows
