"""How often the intervals of `taco annotate read` hold what a simulated panel and judge were made with.

python benchmarks/annotate.py --studies 200
"""

from __future__ import annotations

import argparse
import dataclasses
import random
import tempfile
from collections import Counter
from pathlib import Path

from taco.annotate.design import deal, list_units
from taco.annotate.heard import Heard
from taco.annotate.key import Key, Place
from taco.annotate.make import build_study
from taco.annotate.options import OVERALL, StudyOptions
from taco.annotate.results import AxisResult
from taco.annotate.returned import read_ratings
from taco.annotate.run import build_results
from taco.annotate.simulated import SimulatedJudge, SimulatedPanel
from taco.evaluate.judge.submission import Submission
from taco.measure.bootstrap import Bootstrap, Estimate

RATERS = {"a": -0.8, "b": 0.0, "c": 0.5}
SYSTEMS = {"one": 0.6, "two": 0.0}
BIAS, SLOPE, LENGTH = 0.5, 0.3, 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--questions", type=int, default=80)
    parser.add_argument("--samples", type=int, default=400)
    given = parser.parse_args()
    held: Counter[str] = Counter()
    for seed in range(given.studies):
        axis = simulate(seed, questions=given.questions, samples=given.samples)
        held.update(name for name, (estimate, true) in list_truths(axis).items() if holds(estimate, true))
    print(
        f"{given.studies} studies, {given.questions} questions, 2 systems, 2 of 3 raters, {given.samples} resamples, 95 %"
    )
    for name, number in held.items():
        print(f"{name:<28} {100 * number / given.studies:5.1f} % of the intervals hold the true value")


def simulate(seed: int, *, questions: int, samples: int) -> AxisResult:
    """Simulate a study and return what was found. Lengths vary from 16 to 256 characters around `LENGTH`."""
    drawn = random.Random(seed)
    submissions = [
        Submission(id=f"{seed}-{number}", system=system, language="gl", question="?", answer="a" * LENGTH)
        for number in range(questions)
        for system in SYSTEMS
    ]
    submissions = [
        dataclasses.replace(one, answer="a" * round(LENGTH * 2 ** drawn.uniform(-2, 2))) for one in submissions
    ]
    options = StudyOptions(raters=tuple(RATERS), each=2, seed=seed)
    units, _ = list_units(submissions, "rating")
    key, _ = build_study(options, submissions, deal(units, options.raters, each=2, seed=seed), inputs=[], left_out={})
    panel = SimulatedPanel(seed=seed, severity=RATERS, systems=SYSTEMS, spread=1.2, noise=0.9)
    judge = SimulatedJudge(panel=panel, bias={"gl": BIAS}, slope=SLOPE, length=LENGTH)
    heard = Heard(verdicts={judge.label: {OVERALL: place_verdicts(key, judge)}})
    bootstrap = Bootstrap(samples=samples, confidence=0.95, seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        for sheet in key.sheets:
            (Path(folder) / f"{sheet.rater}.json").write_text(panel.fill(key, sheet))
        ratings = read_ratings([Path(folder)], [key])
    return build_results([key], {key.study: "s"}, ratings, heard, bootstrap=bootstrap, inputs={}).axes[0]


def place_verdicts(key: Key, judge: SimulatedJudge) -> dict[Place, float]:
    return {(key.study, one.id, one.turn, (one.system,)): one.score or 0.0 for one in judge.judge(key)}


def list_truths(axis: AxisResult) -> dict[str, tuple[Estimate, float]]:
    (judge,) = axis.judges
    (difference,) = axis.differences
    strict = next(one for one in axis.raters if one.rater == "a")
    people = sum(RATERS.values()) / len(RATERS)
    return {
        "bias of the judge": (judge.bias, BIAS - people),
        "slope on the length": (judge.slope, SLOPE),
        "difference of two systems": (difference.means.micro, SYSTEMS["two"] - SYSTEMS["one"]),
        "severity of a rater": (strict.severity, RATERS["a"] - (RATERS["b"] + RATERS["c"]) / 2),
    }


def holds(estimate: Estimate, true: float) -> bool:
    return estimate.low is not None and estimate.high is not None and estimate.low <= true <= estimate.high


if __name__ == "__main__":
    main()
