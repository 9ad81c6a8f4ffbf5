"""Learning from the desk's own mails: in the background, bounded, shared with whoever judges."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine, insert

from gateway.desk.learned import Learned
from gateway.desk.meaning import Meaning
from gateway.desk.words import Background
from gateway.store import learned as lessons
from gateway.store.learned import Lesson
from gateway.store.mail_tables import messages
from gateway.store.tables import accounts, tickets
from gateway.store.transaction import Transactions, run_once
from gateway.store.upgrade import upgrade
from gateway.work.learning import LEARN_EVERY, MAILS_FEWEST, Learner, learn

NOW = datetime(2026, 7, 8, 8, tzinfo=UTC)


class MovedClock:
    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def transactions(engine: Engine) -> Iterator[Transactions]:
    upgrade(engine)
    run_once(engine, _one_ticket)
    made = Transactions(engine, "test")
    yield made
    made.close()


def _one_ticket(connection: Connection) -> None:
    connection.execute(insert(accounts).values(id="acme", name="", opened_at=NOW))
    connection.execute(
        insert(tickets).values(
            number=1001,
            account="acme",
            requester="ann@acme.example",
            department="support",
            subject="VAT",
            status="submitted",
            waiting_on="staff",
            hotrush="none",
            payment="ask_first",
            received_at=NOW,
            thread=[],
        )
    )


def write_mails(connection: Connection, count: int, text: str, kind: str = "mail") -> None:
    row = {"ticket": 1001, "kind": kind, "author": "ann@acme.example", "text": text, "at": NOW}
    connection.execute(insert(messages), [row] * count)


async def test_a_desk_learns_what_is_rare_in_its_mails(transactions: Transactions) -> None:
    # given many mails about invoices, and notes that are nobody's mail
    await transactions(lambda c: write_mails(c, 250, "The invoice lacks a number"))
    await transactions(lambda c: write_mails(c, 50, "Zebra crossing", kind="note"))
    learner = Learner(transactions, MovedClock())

    # when
    assert await learner.look()

    # then what everybody writes weighs little
    background = learner.known().background
    assert background.document_count == 250
    assert background.rarity("invoi") < 1 < background.rarity("zebra")


async def test_what_one_node_learned_the_next_one_knows(transactions: Transactions) -> None:
    await transactions(lambda c: write_mails(c, MAILS_FEWEST, "The invoice lacks a number"))
    first, second = (Learner(transactions, MovedClock()) for _ in range(2))
    assert await first.look()

    assert not await second.look()

    assert second.known() == first.known()
    assert await transactions(lessons.load) == first.known()


async def test_a_worker_knows_what_its_node_has_learned_and_learns_nothing_itself(
    transactions: Transactions,
) -> None:
    await transactions(lambda c: write_mails(c, MAILS_FEWEST, "The invoice lacks a number"))
    node = Learner(transactions, MovedClock())
    worker = Learner(transactions, MovedClock(), only_follows=True)
    assert not await worker.look()
    assert worker.known() == Learned()
    assert await node.look()

    assert not await worker.look()

    assert worker.known() == node.known()


async def test_it_learns_again_after_some_hours_and_only_where_mails_came(
    transactions: Transactions,
) -> None:
    # given a desk that has learned
    await transactions(lambda c: write_mails(c, MAILS_FEWEST, "The invoice lacks a number"))
    clock = MovedClock()
    learner = Learner(transactions, clock)
    assert await learner.look()

    # when hours pass without a mail, then it rests
    clock.at += 2 * LEARN_EVERY
    assert not await learner.look()

    # when a mail came, then it learns
    await transactions(lambda c: write_mails(c, 1, "Zebra"))
    assert await learner.look()
    assert learner.known().background.document_count == MAILS_FEWEST + 1

    # when another one came soon after, then it rests
    clock.at += timedelta(minutes=10)
    await transactions(lambda c: write_mails(c, 1, "Giraffe"))
    assert not await learner.look()


async def test_too_few_mails_teach_nothing(transactions: Transactions) -> None:
    await transactions(lambda c: write_mails(c, MAILS_FEWEST - 1, "Invoice"))
    learner = Learner(transactions, MovedClock())

    assert not await learner.look()
    assert learner.known() == Learned()


async def test_a_meaning_comes_back_as_it_was_kept(transactions: Transactions) -> None:
    meaning = Meaning(vectors={"toner": (1.0, 0.5), "zebra": (0.25, -2.0)})
    kept = Learned(background=Background(document_count=3), meaning=meaning)
    lesson = Lesson(NOW, 7)

    await transactions(lambda c: lessons.save(c, kept, lesson))

    found = await transactions(lessons.load)
    assert found.background == kept.background
    assert found.meaning is not None
    assert {name: tuple(row) for name, row in found.meaning.vectors.items()} == meaning.vectors
    assert await transactions(lessons.last_lesson) == lesson


def test_learning_stops_when_the_daemon_does() -> None:
    known = learn(["invoice"] * 100, with_meaning=False, stopped=lambda: True)

    assert known.background.document_count == 0


def test_the_commonest_words_are_kept_where_there_are_too_many() -> None:
    background = Background.of(["alpha beta", "alpha gamma", "alpha beta"])

    assert background.of_commonest(2).word_documents == {"alpha": 3, "beta": 2}
    assert background.of_commonest(2).document_count == 3
    assert background.of_commonest(9) is background
