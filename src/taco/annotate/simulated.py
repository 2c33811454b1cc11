"""People and a judge who do not exist: raters and verdicts with a bias and a noise that are known.

They show whether the figures of `taco annotate read` find what is there, and how wide intervals would be, before anybody is asked.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from taco.annotate.key import Key, KeyItem, KeySheet
from taco.annotate.sheet import SCHEMA
from taco.evaluate.judge.judgement import Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedPanel:
    """People whose rating is the answer's true quality, plus their own severity, plus noise, rounded to the scale.

    Attributes:
        seed: Seed of qualities and noise.
        centre, spread: Mean and standard deviation of the true qualities, in points.
        noise: Standard deviation of a rater's error.
        severity: Rater -> points added to all ratings; below zero is strict.
        systems: System -> points added to the quality of its answers.
        first: Of pairs: points that the answer shown first is ahead by.
        tie: Of pairs: points below which two answers are alike.
    """

    seed: int = 0
    centre: float = 5.5
    spread: float = 1.5
    noise: float = 1.0
    severity: Mapping[str, float] = field(default_factory=dict)
    systems: Mapping[str, float] = field(default_factory=dict)
    first: float = 0.0
    tie: float = 0.5

    def find_quality(self, study: str, question: str, system: str) -> float:
        """Return an answer's true quality, in points."""
        drawn = random.Random(f"quality {self.seed} {study} {question} {system}")  # noqa: S311 (a simulation)
        return drawn.gauss(self.centre, self.spread) + self.systems.get(system, 0.0)

    def fill(self, key: Key, sheet: KeySheet) -> str:
        """Return what the page of a sheet would save once a simulated rater is through, as JSON."""
        axes = [axis.name for axis in key.axes]
        ratings = [
            {"item": item.id, "values": {axis: self._rate(key, sheet.rater, item, axis) for axis in axes}}
            for item in sheet.items
        ]
        head = {"taco_ratings": SCHEMA, "study": key.study, "rater": sheet.rater, "sheet": sheet.digest}
        return json.dumps({**head, "ratings": ratings})

    def _rate(self, key: Key, rater: str, item: KeyItem, axis: str) -> int:
        drawn = random.Random(f"rating {self.seed} {key.study} {rater} {item.question} {item.systems} {axis}")  # noqa: S311
        seen = [
            self.find_quality(key.study, item.question, system) + drawn.gauss(0, self.noise) for system in item.systems
        ]
        if len(seen) == 1:
            return _round(seen[0] + self.severity.get(rater, 0.0), key)
        first, second = reversed(seen) if item.is_flipped else seen
        lead = first + self.first - second
        return 0 if abs(lead) < self.tie else 1 if lead > 0 else 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedJudge:
    """A judge whose rating is the true quality, plus a bias by language and length, plus noise.

    Attributes:
        panel: Who knows the true qualities.
        bias: Language -> points added.
        slope: Points added for each doubling of the length beyond `length`.
        length: Characters at which length adds nothing.
        noise: Standard deviation of its error.
        label: Its name.
    """

    panel: SimulatedPanel
    bias: Mapping[str, float] = field(default_factory=dict)
    slope: float = 0.0
    length: int = 100
    noise: float = 1.0
    label: str = "simulated"

    def judge(self, key: Key) -> list[Judgement]:
        """Return a verdict on each answer of a study of single ratings."""
        items = {(item.question, item.turn, item.systems): item for sheet in key.sheets for item in sheet.items}
        return [self._judge(key, items[place]) for place in sorted(items)]

    def _judge(self, key: Key, item: KeyItem) -> Judgement:
        (system,), (length,) = item.systems, item.lengths
        drawn = random.Random(f"verdict {self.panel.seed} {key.study} {self.label} {item.question} {system}")  # noqa: S311
        points = self.panel.find_quality(key.study, item.question, system) + drawn.gauss(0, self.noise)
        points += self.bias.get(item.language, 0.0) + self.slope * math.log2(length / self.length)
        return Judgement(
            id=item.question,
            system=system,
            category=item.category,
            language=item.language,
            judge=self.label,
            prompt="",
            score=float(_round(points, key)),
            length=length,
            turn=item.turn,
        )


def _round(points: float, key: Key) -> int:
    return min(key.options.highest, max(key.options.lowest, round(points)))
