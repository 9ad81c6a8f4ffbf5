"""Garbage: looked for rarely, but found."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from gateway import garbage


class Circle:
    """Refers to itself, so that only a look frees it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


def test_a_mail_s_worth_of_objects_causes_no_look() -> None:
    garbage.look_rarely()
    gc.collect()
    circle = weakref.ref(Circle())

    kept: list[list[None]] = [[] for _ in range(garbage.YOUNG // 2)]

    assert circle() is not None
    assert len(kept) == garbage.YOUNG // 2


def test_what_refers_to_itself_is_freed_before_long() -> None:
    garbage.look_rarely()
    circle = weakref.ref(Circle())

    kept: list[list[None]] = [[] for _ in range(2 * garbage.YOUNG)]

    assert circle() is None
    assert len(kept) == 2 * garbage.YOUNG


def test_what_was_loaded_before_is_never_looked_at() -> None:
    before = gc.get_freeze_count()

    garbage.look_rarely()

    assert gc.get_freeze_count() > before
