"""Learn from the desk's own mails in the background: how rare words are, and which mean the same.

Bounded in mails, words and seconds; what is learned is kept in the database, so that every node,
a restart and `gateway explain` judge alike. A desk works without it, only less sharply.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from gateway import journal
from gateway.desk.learned import Learned
from gateway.desk.words import Background
from gateway.store import learned as lessons
from gateway.store.learned import Lesson
from gateway.store.reach import OUT_OF_REACH
from gateway.store.transaction import Transactions
from gateway.work.topic_model import learn_meaning

LOOK_SECONDS: Final = 600.0
"""How often a node looks whether another one has learned."""
LEARN_EVERY: Final = timedelta(hours=6)
MAILS_MAX: Final = 5_000
MAILS_FEWEST: Final = 20
"""Fewer say nothing about what is rare."""
WORDS_MAX: Final = 50_000
SECONDS_MAX: Final = 20.0


class Learner:
    """The loop that learns, and what is known now."""

    def __init__(
        self,
        transactions: Transactions,
        clock: Callable[[], datetime],
        *,
        with_meaning: bool = False,
        only_follows: bool = False,
    ) -> None:
        self._transactions = transactions
        self._only_follows = only_follows
        self._clock = clock
        self._with_meaning = with_meaning
        self._known = Learned()
        self._lesson: Lesson | None = None
        self._stopping = asyncio.Event()

    def known(self) -> Learned:
        """What was learned so far."""
        return self._known

    def stop(self) -> None:
        """Learn no more."""
        self._stopping.set()

    async def run(self) -> None:
        """Learn now and then until told to stop."""
        while not self._stopping.is_set():
            (failure,) = await asyncio.gather(self.look(), return_exceptions=True)
            if isinstance(failure, BaseException):
                # Whatever it is, the desk goes on, and the next look tries again.
                event = "database_down" if isinstance(failure, OUT_OF_REACH) else "learning_failed"
                journal.warn(event, loop="learning", error=type(failure).__name__)
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._stopping.wait()
            except TimeoutError:
                continue

    async def look(self) -> bool:
        """Take over what is newer in the database, and learn where that is old; true if learned."""
        last = await self._transactions(lessons.last_lesson)
        if last is not None and last != self._lesson:
            self._known, self._lesson = await self._transactions(lessons.load), last
        if self._only_follows:
            return False
        newest = await self._transactions(lessons.newest_message)
        if last is not None:
            fresh = self._clock() - last.learned_at < LEARN_EVERY
            if fresh or newest == last.last_message:
                return False
        texts = await self._read(newest)
        if len(texts) < MAILS_FEWEST or self._stopping.is_set():
            return False
        await self._learn(texts, newest)
        return True

    async def _read(self, newest: int) -> list[str]:
        """The newest mails of customers, in small helpings."""
        texts: list[str] = []
        upto = newest
        while len(texts) < MAILS_MAX and not self._stopping.is_set():
            found = await self._transactions(partial(lessons.mails_before, message=upto))
            if not found:
                break
            texts += [text for _, text in found]
            upto = found[-1][0] - 1
        return texts[:MAILS_MAX]

    async def _learn(self, texts: list[str], newest: int) -> None:
        known = await asyncio.to_thread(
            learn, texts, with_meaning=self._with_meaning, stopped=self._stopping.is_set
        )
        if self._stopping.is_set():
            return
        lesson = Lesson(self._clock(), newest)
        await self._transactions(lambda c: lessons.save(c, known, lesson))
        self._known, self._lesson = known, lesson
        journal.note(
            "learned",
            mails=known.background.document_count,
            words=len(known.background.word_documents),
            meaning=known.meaning is not None,
        )


def learn(
    texts: Iterable[str], *, with_meaning: bool, stopped: Callable[[], bool] = lambda: False
) -> Learned:
    """What some mails teach, within the bounds of words and seconds; the first ones come first."""
    read: list[str] = []
    background = Background.of(_noted(_in_time(texts, stopped), read)).of_commonest(WORDS_MAX)
    if not with_meaning or stopped():
        return Learned(background=background)
    try:
        return Learned(background=background, meaning=learn_meaning(read))
    except ImportError:
        journal.warn("extra_missing", extra="topic", instead="the default model")
        return Learned(background=background)


def _in_time(texts: Iterable[str], stopped: Callable[[], bool]) -> Iterator[str]:
    """As many texts as are asked for in time."""
    end = time.monotonic() + SECONDS_MAX
    for text in texts:
        if time.monotonic() > end or stopped():
            return
        yield text


def _noted(texts: Iterable[str], read: list[str]) -> Iterator[str]:
    for text in texts:
        read.append(text)
        yield text
