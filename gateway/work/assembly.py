"""Put the parts of one desk together: spool, store, writer and loops, from checked values."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from gateway.desk.policy import Policy
from gateway.desk.token import Keys
from gateway.letters.shelf import Shelf
from gateway.letters.writer import Writer
from gateway.spool import Spool
from gateway.spool_share import Share
from gateway.store.engine import open_engine
from gateway.store.outbox import holder_of
from gateway.store.retention import Retention
from gateway.store.transaction import Transactions
from gateway.wire.delivery import Carrier
from gateway.wire.reception import Standing
from gateway.work.courier import Courier, bounce_address
from gateway.work.intake import Desk, Intake
from gateway.work.keeping import Keeping
from gateway.work.learning import Learner
from gateway.work.operator_letters import OperatorLetters
from gateway.work.presence import Presence
from gateway.work.reader import Reader
from gateway.work.reporting import Reporter
from gateway.work.rounds import Rounds
from gateway.work.settling import Settling

KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one node is made of."""

    policy: Policy
    state_dir: Path
    database_url: str
    keys: Keys
    built_in_letters: Path
    own_letters: Path | None = None
    node: str = "node"
    share: Share = Share()  # noqa: RUF009 - frozen
    """What this process takes of the spool; who has not the first one only helps."""
    couriers: int = 4
    give_up_after: timedelta = timedelta(days=5)
    retention: Retention = Retention()  # noqa: RUF009 - frozen


class Parts:
    """The parts of a running desk, for the daemon and for whoever plays it step by step."""

    def __init__(
        self,
        plan: Plan,
        clock: Callable[[], datetime],
        carrier: Callable[[], Carrier],
        reader: Reader | None = None,
    ) -> None:
        self.plan = plan
        self.clock = clock
        self.engine: Engine = open_engine(plan.database_url)
        self.transactions = Transactions(self.engine, "main")
        self.spool = Spool(plan.state_dir / "spool.db", share=plan.share)
        self.committed = asyncio.Event()
        """Mails were taken in: due times may be others."""
        self.reader = reader or Reader()
        self.learner = Learner(
            self.transactions,
            clock,
            with_meaning=plan.policy.split.model == "topic",
            only_follows=plan.share.number > 0,
        )
        shelf = Shelf(plan.built_in_letters, plan.own_letters)
        self.desk = Desk(
            policy=plan.policy,
            keys=plan.keys,
            writer=Writer(shelf, plan.policy, plan.keys),
            clock=clock,
            learned=self.learner.known,
        )
        self.letters = OperatorLetters(self.transactions, self.desk)
        self.intake = Intake(
            self.spool, self.transactions, self.reader, self.desk, self.committed, self.letters.tell
        )
        self.rounds = Rounds(self.transactions, self.desk, self.committed)
        self.keeping = Keeping(self.transactions, plan.retention, clock)
        self.presence = Presence(plan.node, self.transactions, self.spool, clock)
        self.reporter = Reporter(self.transactions, self.desk, self.spool)
        reverse_path = bounce_address(plan.keys, plan.policy.addresses.reply_address)
        settling = Settling(self.transactions)
        self.couriers = [
            Courier(
                holder_of(plan.node, str(number)),
                self.transactions,
                settling,
                carrier(),
                self.desk,
                reverse_path=reverse_path,
                give_up_after=plan.give_up_after,
            )
            for number in range(plan.couriers)
        ]

    async def close(self) -> None:
        """Let go of everything; what was handed in is finished first."""
        self.transactions.close()
        self.spool.close()
        self.engine.dispose()


def standings(policy: Policy, keys: Keys) -> Callable[[str], Standing]:
    """What an address is to us: an inbox, a reply address with a good token, or nothing.

    Needs no database, so it holds while that is down.
    """

    def standing(address: str) -> Standing:
        if policy.addresses.is_inbox(address):
            return "ours"
        token = policy.addresses.token_of(address)
        if token is None:
            return "unknown" if policy.addresses.has_domain_of(address) else "foreign"
        return "ours" if keys.read(token) is not None else "forged"

    return standing


def load_keys(path: Path, *, make: bool, keep: bool = True) -> Keys:
    """Token keys from a file, one hexadecimal key a line, newest first; made where allowed.

    Made without `keep` they are good for this process only.
    """
    if not path.exists() and make and not keep:
        return Keys(secrets.token_bytes(KEY_BYTES))
    if not path.exists() and make:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(KEY_BYTES) + "\n", encoding="ascii")
    lines = path.read_text(encoding="ascii").split()
    return Keys(*(bytes.fromhex(line) for line in lines))
