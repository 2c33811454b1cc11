"""Judges' verdicts on a run's answers, where there are any, see `taco judge`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from taco.errors import DataError
from taco.evaluate.judge.judgement import Judgement
from taco.measure.bootstrap import Bootstrap, Estimate
from taco.records import from_json
from taco.report.side_by_side.content import JudgeVerdict
from taco.store.files import disk_faults

FOLDERS = {"judge": "", "judge-rubric": ", rubric"}
"""Folder of a run -> what is written behind a judge's name."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What judges said about a run's answers.

    Attributes:
        by_answer: (arm, id) -> verdicts, in the order of the file.
        unread: Number of lines that are no verdict on an answer.
    """

    by_answer: Mapping[tuple[str, str], tuple[JudgeVerdict, ...]] = field(default_factory=dict)
    unread: int = 0

    def estimate_ratings(self, bootstrap: Bootstrap) -> dict[str, dict[str, Estimate]]:
        """Return judge -> arm -> mean rating; answers without a rating are unscored."""
        scores: dict[str, dict[str, list[float | None]]] = {}
        for (arm, _), verdicts in self.by_answer.items():
            for verdict in verdicts:
                scores.setdefault(verdict.judge, {}).setdefault(arm, []).append(verdict.score)
        return {
            judge: {arm: bootstrap.estimate_mean(found) for arm, found in sorted(arms.items())}
            for judge, arms in sorted(scores.items())
        }


def read_verdicts(run: Path) -> Verdicts:
    """Read a run's verdicts; an absent file is none, a line that is no verdict is counted and passed over.

    Raises:
        StoreError: A file cannot be read.
    """
    found: dict[tuple[str, str], tuple[JudgeVerdict, ...]] = {}
    unread = 0
    for folder, mode in FOLDERS.items():
        for line in _read_lines(run / folder / "verdicts.jsonl"):
            try:
                judgement = from_json(Judgement, line)
            except DataError:
                unread += 1
                continue
            arm = judgement.system.rpartition("/")[2]  # "RUN/tuned" where several runs were judged together
            key = (arm, judgement.id)
            found[key] = (*found.get(key, ()), _describe(judgement, mode))
    return Verdicts(found, unread)


def _read_lines(path: Path) -> list[str]:
    if not path.is_file():
        return []
    with disk_faults(path, "read"):
        text = path.read_text(encoding="utf-8", errors="replace")
    return [line for line in text.split("\n") if line.strip()]


def _describe(judgement: Judgement, mode: str) -> JudgeVerdict:
    score = judgement.score if judgement.score is not None and math.isfinite(judgement.score) else None
    return JudgeVerdict(
        judge=f"{judgement.judge}{mode}",
        score=score,
        axes={axis: value for axis, value in judgement.axes.items() if math.isfinite(value)},
        reason=judgement.reason,
        explanation=judgement.explanation,
    )
