"""Connections are counted in all and by peer; our own mail servers always get in."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from gateway import journal
from gateway.wire.crowd import Crowd, Networks


@pytest.fixture
def heard() -> Iterator[list[Mapping[str, Any]]]:
    lines: list[Mapping[str, Any]] = []
    journal.silent()
    leave = journal.follow(lambda event, fields: lines.append({"event": event, **fields}))
    yield lines
    leave()


def test_one_peer_has_only_so_many(heard: list[Mapping[str, Any]]) -> None:
    crowd = Crowd(10, 2, Networks())

    entered = [crowd.enter("192.0.2.1") for _ in range(3)]
    other = crowd.enter("192.0.2.2")
    crowd.leave("192.0.2.1")

    assert entered == [True, True, False]
    assert other
    assert crowd.enter("192.0.2.1")


def test_all_together_have_only_so_many() -> None:
    crowd = Crowd(3, 2, Networks())

    entered = [crowd.enter(f"192.0.2.{number}") for number in range(5)]

    assert (entered, crowd.count) == ([True, True, True, False, False], 3)


def test_our_own_servers_get_in_whatever_the_crowd() -> None:
    """Attack A47: strangers cannot keep the relay out."""
    crowd = Crowd(1, 1, Networks(["10.0.0.0/8", "::1"]))
    crowd.enter("192.0.2.1")

    assert all(crowd.enter(relay) for relay in ("10.1.2.3", "10.1.2.3", "::1"))
    assert not crowd.enter("192.0.2.2")
    crowd.leave("10.1.2.3")
    assert crowd.count == 1


def test_a_network_of_64_bits_is_one_peer() -> None:
    crowd = Crowd(10, 1, Networks())

    assert crowd.enter("2001:db8::1")
    assert not crowd.enter("2001:db8::2")
    assert crowd.enter("2001:db8:0:1::1")


def test_local_sockets_count_in_all_only() -> None:
    crowd = Crowd(2, 1, Networks())

    assert [crowd.enter("") for _ in range(3)] == [True, True, False]


def test_the_diary_hears_of_many_refusals_in_one_line(heard: list[Mapping[str, Any]]) -> None:
    crowd = Crowd(0, 1, Networks())

    for _ in range(1000):
        crowd.enter("192.0.2.1")
        crowd.tell(5.0)
    crowd.tell(20.0)

    assert [line["count"] for line in heard] == [1, 999]
