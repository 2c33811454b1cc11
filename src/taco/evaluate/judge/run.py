"""Judging: answers in, verdicts and scores out.

    OUT/verdicts.jsonl   one judge's word on one answer, a line each (`Judgement`)
    OUT/pairs.jsonl      one judge's word on two answers (`PairJudgement`), of the mode `pair`
    OUT/scores.json      means, intervals, differences, what it cost, what made it (`JudgeScores`)

Replies are kept in the store as they come, so a judging that was stopped goes on with the same call and pays for nothing
twice; the files are written at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from taco.evaluate.judge.judgement import Judgement, PairJudgement
from taco.remote.pace import Clock


@dataclass(frozen=True, slots=True)
class Heard:
    """What one judge said.

    Attributes:
        label: The judge's label.
        signature: The judge's signature and its prompts'.
        judgements: On single answers, in the order of the submissions.
        pairs: On two answers each.
    """

    label: str
    signature: str
    judgements: tuple[Judgement, ...] = ()
    pairs: tuple[PairJudgement, ...] = ()


@dataclass(frozen=True, slots=True)
class Bench:
    """Where replies are kept and who pays for them.

    Attributes:
        store: The file of replies.
        account: Whom the ledger and the budget are kept for.
        clock: The time; None for the machine's own.
    """

    store: Path
    account: str
    clock: Clock | None = None
