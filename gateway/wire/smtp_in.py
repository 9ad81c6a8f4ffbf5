"""What is said in SMTP (RFC 5321): hello, sender, recipients, data, and leave to hand mail over.

Recipients are decided at RCPT: our inboxes and valid reply addresses, nobody else's, whoever asks
(attack A43). 250 after the data means that the mail is on disk.
"""

from typing import Any, Final

from aiosmtpd.smtp import AuthResult, LoginPassword, syntax

from gateway import journal
from gateway.wire import smtp_reply
from gateway.wire.door import Door
from gateway.wire.reception import Visit
from gateway.wire.smtp_conversation import Conversation
from gateway.wire.smtp_path import NULL_PATH, read_parameters, read_path

FORGERIES_MAX: Final = 3
"""Reply addresses with a wrong token in one connection: more is guessing (attack A18)."""
FAILED_LOGINS_MAX: Final = 3
OVERSHOOT_MAX: Final = 1000
"""Recipients too many that are answered one by one before the connection ends (attack A44)."""


class SmtpReceiver(Conversation):
    """A conversation in SMTP."""

    def __init__(self, door: Door, peer: str, *, local: bool) -> None:
        super().__init__(door, peer, local=local)
        self._handle_hooks = {"MAIL": self._begin_mail, "RCPT": self._add_recipient}
        self._is_at_sender = False
        self._forged = self._failed_logins = self._overshoot = self._mails = 0

    @property
    def visit(self) -> Visit:
        """Who brings mails here."""
        login = getattr(self.session.auth_data, "login", b"")
        user = login.decode("utf-8", "replace")
        return Visit(source=self.door.protocol, peer=self.peer, user=user)

    # Hello

    async def smtp_HELO(self, hostname: str) -> None:  # noqa: N802 - aiosmtpd looks commands up by name
        """Hello without extensions."""
        await self._hello(hostname, extended=False)

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802 - aiosmtpd looks commands up by name
        """Hello, and what we can do."""
        await self._hello(hostname, extended=True)

    async def _hello(self, hostname: str | None, *, extended: bool) -> None:
        if not hostname:
            await self.push("501")
            return
        self._set_rset_state()  # type: ignore[no-untyped-call]  # aiosmtpd is half typed
        self.session.extended_smtp = extended
        self.session.host_name = hostname
        lines = [self.hostname, *self._extensions()] if extended else [self.hostname]
        said = [f"250-{line}\r\n" for line in lines[:-1]] + [f"250 {lines[-1]}\r\n"]
        self._held.append("".join(said).encode("ascii"))

    def _extensions(self) -> list[str]:
        lines = [
            f"SIZE {self.rules.size_max}",
            "8BITMIME",
            "SMTPUTF8",
            "PIPELINING",
            "ENHANCEDSTATUSCODES",
        ]
        if self.tls_context and not self._tls_protocol:
            lines.append("STARTTLS")
        if self._may_log_in():
            lines.append("AUTH LOGIN PLAIN")
        return lines

    # TLS and login

    @syntax("STARTTLS")
    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802 - aiosmtpd looks commands up by name
        """Begin TLS, once."""
        if self._tls_protocol is not None:
            await self.push("503")
            return
        try:
            await super().smtp_STARTTLS(arg)
        finally:
            self.leave_failed_handshake()

    def _may_log_in(self) -> bool:
        return self.door.users is not None and (
            self.door.tls_at_once or self._tls_protocol is not None
        )

    @syntax("AUTH")
    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802 - aiosmtpd looks commands up by name
        """Log in (RFC 4954): leave to hand mail over, proof of nothing else."""
        if self.door.users is None:
            await self.push("502")
            return
        mechanism, _, initial = (arg or "").partition(" ")
        await super().smtp_AUTH(f"{mechanism.upper()} {initial}".strip())

    async def auth_PLAIN(self, server: Any, args: list[str]) -> AuthResult:  # noqa: N802 - as above
        """Name and password at once (RFC 4616)."""
        return await self._verified(await super().auth_PLAIN(server, args))

    async def auth_LOGIN(self, server: Any, args: list[str]) -> AuthResult:  # noqa: N802 - as above
        """Name, then password."""
        return await self._verified(await super().auth_LOGIN(server, args))

    async def _verified(self, claimed: AuthResult) -> AuthResult:
        users, found = self.door.users, claimed.auth_data
        if users is None or not isinstance(found, LoginPassword):
            return claimed
        if await users.knows(found.login, found.password):
            return AuthResult(success=True, auth_data=LoginPassword(found.login, b""))
        self._failed_logins += 1
        self._refused("login")
        if self._failed_logins >= FAILED_LOGINS_MAX:
            return AuthResult(success=False, handled=False, message=smtp_reply.TOO_MANY_ERRORS)
        return AuthResult(success=False, handled=False, message=smtp_reply.BAD_LOGIN)

    # Sender and recipients

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """The path of an argument, as aiosmtpd asks for it; its own parser takes most of a mail."""
        found = read_path(arg)
        return (found.address, found.rest) if found else (None, None)

    def _getparams(self, params: Any) -> dict[str, str | bool] | None:
        """ESMTP parameters as aiosmtpd asks for them."""
        found = read_parameters(" ".join(params))
        if found is None:
            return None
        # RFC 4954 section 5: who sent it first, as an authenticated relay claims; nothing to us.
        found.pop("AUTH", None)
        return {name: True if value is None else value for name, value in found.items()}

    @syntax("MAIL FROM: <address>", extended=" [SP <mail-parameters>]")
    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd looks commands up by name
        """Who sends; an address that no database could keep is none (RFC 3463: X.1.7)."""
        self._is_at_sender = True
        try:
            await super().smtp_MAIL(arg)
        finally:
            self._is_at_sender = False

    async def push(self, status: str | bytes) -> None:
        """Reply; a bad address of a sender has a status code of its own."""
        is_bad_sender = self._is_at_sender and status == smtp_reply.MALFORMED
        await super().push(smtp_reply.BAD_SENDER if is_bad_sender else status)

    async def _begin_mail(self, *asked: Any) -> str:
        address, options = asked[-2:]
        if self._mails >= self.rules.mails_max:
            self._refused("mails")
            return smtp_reply.TOO_MANY_MAILS
        if not address.isascii() and not self.envelope.smtp_utf8:
            return smtp_reply.NEEDS_SMTPUTF8
        self.envelope.mail_from = address
        self.envelope.mail_options.extend(options)
        self._overshoot = 0
        return "250 2.1.0 OK"

    async def _add_recipient(self, *asked: Any) -> str:
        address, options = asked[-2:]
        if not address.isascii() and not self.envelope.smtp_utf8:
            return smtp_reply.NEEDS_SMTPUTF8
        standing = self.door.reception.standing(address)
        if standing != "ours":
            return self._turn_away(standing)
        if len(self.envelope.rcpt_tos) >= self.rules.recipients_max:
            self._overshoot += 1
            if self._overshoot == 1:
                self._refused("recipients")
            if self._overshoot > OVERSHOOT_MAX:
                return smtp_reply.TOO_MANY_ERRORS
            return smtp_reply.TOO_MANY_RECIPIENTS
        self.envelope.rcpt_tos.append(address)
        self.envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    def _turn_away(self, standing: str) -> str:
        """No such mailbox; who guesses at reply tokens is not heard out."""
        if standing == "forged":
            self._forged += 1
            journal.warn("token_probe", source=self.door.protocol, peer=self.peer)
            if self._forged > FORGERIES_MAX:
                return smtp_reply.TOO_MANY_ERRORS
        else:
            self._refused("recipient")
        return smtp_reply.NO_RELAY if standing == "foreign" else smtp_reply.UNKNOWN_MAILBOX

    async def smtp_VRFY(self, arg: str) -> None:  # noqa: N802 - aiosmtpd looks commands up by name
        """Never tell who is here (attack A53)."""
        await self.push("252" if arg else "501")

    async def smtp_HELP(self, arg: str) -> None:  # noqa: N802 - aiosmtpd looks commands up by name
        """Nothing that the RFC does not say."""
        del arg
        await self.push("214")

    # Data

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd looks commands up by name
        """Read the message and hand it to the spool."""
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        envelope = self.envelope
        if not envelope.rcpt_tos:
            await self.push(smtp_reply.NEED_RECIPIENT)
        elif arg:
            await self.push("501")
        elif self.door.reception.is_full:
            self._refused("busy")
            await self.push(smtp_reply.TOO_BUSY)
        else:
            await self._take_message(envelope)

    async def _take_message(self, envelope: Any) -> None:
        reception = self.door.reception
        content, fault = await self.receive()
        self._is_busy = True
        try:
            if fault:
                await reception.refuse(fault, self.visit)
                status = fault.reply
            else:
                path = "" if envelope.mail_from == NULL_PATH else envelope.mail_from
                status = await reception.take(self.visit, path, envelope.rcpt_tos, content.take())
        finally:
            reception.receiving -= content.size
            self._is_busy = False
        if status.startswith("250"):
            self._junk = self._errors = 0
            self._mails += 1
        self._reset_timeout()
        self._set_post_data_state()  # type: ignore[no-untyped-call]  # aiosmtpd is half typed
        await self.answer(status, len(envelope.rcpt_tos))
        if fault:
            self.hang_up()

    async def answer(self, status: str, recipients: int) -> None:
        """Say what became of a mail: once in SMTP."""
        del recipients
        await self.push(status)


class LmtpReceiver(SmtpReceiver):
    """A conversation in LMTP (RFC 2033): another hello, and a reply for each recipient."""

    greeting = "LMTP"

    async def smtp_LHLO(self, hostname: str) -> None:  # noqa: N802 - aiosmtpd looks commands up by name
        """Hello, and what we can do."""
        await self._hello(hostname, extended=True)

    async def smtp_HELO(self, hostname: str) -> None:  # noqa: N802 - aiosmtpd looks commands up by name
        """This is not SMTP."""
        del hostname
        await self.push("500 5.5.1 Say LHLO")

    smtp_EHLO = smtp_HELO  # noqa: N815 - aiosmtpd looks commands up by name

    async def answer(self, status: str, recipients: int) -> None:
        """Say what became of a mail: once for each recipient (RFC 2033 section 4.2)."""
        await self.push(status)
        if not self._is_over:
            # Not pushed: to the errors of the peer one mail is one.
            reply = smtp_reply.generic(status).encode("ascii", "replace") + b"\r\n"
            self._held.extend([reply] * (recipients - 1))
