"""Attacks on staff commands, tickets and privacy, by their names (A28-A39)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from acting.attack import DESK, EVAS, HELD, PASSED_ON, Attack, follow, mail, reply, verdict

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
                mails=[
                    mail(
                        "Paid.\n#close",
                        sender="eva@desk.example",
                        headers=verdict("dmarc=pass header.from=desk.example"),
                    )
                ],
                letters=HELD,
                parked="from a staff address without its token (M4)",
            ),
            id="A28 an engineer without a token",
        ),
        pytest.param(
            Attack(
                mails=[reply("#close\nDone.", sender="eva@desk.example")],
                letters=HELD,
                parked="from a staff address without its token (M4)",
            ),
            id="A28 with a customer's token",
        ),
        pytest.param(
            Attack(
                mails=[
                    mail(
                        "#close",
                        sender="eva@desk.example",
                        auth="reply-token",
                        to="support+T-1001@desk.example",
                        headers={"Auto-Submitted": "auto-replied"},
                    )
                ],
                events=frozenset({"machine_mail"}),
            ),
            id="A29 an engineer's robot",
        ),
        pytest.param(
            Attack(
                mails=[reply("#close\n#assess 1")],
                events=frozenset({"command_by_customer"}),
                letters=[
                    "engineer_status_changed eva@desk.example",
                    "ticket_closed ann@acme.example",
                ],
            ),
            id="A30 staff commands by a customer",
        ),
        pytest.param(
            Attack(
                mails=[
                    mail(
                        "#close",
                        sender="gone@desk.example",
                        auth="reply-token",
                        to="support+T-1001@desk.example",
                    )
                ],
                events=frozenset(
                    {"command_by_customer", "foreign_ticket_ref", "staff_without_token"}
                ),
                letters=PASSED_ON,
            ),
            id="A31 after the engineer left",
        ),
        pytest.param(
            Attack(
                mails=[
                    mail(
                        "#grant acme 100",
                        sender="eva@desk.example",
                        auth="reply-token",
                        to="support+T-1001@desk.example",
                    )
                ],
                letters=["engineer_command_error eva@desk.example"],
            ),
            id="A32 an engineer grants credits",
        ),
        pytest.param(
            Attack(
                mails=[
                    mail(
                        "Hello",
                        sender="eve@evil.example",
                        subject="Tax",
                        headers={
                            "X-Ticket-ID": "T-1001",
                            "X-Ticket-Event": "answer",
                            "X-Gateway-Role": "lead",
                        },
                    )
                ],
                letters=[
                    "engineer_new_ticket dispatch@desk.example",
                    "ticket_received eve@evil.example",
                ],
                tickets=2,
            ),
            id="A33 our own fields from outside",
        ),
        pytest.param(
            Attack(
                mails=[mail("What was answered?", sender="eve@evil.example")],
                events=frozenset({"foreign_ticket_ref"}),
                letters=[
                    "engineer_new_ticket dispatch@desk.example",
                    "ticket_received eve@evil.example",
                ],
                tickets=2,
            ),
            id="A34 a guessed number",
        ),
        pytest.param(
            Attack(
                mails=[
                    reply("What was answered?", sender="eve@evil.example", headers={"To": DESK})
                ],
                events=frozenset({"foreign_ticket_ref"}),
                letters=PASSED_ON,
            ),
            id="A35 a Message-ID of ours from a stranger",
        ),
        pytest.param(
            Attack(
                mails=[reply("One more thing", headers={"Cc": "eve@evil.example"})],
                events=frozenset({"cc_not_added"}),
                letters=PASSED_ON,
            ),
            id="A36 an outsider in Cc",
        ),
        pytest.param(
            Attack(
                mails=[
                    mail(
                        "Your code is 123456",
                        sender="noreply@shop.example",
                        subject="Your code 123456",
                    )
                ],
                letters=[
                    "engineer_new_ticket dispatch@desk.example",
                    "ticket_received noreply@shop.example",
                ],
                tickets=2,
            ),
            id="A37 a code of some shop",
        ),
        pytest.param(
            Attack(
                mails=[
                    mail("First", subject="One", headers={"Message-ID": "<same@acme.example>"}),
                    mail("Second", subject="Two", headers={"Message-ID": "<same@acme.example>"}),
                ],
                events=frozenset({"message_id_collision"}),
                letters=[
                    "engineer_customer_reply dispatch@desk.example",
                    "engineer_new_ticket dispatch@desk.example",
                    "ticket_received ann@acme.example",
                ],
                tickets=2,
            ),
            id="A38 one Message-ID, two mails",
        ),
        pytest.param(
            Attack(
                mails=[
                    mail(
                        "#note\nHe is difficult.",
                        sender="eva@desk.example",
                        auth="reply-token",
                        to=EVAS,
                    )
                ]
            ),
            id="A39 an internal note",
        ),
    ],
)
async def test_an_attack_has_no_more_effect_than_this(
    attack: Attack, tmp_path: Path, database_url: str, reader: Reader
) -> None:
    followed = await follow(attack, tmp_path, database_url, reader)

    assert followed == attack.follows
