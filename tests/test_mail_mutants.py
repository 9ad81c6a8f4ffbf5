"""Two thousand mutated mails are read without an exception, and none costs much."""

from bench.mutants import SEEDS, Figures, mutant, run


def test_no_mutant_breaks_the_reader_or_costs_much() -> None:
    figures = run(SEEDS, 7, range(2000))

    assert figures.crashes == []
    assert figures.slowest[0] < 1
    assert figures.count == 2000


def test_a_mutant_is_always_the_same() -> None:
    assert mutant(SEEDS, 1, 5) == mutant(SEEDS, 1, 5)
    assert len({mutant(SEEDS, 1, number) for number in range(50)}) > 40


def test_figures_tell_what_is_too_much() -> None:
    assert Figures(count=1, slowest=(4.9, 0), mebibytes=200).is_good
    assert not Figures(slowest=(5.1, 0)).is_good
    assert not Figures(mebibytes=300).is_good
    assert not Figures(crashes=["0: ValueError"]).is_good
