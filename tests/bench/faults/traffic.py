"""Traffic of a desk: questions, urgent ones, and paid ones whose letters people answer by mail.

Every mail is sent until the desk says 250, as mail servers do. What was promised is remembered:
the closing check holds the desk to it.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

import aiosmtplib
from servers.smarthost import Smarthost, Taken

SUPPORT = "support@desk.example"
EVA = "eva@desk.example"
AUTHSERV_ID = "mx.desk.example"
SENDERS = 4
RETRY_SECONDS = 0.1
PATIENCE_SECONDS = 20
TEMPO_SECONDS = 0.15
"""Between two questions: a backlog only costs time."""
PAID = "Paid"
URGENT = "[HotRush] Down"


@dataclass(frozen=True)
class Post:
    """A mail that somebody wants to hand over; `kind` says what it is to bring about."""

    kind: str
    message_id: str
    sender: str
    to: str
    subject: str
    text: str
    answers: str = ""

    @property
    def raw(self) -> bytes:
        """Its bytes."""
        domain = self.sender.partition("@")[2]
        lines = [
            f"Authentication-Results: {AUTHSERV_ID}; dmarc=pass header.from={domain}",
            f"From: {self.sender}",
            f"To: {self.to}",
            f"Subject: {self.subject}",
            f"Message-ID: <{self.message_id}>",
            *([f"In-Reply-To: {self.answers}"] if self.answers else []),
            "",
            self.text,
            "",
        ]
        return "\r\n".join(lines).encode()


@dataclass
class Traffic:
    """Those who write to the desk, and what the desk has said to them."""

    address: Callable[[], str]
    """Where the desk listens now, as host:port."""
    smarthost: Smarthost
    accepted: dict[str, Post] = field(default_factory=dict)
    """Mails that were answered with 250, by Message-ID."""
    refused: dict[str, str] = field(default_factory=dict)
    """Mails that were refused for good; none of ours deserves that."""
    deferred: int = 0
    """Attempts that were answered 4xx."""
    broken: int = 0
    """Attempts that ended without an answer."""
    in_hand: int = 0
    answered: set[tuple[str, int]] = field(default_factory=set)
    arrivals: asyncio.Event = field(default_factory=asyncio.Event)
    """Set whenever a mail was accepted."""
    _queue: "asyncio.Queue[Post]" = field(default_factory=lambda: asyncio.Queue(8))
    _replies: "asyncio.Queue[Post]" = field(default_factory=asyncio.Queue)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))
    _desks: dict[int, str] = field(default_factory=dict)
    _seen: int = 0
    _writing: bool = True

    async def run(self) -> None:
        """Write, send and answer until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._write())
            group.create_task(self._answer())
            for _ in range(SENDERS):
                group.create_task(self._send())

    def pause(self) -> None:
        """Nobody has new questions; what was written is still sent and answered."""
        self._writing = False

    @property
    def is_quiet(self) -> bool:
        """Whether everything written has been handed over and every letter was looked at."""
        return not (
            self.in_hand
            or self._queue.qsize()
            or self._replies.qsize()
            or self._seen < len(self.smarthost.taken)
        )

    async def _write(self) -> None:
        for number in self._numbers:
            kind, subject, text = (
                ("urgent", f"{URGENT} {number}", "The shop answers nobody."),
                ("paid", f"{PAID} {number}", "Please set up the tax for Spain."),
                ("question", f"Question {number}", "How do I set up VAT?"),
                ("question", f"Question {number}", "Where is the export file?"),
            )[number % 4]
            if not self._writing:
                return
            writer = f"kim@customer{number}.example"
            post = Post(kind, f"q{number}@customer{number}.example", writer, SUPPORT, subject, text)
            await self._queue.put(post)
            await asyncio.sleep(TEMPO_SECONDS)

    async def _send(self) -> None:
        while True:
            source = self._replies if self._replies.qsize() else self._queue
            try:
                post = source.get_nowait()
            except asyncio.QueueEmpty:
                await asyncio.sleep(RETRY_SECONDS / 2)
                continue
            self.in_hand += 1
            while True:
                if await self._handed_over(post):
                    break
                await asyncio.sleep(RETRY_SECONDS)
            self.in_hand -= 1

    async def _handed_over(self, post: Post) -> bool:
        host, _, port = self.address().rpartition(":")
        client = aiosmtplib.SMTP(
            hostname=host, port=int(port), start_tls=False, timeout=PATIENCE_SECONDS
        )
        try:
            await client.connect()
            await client.sendmail(post.sender, [post.to], post.raw)
        except aiosmtplib.SMTPResponseException as error:
            return self._judge(post, error.code, error.message)
        except aiosmtplib.SMTPRecipientsRefused as error:
            return self._judge(post, error.recipients[0].code, error.recipients[0].message)
        except (aiosmtplib.SMTPException, OSError):
            self.broken += 1
            return False
        else:
            self.accepted[post.message_id] = post
            self.arrivals.set()
            return True
        finally:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                client.close()

    def _judge(self, post: Post, code: int, text: str) -> bool:
        if code >= 500:
            self.refused[post.message_id] = f"{code} {text}"
            return True
        self.deferred += 1
        return False

    # People who answer letters

    async def _answer(self) -> None:
        while True:
            while self._seen < len(self.smarthost.taken):
                letter = self.smarthost.taken[self._seen]
                self._seen += 1
                if reply := self._reply(letter):
                    await self._replies.put(reply)
            await asyncio.sleep(RETRY_SECONDS / 2)

    def _reply(self, letter: Taken) -> Post | None:
        mail = letter.mail
        number = int(str(mail["X-Ticket-Id"] or "T-0").removeprefix("T-"))
        if PAID not in str(mail["Subject"]):
            return None
        event, to = letter.event, str(mail["Reply-To"] or "")
        if event == "engineer_new_ticket":
            self._desks[number] = to
            return self._once("assess", number, EVA, to, "#assess 2 Two settings disagree.", mail)
        if event == "assessment_request":
            return self._once("confirm", number, letter.recipient, to, "confirm", mail)
        if event == "assessment_confirmed" and number in self._desks:
            return self._once("answer", number, EVA, self._desks[number], "It is set up.", mail)
        return None

    def _once(
        self, kind: str, number: int, sender: str, to: str, text: str, letter: object
    ) -> Post | None:
        if (kind, number) in self.answered:
            return None
        self.answered.add((kind, number))
        subject = f"Re: {letter['Subject']}"  # type: ignore[index]  # an EmailMessage
        answers = str(letter["Message-ID"])  # type: ignore[index]  # an EmailMessage
        domain = sender.partition("@")[2]
        message_id = f"{kind}-{number}@{domain}"
        return Post(kind, message_id, sender, to, subject, text, answers)
