"""A judge's verdicts on a run's answers, where there are any: RUN/judge/verdicts.jsonl, see `taco judge`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from taco.measure.bootstrap import Bootstrap, Estimate
from taco.report.side_by_side.content import JudgeVerdict
from taco.store.files import disk_faults

FILE = Path("judge") / "verdicts.jsonl"


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
        StoreError: The file cannot be read.
    """
    path = run / FILE
    if not path.is_file():
        return Verdicts()
    with disk_faults(path, "read"):
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    found: dict[tuple[str, str], tuple[JudgeVerdict, ...]] = {}
    unread = 0
    for line in filter(str.strip, lines):
        read = _read_verdict(line)
        if read is None:
            unread += 1
        else:
            key, verdict = read
            found[key] = (*found.get(key, ()), verdict)
    return Verdicts(found, unread)


def _read_verdict(line: str) -> tuple[tuple[str, str], JudgeVerdict] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict) or not all(isinstance(row.get(name), str) for name in ("id", "system", "judge")):
        return None
    score = row.get("score")
    if score is not None and (
        isinstance(score, bool) or not isinstance(score, int | float) or not math.isfinite(score)
    ):
        return None
    reason, explanation = (text if isinstance(text := row.get(name), str) else "" for name in ("reason", "explanation"))
    arm = row["system"].rpartition("/")[2]  # "RUN/tuned" where several runs were judged together
    verdict = JudgeVerdict(
        judge=row["judge"], score=None if score is None else float(score), reason=reason, explanation=explanation
    )
    return (arm, row["id"]), verdict
