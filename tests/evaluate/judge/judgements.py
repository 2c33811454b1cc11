"""Judgements with scores that a test knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from taco.evaluate.judge.judgement import Judgement
from taco.measure.bootstrap import Bootstrap

BOOTSTRAP = Bootstrap(samples=400, confidence=0.95, seed=5)


def judged(id_: str, score: float | None, category: str = "generic", **fields: Any) -> Judgement:
    settings = {"system": "a", "language": "gl", "judge": "j", "prompt": "p", **fields}
    return Judgement(
        id=id_, category=category, score=score, reason="" if score is not None else "no-rating", **settings
    )


def judged_all(scores: Sequence[tuple[str, float | None]], **fields: Any) -> list[Judgement]:
    return [judged(str(n), score, category, **fields) for n, (category, score) in enumerate(scores, start=1)]
