"""One connection to an IMAP server: every wait ends, and what goes wrong has a name."""

import asyncio
import json
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from servers.certificates import Authority
from servers.imap_double import ImapDouble, Session

from gateway.wire.imap_client import Connection
from gateway.wire.imap_trouble import MailboxTrouble, Trouble

PATIENCE = 0.25
ENDED = (Trouble.UNREACHABLE, Trouble.REFUSED)
PROMPT = 5.0
"""Longest a test waits for what must come at once."""


@pytest_asyncio.fixture
async def double() -> AsyncIterator[ImapDouble]:
    made = ImapDouble(mails={number: b"Subject: %d\r\n\r\nx\r\n" % number for number in (1, 2, 5)})
    await made.up()
    yield made
    await made.down()


async def connect(double: ImapDouble, *, literal_max: int = 1_000_000) -> Connection:
    return await Connection.open(
        "127.0.0.1", double.port, None, patience=PATIENCE, literal_max=literal_max
    )


@pytest_asyncio.fixture
async def client(double: ImapDouble) -> AsyncIterator[Connection]:
    made = await connect(double)
    await made.login("ann", "secret")
    await made.select("INBOX")
    yield made
    made.close()


async def trouble_of(call: Awaitable[object]) -> MailboxTrouble:
    with pytest.raises(MailboxTrouble) as caught:
        async with asyncio.timeout(PROMPT):
            await call
    return caught.value


async def test_mails_are_found_and_fetched(client: Connection) -> None:
    assert await client.search("ALL") == [1, 2, 5]
    assert [one.uid for one in await client.fetch([1, 2, 3, 5], "(UID RFC822.SIZE)")] == [1, 2, 5]
    bodies = {one.uid: one.body for one in await client.fetch([2, 5], "(UID BODY.PEEK[])")}
    assert bodies == {2: b"Subject: 2\r\n\r\nx\r\n", 5: b"Subject: 5\r\n\r\nx\r\n"}


async def test_user_and_password_are_quoted(double: ImapDouble) -> None:
    client = await connect(double)

    await client.login('a"nn smith', 'se"cr\\et (1)')

    assert double.commands("LOGIN") == [r'LOGIN "a\"nn smith" "se\"cr\\et (1)"']
    client.close()


@pytest.mark.parametrize("text", ["a\r\nA1 LOGOUT", "a\0b"])
async def test_arguments_can_not_carry_a_command(double: ImapDouble, text: str) -> None:
    """Attack A79: a command in the password or the name of a folder."""
    client = await connect(double)

    assert (await trouble_of(client.login("ann", text))).kind is Trouble.REFUSED
    await client.login("ann", "x")
    with pytest.raises(ValueError, match="control"):
        await client.select(text)

    assert double.commands("LOGOUT") == []
    client.close()


@pytest.mark.parametrize(
    ("command", "answer", "kind"),
    [
        ("LOGIN", "NO [AUTHENTICATIONFAILED] no", Trouble.LOGIN),
        ("LOGIN", "NO wrong", Trouble.LOGIN),
        ("LOGIN", "BAD what", Trouble.LOGIN),
        ("LOGIN", "NO [UNAVAILABLE] the directory is away", Trouble.UNREACHABLE),
        ("LOGIN", "NO [LIMIT] too many connections", Trouble.UNREACHABLE),
        ("SELECT", "NO [NONEXISTENT] no such folder", Trouble.FOLDER),
        ("SELECT", "NO not for you", Trouble.FOLDER),
        ("SEARCH", "BAD what", Trouble.REFUSED),
        ("SEARCH", "NO [SERVERBUG] oops", Trouble.UNREACHABLE),
        ("STORE", "NO [OVERQUOTA] full", Trouble.QUOTA),
        ("STORE", "NO read-only", Trouble.REFUSED),
        ("MOVE", "NO [TRYCREATE] no such folder", Trouble.FOLDER),
        ("MOVE", "NO [OVERQUOTA] full", Trouble.QUOTA),
    ],
)
async def test_no_and_bad_have_a_kind(
    double: ImapDouble, command: str, answer: str, kind: Trouble
) -> None:
    """Fault F23: quota, a read-only folder and other refusals."""
    double.answers[command] = lambda session, tag, _: session.say(f"{tag} {answer}")
    client = await connect(double)

    async def everything() -> None:
        await client.login("ann", "secret")
        await client.select("INBOX")
        await client.search("ALL")
        await client.flag([1], "\\Seen")
        await client.move([1], "Archive")

    trouble = await trouble_of(everything())

    assert trouble.kind is kind
    assert answer.partition("] ")[2] in trouble.reason
    client.close()


async def test_the_alert_of_a_server_is_passed_on(double: ImapDouble) -> None:
    """Fault F23: NO with [ALERT]."""
    double.answers["SELECT"] = lambda session, tag, _: session.say(
        f"* NO [ALERT] Maintenance at noon\n{tag} NO no"
    )
    client = await connect(double)
    await client.login("ann", "secret")

    assert "Maintenance at noon" in (await trouble_of(client.select("INBOX"))).reason
    client.close()


@pytest.mark.parametrize(
    "password",
    [pytest.param("hunter22", id="plain"), pytest.param('hun"ter\\22', id="quoted on its way")],
)
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("{tag} BAD [CLIENTBUG] LOGIN {arguments}", id="the whole command"),
        pytest.param("{tag} BAD [CLIENTBUG] {arguments}", id="what came with it"),
        pytest.param("* NO [ALERT] What is {arguments}?\n{tag} BAD [CLIENTBUG] What", id="alert"),
    ],
)
async def test_a_server_that_repeats_the_password_does_not_spread_it(
    double: ImapDouble, password: str, answer: str
) -> None:
    """Promise P16: no secret in the diary."""
    double.answers["LOGIN"] = lambda session, tag, arguments: session.say(
        answer.format(tag=tag, arguments=arguments)
    )
    client = await connect(double)

    trouble = await trouble_of(client.login("ann", password))

    assert "[CLIENTBUG]" in str(trouble)
    assert "hun" not in str(trouble)
    client.close()


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("{tag} BAD [CLIENTBUG] unknown: AUTHENTICATE {arguments}", id="command"),
        pytest.param("{tag} BAD [CLIENTBUG] AUTHENTICATE {arguments:.40}", id="cut"),
        pytest.param("{tag} BAD [CLIENTBUG] {arguments}", id="what came with it"),
        pytest.param("* BYE {arguments}", id="last words"),
    ],
)
async def test_a_server_that_repeats_the_token_does_not_spread_it(
    double: ImapDouble, answer: str
) -> None:
    """Promise P16, where it travels as base64."""

    def repeat(session: Session, tag: str, arguments: str) -> None:
        session.say(answer.format(tag=tag, arguments=arguments))
        session.hang_up()

    double.answers["AUTHENTICATE"] = repeat
    client = await connect(double)
    sent = b64encode(b"user=ann@desk.example\1auth=Bearer t0ken\1\1").decode()

    trouble = await trouble_of(client.present_token("ann@desk.example", "t0ken"))

    assert sent[:12] not in str(trouble)
    assert "t0ken" not in str(trouble)
    client.close()


async def test_a_bad_token_is_refused_at_once(double: ImapDouble) -> None:
    """The library leaves the error challenge unanswered and waits for its time-out."""
    challenge = b64encode(json.dumps({"status": "401"}).encode()).decode()

    async def refuse(session: Session, tag: str, _: str) -> None:
        session.say(f"+ {challenge}")
        assert await session.reader.readline() == b"\r\n"
        session.say(f"{tag} NO [AUTHENTICATIONFAILED] the token has expired")

    double.answers["AUTHENTICATE"] = refuse
    client = await connect(double)

    trouble = await trouble_of(client.present_token("ann@desk.example", "t0ken"))

    assert trouble.kind is Trouble.TOKEN
    assert "expired" in trouble.reason
    client.close()


@pytest.mark.parametrize(
    "greeting",
    [b"* BYE too many connections\r\n", b"220 mail.example ESMTP\r\n", b"\r\n", b""],
)
async def test_a_server_that_does_not_greet_is_unreachable(
    double: ImapDouble, greeting: bytes
) -> None:
    """Fault F23: BYE instead of a greeting."""
    double.greeting = greeting

    trouble = await trouble_of(connect(double))

    assert trouble.kind is Trouble.UNREACHABLE
    assert ("too many connections" in trouble.reason) is (b"BYE" in greeting)


async def test_a_port_where_nobody_listens_is_unreachable(double: ImapDouble) -> None:
    await double.down()

    assert (await trouble_of(connect(double))).kind is Trouble.UNREACHABLE


async def test_a_name_that_is_not_found_is_unreachable() -> None:
    """Fault F44: wrong DNS."""
    with pytest.raises(MailboxTrouble, match="not found"):
        await Connection.open("no-such-host.invalid", 993, None, patience=5)


@pytest.mark.parametrize(
    "how", ["the end", "silence"], ids=["fault F17: killed", "fault F18: half open"]
)
@pytest.mark.parametrize("when", ["SEARCH", "FETCH", "IDLE", "after IDLE"])
async def test_a_server_that_goes_away_is_noticed(
    double: ImapDouble, client: Connection, how: str, when: str
) -> None:
    def go(session: Session, tag: str, _: str) -> None:
        if when == "after IDLE":
            session.say("+ idling")
        if how == "the end":
            session.hang_up()

    double.answers["IDLE" if when == "after IDLE" else when] = go

    async def work() -> None:
        await client.search("ALL")
        await client.fetch([1], "(UID BODY.PEEK[])")
        await client.wait_for_news(0.2, poll=0.2)

    trouble = await trouble_of(work())

    assert trouble.kind is Trouble.UNREACHABLE


async def test_a_cut_in_the_middle_of_a_mail_is_noticed(
    double: ImapDouble, client: Connection
) -> None:
    """Fault F17: killed in the middle of a FETCH."""

    def half(session: Session, tag: str, _: str) -> None:
        session.send(b"* 1 FETCH (UID 1 BODY[] {1000}\r\nabc")
        session.hang_up()

    double.answers["FETCH"] = half

    trouble = await trouble_of(client.fetch([1], "(UID BODY.PEEK[])"))

    assert trouble.kind is Trouble.UNREACHABLE


@pytest.mark.parametrize(
    ("reply", "limit", "taken"),
    [
        pytest.param(b"* 1 FETCH (UID 1 BODY[] {5000}\r\n", 4000, None, id="more than allowed"),
        pytest.param(
            b"* 1 FETCH (UID 1 BODY[] {99999999999999}\r\n", 4000, None, id="far too much"
        ),
        pytest.param(
            b"* 1 FETCH (UID 1 BODY[] {3}\r\nabcdef)\r\n", 4000, b"abc", id="a length too short"
        ),
        pytest.param(
            b"* 1 FETCH (UID 1 BODY[] {30}\r\nabcdef)\r\n", 4000, None, id="a length too long"
        ),
        pytest.param(b"x" * 5000, 4000, None, id="a line without an end"),
    ],
)
async def test_a_literal_of_a_wrong_length_never_hangs_or_fills_memory(
    double: ImapDouble, reply: bytes, limit: int, taken: bytes | None
) -> None:
    """Fault F23: literals with a wrong length."""
    double.answers["FETCH"] = lambda session, tag, _: session.send(
        reply + f"{tag} OK done\r\n".encode()
    )
    client = await connect(double, literal_max=limit)
    await client.login("ann", "secret")
    await client.select("INBOX")

    if taken is None:
        assert (await trouble_of(client.fetch([1], "(UID BODY.PEEK[])"))).kind in ENDED
    else:
        found = await client.fetch([1], "(UID BODY.PEEK[])")
        assert [bytes(one.body or b"") for one in found] == [taken]
    client.close()


async def test_a_tagged_reply_to_nobody_ends_the_connection(
    double: ImapDouble, client: Connection
) -> None:
    double.answers["SEARCH"] = lambda session, tag, _: session.say(f"{tag}9 OK whose")

    trouble = await trouble_of(client.search("ALL"))

    assert "broke the protocol" in trouble.reason


async def test_a_storm_of_five_thousand_lines_is_survived(
    double: ImapDouble, client: Connection
) -> None:
    """Fault F20: the library recurses once a line and dies of a thousand."""
    storm = "\n".join(
        [*(f"* {n} FETCH (FLAGS (\\Seen))" for n in range(1, 2501)), *["* 1 EXPUNGE"] * 2500]
    )
    double.answers["SEARCH"] = lambda session, tag, _: session.say(
        f"{storm}\n* SEARCH 1 2\n{tag} OK done"
    )

    assert await client.search("ALL") == [1, 2]
    assert [one.uid for one in await client.fetch([1, 2], "(UID RFC822.SIZE)")] == [1, 2]


async def test_replies_may_come_in_any_pieces(double: ImapDouble, client: Connection) -> None:
    async def in_drops(session: Session, tag: str, _: str) -> None:
        reply = b"* 1 FETCH (UID 1 BODY[] {4}\r\nab\r\n)\r\n* 2 FETCH (UID 2 BODY[] {0}\r\n)\r\n"
        for octet in reply + f"{tag} OK done\r\n".encode():
            session.send(bytes([octet]))
            await asyncio.sleep(0)

    double.answers["FETCH"] = in_drops

    found = await client.fetch([1, 2], "(UID BODY.PEEK[])")

    assert [(one.uid, one.body) for one in found] == [(1, b"ab\r\n"), (2, b"")]


# News


async def test_a_mail_that_comes_during_idle_ends_the_wait(
    double: ImapDouble, client: Connection
) -> None:
    waiting = asyncio.ensure_future(client.wait_for_news(60, poll=60))
    await double.idles.wait()
    double.sessions[0].say("* 4 EXISTS")

    async with asyncio.timeout(PROMPT):
        await waiting

    assert double.heard[-1] == "DONE"


async def test_a_mail_that_comes_during_a_command_is_not_missed(
    double: ImapDouble, client: Connection
) -> None:
    """The library drops an EXISTS that no command asked for."""
    double.answers["STORE"] = lambda session, tag, _: session.say(f"* 4 EXISTS\n{tag} OK done")
    client.expect_news()
    await client.flag([1], "\\Seen")

    async with asyncio.timeout(PROMPT):
        await client.wait_for_news(60, poll=60)

    assert double.commands("IDLE") == []


async def test_fewer_mails_are_no_news(double: ImapDouble, client: Connection) -> None:
    double.answers["STORE"] = lambda session, tag, _: session.say(
        f"* 1 EXPUNGE\n* 2 EXISTS\n{tag} OK done"
    )
    client.expect_news()
    await client.flag([1], "\\Seen")

    await client.wait_for_news(0.05, poll=0.05)

    assert double.commands("IDLE") == ["IDLE"]


async def test_idle_is_renewed_after_its_time(double: ImapDouble, client: Connection) -> None:
    """Fault F18: a dead connection is noticed because the server must answer now and then."""
    for _ in range(3):
        await client.wait_for_news(0.05, poll=60)

    assert [line for line in double.heard if "IDLE" in line or line == "DONE"][1::2] == ["DONE"] * 3


async def test_a_server_without_idle_is_asked_now_and_then(double: ImapDouble) -> None:
    double.answers["CAPABILITY"] = lambda session, tag, _: session.say(
        f"* CAPABILITY IMAP4rev1\n{tag} OK done"
    )
    client = await connect(double)
    await client.login("ann", "secret")
    await client.select("INBOX")

    await client.wait_for_news(60, poll=0.05)

    assert double.commands("NOOP") == ["NOOP"]
    client.close()


@pytest.mark.parametrize("answer", ["OK at once", "NO not now", "BAD what"])
async def test_a_server_that_only_claims_idle_is_asked_instead(
    double: ImapDouble, client: Connection, answer: str
) -> None:
    double.answers["IDLE"] = lambda session, tag, _: session.say(f"{tag} {answer}")

    await client.wait_for_news(60, poll=0.05)
    await client.wait_for_news(60, poll=0.05)

    assert double.commands("NOOP") == ["NOOP"]


async def test_a_server_without_move_copies_and_takes_away(double: ImapDouble) -> None:
    double.answers["CAPABILITY"] = lambda session, tag, _: session.say(
        f"* CAPABILITY IMAP4rev1 UIDPLUS\n{tag} OK done"
    )
    client = await connect(double)
    await client.login("ann", "secret")
    await client.select("INBOX")

    await client.move([1, 2], "Archive")

    assert [line for line in double.heard if " UID " in line and "SEARCH" not in line] == [
        line for line in double.heard if "COPY" in line or "STORE" in line or "EXPUNGE" in line
    ]
    assert double.commands("EXPUNGE") == ["UID EXPUNGE 1:2"]
    client.close()


async def test_a_server_that_can_neither_move_nor_expunge_uids_is_told_apart(
    double: ImapDouble,
) -> None:
    double.answers["CAPABILITY"] = lambda session, tag, _: session.say(
        f"* CAPABILITY IMAP4rev1\n{tag} OK done"
    )
    client = await connect(double)
    await client.login("ann", "secret")
    await client.select("INBOX")

    assert "then" in (await trouble_of(client.move([1], "Archive"))).reason
    assert double.commands("EXPUNGE") == []
    client.close()


# TLS


async def open_tls(double: ImapDouble, trusted: Path | None) -> Connection:
    context = ssl.create_default_context(cafile=trusted)
    return await Connection.open("127.0.0.1", double.port, context, patience=PATIENCE)


async def test_a_good_certificate_is_trusted(authority: Authority) -> None:
    double = ImapDouble()
    await double.up(authority.identity().server_context())

    client = await open_tls(double, authority.file)
    await client.login("ann", "secret")

    client.close()
    await double.down()


@pytest.mark.parametrize(
    ("name", "ends_in", "trusted", "word"),
    [
        pytest.param("localhost", timedelta(days=-1), True, "expired", id="expired"),
        pytest.param("mail.evil.example", timedelta(days=9), True, "127.0.0.1", id="of another"),
        pytest.param("localhost", timedelta(days=9), False, "issuer", id="signed by nobody"),
    ],
)
async def test_a_certificate_that_is_not_good_ends_the_try(
    authority: Authority, name: str, ends_in: timedelta, trusted: bool, word: str
) -> None:
    """Attack A78: a wrong certificate; there is no way back to a connection without TLS."""
    double = ImapDouble()
    await double.up(authority.identity(name, ends_in=ends_in).server_context())

    trouble = await trouble_of(open_tls(double, authority.file if trusted else None))

    assert trouble.kind is Trouble.TLS
    assert word in trouble.reason
    assert double.heard == []
    await double.down()


async def test_a_server_that_speaks_no_tls_is_not_spoken_to(double: ImapDouble) -> None:
    """Attack A78: TLS stripped on the way."""
    trouble = await trouble_of(open_tls(double, None))

    assert trouble.kind is Trouble.TLS
    assert double.commands("LOGIN") == []


async def test_a_password_is_not_given_where_the_server_forbids_it(double: ImapDouble) -> None:
    double.answers["CAPABILITY"] = lambda session, tag, _: session.say(
        f"* CAPABILITY IMAP4rev1 LOGINDISABLED\n{tag} OK done"
    )
    client = await connect(double)

    assert (await trouble_of(client.login("ann", "secret"))).kind is Trouble.TLS
    assert double.commands("LOGIN") == []
    client.close()


async def test_goodbye_is_short(double: ImapDouble, client: Connection) -> None:
    await client.logout()

    assert double.heard[-1].endswith("LOGOUT")
