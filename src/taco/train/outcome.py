"""What a finished training says about itself: on the card, and in the manifest."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from taco.records import StageCount
from taco.train.intake import Intake
from taco.train.log import StepLog, find_best, read_evaluations, read_log
from taco.train.options import TrainOptions
from taco.train.tuning import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A finished training.

    Attributes:
        options: Its settings.
        intake: Its rows.
        order: Digest of their order.
        steps: Its log.
        best: The step whose weights were kept, where it might stop early.
        seed: The run's seed.
    """

    options: TrainOptions
    intake: Intake
    order: str
    steps: Sequence[StepLog]
    best: int | None
    seed: int

    def list_facts(self) -> dict[str, object]:
        """Return what the card says besides base and settings."""
        facts: dict[str, object] = {
            "SHA-256 of the rows": self.intake.digest,
            "rows": len(self.intake.learnt),
            "steps": len(self.steps),
        }
        if self.options.stages:
            taken = Counter(step.stage for step in self.steps)
            facts["stages"] = ", ".join(f"{stage.name} ({taken[stage.name]} steps)" for stage in self.options.stages)
        if self.best is not None:
            facts["best step"] = self.best
        return {**facts, "SHA-256 of the order of the rows": self.order, "seed": self.seed}

    def count(self, **counters: int | float | str) -> StageCount:
        """Return the stage's count.

        Args:
            counters: Further figures.
        """
        kept = len(self.intake.learnt) + self.intake.kept_back
        figures: dict[str, int | float | str] = {**summarise(self.steps), "order": self.order, **counters}
        if self.best is not None:
            figures |= {"best_step": self.best, "rows_kept_back": self.intake.kept_back}
        if self.options.over_long == "shorten":
            figures["shortened"] = sum(row.sentences_cut > 0 for row in self.intake.learnt)
        return StageCount(
            rows_in=kept + len(self.intake.drops),
            rows_kept=kept,
            dropped=Counter(drop.reason for drop in self.intake.drops),
            counters={**figures, "peak_rss_mb": _measure_peak_mb()},
        )


def read_outcome(options: TrainOptions, intake: Intake, plan: Plan, *, out: Path, order: str) -> Outcome:
    """Read what a training left behind."""
    best = None
    if options.patience is not None:
        best = find_best(read_evaluations(out / "evaluations.jsonl"), since=plan.deciding_from)
    steps = read_log(out / "log.jsonl")
    return Outcome(options=options, intake=intake, order=order, steps=steps, best=best, seed=plan.seed)


def summarise(steps: Sequence[StepLog]) -> dict[str, int | float | str]:
    """Return steps, tokens, time and speed of a training."""
    tokens, seconds = sum(step.tokens for step in steps), sum(step.seconds for step in steps)
    return {
        "steps": len(steps),
        "tokens": tokens,
        "supervised_tokens": sum(step.supervised_tokens for step in steps),
        "final_loss": round(steps[-1].loss, 4),
        "seconds": round(seconds, 1),
        "tokens_per_s": round(tokens / seconds, 1),
    }


def _measure_peak_mb() -> int:
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / 1e6) if sys.platform == "darwin" else round(peak * 1024 / 1e6)
