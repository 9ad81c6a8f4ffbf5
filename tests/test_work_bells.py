"""Bells: where little waits, one courier asks for all; where much waits, all of them ask."""

import asyncio

import pytest

from gateway.work.bells import OutboxBell

MOST = 2


class Outbox:
    """Letters that wait, and how often somebody asked for them."""

    def __init__(self, letters: int) -> None:
        self.bell = OutboxBell()
        self.letters = letters
        self.asked = 0
        self.at_once = 0
        self._asking = 0

    async def claim(self) -> list[str]:
        self.asked += 1
        self._asking += 1
        self.at_once = max(self.at_once, self._asking)
        taken = min(MOST, self.letters)
        self.letters -= taken
        await asyncio.sleep(0)
        self._asking -= 1
        return ["a letter"] * taken

    async def courier(self) -> int:
        """Take until nothing is left; how many that was."""
        count = 0
        while found := await self.bell.ask(self.claim, MOST):
            count += len(found)
        return count

    async def couriers(self) -> int:
        """What four of them take together."""
        return sum(await asyncio.gather(*(self.courier() for _ in range(4))))


@pytest.mark.parametrize(
    ("letters", "asked"),
    [pytest.param(0, 1, id="nothing waits"), pytest.param(1, 1, id="little waits")],
)
async def test_one_asks_for_all(letters: int, asked: int) -> None:
    outbox = Outbox(letters)

    taken = await outbox.couriers()

    assert (taken, outbox.asked) == (letters, asked)


async def test_where_much_waits_several_ask_at_once() -> None:
    outbox = Outbox(20)

    taken = await outbox.couriers()

    assert taken == 20
    assert outbox.at_once > 1


@pytest.mark.parametrize("after", ["ring", "look again"])
async def test_they_ask_again_after(after: str) -> None:
    outbox = Outbox(1)
    await outbox.couriers()
    outbox.letters = 1

    before = await outbox.couriers()
    if after == "ring":
        outbox.bell.set()
    else:
        outbox.bell.look_again()

    assert (before, await outbox.couriers()) == (0, 1)


async def test_a_ring_while_somebody_asks_is_heard() -> None:
    outbox = Outbox(0)

    async def claim() -> list[str]:
        found = await outbox.claim()
        outbox.letters = 1
        outbox.bell.set()
        return found

    assert await outbox.bell.ask(claim, MOST) == []
    assert await outbox.courier() == 1
