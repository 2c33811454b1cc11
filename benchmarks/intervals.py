"""Do intervals hold the truth as often as they say? Rows are drawn from a known truth, again and again.

    python benchmarks/intervals.py [--trials 1000] [--resamples 500]

Prints a table for docs/results/intervals.md: the coverage of 95 % intervals, as taco makes them and with plain percentiles of
the same resamples, and how wide they are. Rows that do not vary have no interval, unless they are
of a rate, and are counted apart.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from taco.measure import bootstrap as bootstrap_module
from taco.measure import crossed, macro
from taco.measure.bootstrap import Bootstrap, Estimate
from taco.measure.clusters import estimate_clustered_mean, estimate_slope

RATINGS = np.arange(1.0, 11.0)
CHANCES = np.array([2, 2, 3, 3, 5, 5, 10, 20, 30, 20]) / 100
"""Ratings as the released ones are: most are 8 to 10, some 1."""

CATEGORIES = (10, 10, 10, 10, 10, 10, 7, 3, 10)
"""Questions in each category of the Vicuna benchmark."""

Draw = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Case:
    """What is drawn and estimated.

    Attributes:
        title, size: The first two columns.
        truth: What the interval should hold.
        estimate: A generator, and how intervals are made -> the estimate.
    """

    title: str
    size: str
    truth: float
    estimate: Callable[[Any, Bootstrap], Estimate]


def main() -> None:
    """Draw and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--resamples", type=int, default=500)
    options = parser.parse_args()
    print("| rows | n | plain percentiles | taco | width, taco / plain | no interval |\n|---|---|---|---|---|---|")
    for case in list_cases():
        print(_measure(case, options.trials, options.resamples), flush=True)


def list_cases() -> Iterator[Case]:
    """Yield the rows of the table."""
    shapes: tuple[tuple[str, float, Draw, bool], ...] = (
        ("normal", 0.0, lambda n: lambda g: g.normal(0, 1, n), False),
        ("ratings 1-10, skewed", float(RATINGS @ CHANCES), lambda n: lambda g: g.choice(RATINGS, n, p=CHANCES), False),
        ("shares, mean 0.9", 0.9, lambda n: lambda g: g.beta(9, 1, n), False),
        ("rate 0.5", 0.5, lambda n: lambda g: g.binomial(1, 0.5, n), True),
        ("rate 0.9", 0.9, lambda n: lambda g: g.binomial(1, 0.9, n), True),
    )
    for title, truth, make, is_rate in shapes:
        for rows in (3, 5, 10, 20, 40, 80):
            yield Case(title, str(rows), truth, _take_mean(make(rows), is_rate=is_rate))
    for questions in (5, 10, 20, 40, 80):
        yield Case("two turns of questions", f"{questions} questions", 5.0, _take_turns(questions))
    for questions in (10, 20, 40, 80):
        yield Case("slope over two turns", f"{questions} questions", 0.5, _take_slope(questions))
    yield Case("macro, normal, 9 categories", "80", 0.0, _take_macro(lambda g, n: g.normal(0, 1, n)))
    yield Case(
        "macro, ratings, 9 categories",
        "80",
        float(RATINGS @ CHANCES),
        _take_macro(lambda g, n: g.choice(RATINGS, n, p=CHANCES)),
    )
    yield Case(
        "macro, normal, one wide category of 3", "80", 0.0, _take_macro(lambda g, n: g.normal(0, 9 if n == 3 else 1, n))
    )
    for seeds in (2, 3, 5):
        for shift in (0.0, 0.2, 1.0):
            title = f"seeds x questions, seeds' spread {shift:g}, others 1"
            yield Case(title, f"{seeds} x 40", 0.0, _take_crossed(seeds, 40, shift))


def _take_mean(draw: Draw, *, is_rate: bool) -> Callable[[Any, Bootstrap], Estimate]:
    return lambda generator, bootstrap: bootstrap.estimate_mean(draw(generator).tolist(), is_rate=is_rate)


def _take_turns(questions: int) -> Callable[[Any, Bootstrap], Estimate]:
    names = list(range(questions)) * 2

    def estimate(generator: Any, bootstrap: Bootstrap) -> Estimate:
        shared = generator.normal(5, 2, questions)
        values = np.concatenate([shared + generator.normal(0, 1, questions) for _ in range(2)])
        return estimate_clustered_mean(values.tolist(), names, bootstrap)

    return estimate


def _take_slope(questions: int) -> Callable[[Any, Bootstrap], Estimate]:
    def estimate(generator: Any, bootstrap: Bootstrap) -> Estimate:
        lengths = generator.normal(7, 1, (questions, 1)) + generator.normal(0, 0.3, (questions, 2))
        shared = generator.normal(0, 1, (questions, 1))
        scores = 0.5 * lengths + shared + generator.normal(0, 0.5, (questions, 2))
        return estimate_slope(np.stack([lengths, scores], axis=2).tolist(), bootstrap)

    return estimate


def _take_macro(draw: Callable[[Any, int], Any]) -> Callable[[Any, Bootstrap], Estimate]:
    def estimate(generator: Any, bootstrap: Bootstrap) -> Estimate:
        rows = [(str(name), float(value)) for name, size in enumerate(CATEGORIES) for value in draw(generator, size)]
        return macro.estimate_macro(rows, bootstrap)

    return estimate


def _take_crossed(seeds: int, questions: int, shift: float) -> Callable[[Any, Bootstrap], Estimate]:
    def estimate(generator: Any, bootstrap: Bootstrap) -> Estimate:
        of_seeds, of_questions = generator.normal(0, shift, (seeds, 1)), generator.normal(0, 1, (1, questions))
        matrix = of_seeds + of_questions + generator.normal(0, 1, (seeds, questions))
        return crossed.estimate_crossed(matrix.tolist(), bootstrap)

    return estimate


def _measure(case: Case, trials: int, resamples: int) -> str:
    """Return a line of the table."""
    held, widths, without = np.zeros(2), np.zeros(2), 0
    for trial in range(trials):
        bootstrap = Bootstrap(samples=resamples, confidence=0.95, seed=trial)
        found = case.estimate(np.random.default_rng(trial), bootstrap)
        with plain_percentiles():
            plain = case.estimate(np.random.default_rng(trial), bootstrap)
        if found.low is None:
            without += 1
            continue
        pair: Any = [(one.low, one.high) for one in (plain, found)]
        held += [low - 1e-9 <= case.truth <= high + 1e-9 for low, high in pair]
        widths += [high - low for low, high in pair]
    share, ratio = 100 * held / max(1, trials - without), widths[1] / max(1e-9, widths[0])
    gone = f"{100 * without / trials:.1f} %" if without else "–"
    return f"| {case.title} | {case.size} | {share[0]:.1f} % | {share[1]:.1f} % | {ratio:.2f} | {gone} |"


@contextmanager
def plain_percentiles() -> Iterator[None]:
    """Take the percentiles as they are, wherever intervals are made."""
    modules: tuple[Any, ...] = (bootstrap_module, macro, crossed)
    kept = [module.cut_means for module in modules]
    try:
        for module in modules:
            module.cut_means = _cut_plainly
        yield
    finally:
        for module, cut in zip(modules, kept, strict=True):
            module.cut_means = cut


def _cut_plainly(means: Any, confidence: float, *, factor: float, scale: tuple[float, float] = (0, 0)) -> Any:
    return tuple(np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2]))


if __name__ == "__main__":
    main()
