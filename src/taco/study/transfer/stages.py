"""The stages of a borrowed run: the lender's held-out rows in another language, answered with the lender's adapter.

They are the pipeline's own where nothing differs, so a borrowed run folder has a manifest, stale stages and resume as any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from taco.pipeline.stage import Context, Stage
from taco.pipeline.stages import STAGES, run_chain
from taco.records import Row, StageCount
from taco.store.jsonl import read_records, write_records
from taco.study.transfer.lender import Lender


def make_stages(lender: Lender, *, questions: int | None) -> tuple[Stage, ...]:
    """Return the stages that ask a lender's adapter in the recipe's language.

    Args:
        lender: The run that lends its adapter.
        questions: How many of its held-out rows are asked; None for all.
    """
    usual = {stage.name: stage for stage in STAGES}

    def read_questions(context: Context) -> StageCount:
        return _copy_rows(lender.run / "source", context.folder.stage("source"), questions)

    def decide_generate(context: Context) -> Sequence[Any]:
        return (*usual["generate"].settings(context), dict(lender.adapter))

    def generate(context: Context) -> StageCount:
        return usual["generate"].run(replace(context, borrowed=lender.adapter_folder))

    return (
        Stage("source", 1, (), lambda _: (lender.heldout, questions), read_questions),
        usual["translate"],
        replace(usual["chain"], inputs=("translate",), run=partial(run_chain, rows="translate")),
        replace(usual["generate"], inputs=("chain",), settings=decide_generate, run=generate),
        usual["evaluate"],
    )


def _copy_rows(source: Path, out: Path, questions: int | None) -> StageCount:
    """Copy the first held-out rows; there is nothing to train on."""
    rows = list(islice(read_records(source / "heldout.jsonl", Row), questions))
    write_records(out / "train.jsonl", [])
    write_records(out / "heldout.jsonl", rows)
    return StageCount(rows_in=len(rows), rows_kept=len(rows))
