"""Precision, recall and the better threshold, on answers whose figures are known by heart."""

import pytest

from gateway.desk.split_exam import Judged, area, best, figures

ANSWERS = [
    *(Judged(off_topic=True, score=0.95) for _ in range(10)),
    *(Judged(off_topic=True, score=0.85) for _ in range(30)),
    Judged(off_topic=False, score=0.85),
    *(Judged(off_topic=True, score=0.75) for _ in range(10)),
    *(Judged(off_topic=False, score=0.75) for _ in range(10)),
    *(Judged(off_topic=False, score=0.1) for _ in range(39)),
]
"""50 of 100 are about something else."""


@pytest.mark.parametrize(
    ("threshold", "precision", "recall"),
    [
        pytest.param(0.9, 1.0, 0.2, id="strict"),
        pytest.param(0.85, 40 / 41, 0.8, id="at a score"),
        pytest.param(0.2, 50 / 61, 1.0, id="lenient"),
        pytest.param(0.99, None, 0.0, id="out of reach"),
    ],
)
def test_figures_of_a_threshold(threshold: float, precision: float | None, recall: float) -> None:
    found = figures(ANSWERS, threshold)

    assert found.precision == precision
    assert found.recall == recall


def test_the_best_threshold_finds_most_at_the_precision_asked() -> None:
    found = best(ANSWERS, 0.97)

    assert found is not None
    assert found.threshold == 0.85
    assert found.right == 40


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([], id="nothing"),
        pytest.param(ANSWERS[:9], id="too few"),
        pytest.param([Judged(off_topic=False, score=0.99)] * 50, id="all belong"),
    ],
)
def test_no_threshold_is_named_where_nothing_proves_it(answers: list[Judged]) -> None:
    assert best(answers) is None


def test_area_is_how_often_the_order_is_right() -> None:
    off_topic, belongs = (
        [Judged(off_topic=True, score=score) for score in (0.9, 0.4)],
        [Judged(off_topic=False, score=score) for score in (0.4, 0.1)],
    )

    assert area(off_topic + belongs) == pytest.approx(3.5 / 4)
    assert area(off_topic) is None
