"""The stages of a borrowed run: questions in another language, answered with the lender's adapter.

They are the pipeline's own where nothing differs, so a borrowed run folder has a manifest, stale stages and resume as any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from taco.languages.table import Language
from taco.pipeline.stage import Context, Stage
from taco.pipeline.stages import STAGES, run_chain
from taco.records import Row, StageCount
from taco.store.jsonl import write_records
from taco.study.transfer.lender import Lender
from taco.study.transfer.questions import Given, Questions, take_given


def make_stages(lender: Lender, language: Language, *, questions: Questions) -> tuple[Stage, ...]:
    """Return the stages that ask a lender's adapter in a language.

    Args:
        lender: The run that lends its adapter.
        language: In which language; its questions are translated by the engine where they are not given.
        questions: What is asked.
    """
    usual = {stage.name: stage for stage in STAGES}
    given = questions.given.get(language.code)

    def copy_questions(context: Context) -> StageCount:
        return _copy_rows(questions.rows, context.folder.stage("source"))

    def decide_generate(context: Context) -> Sequence[Any]:
        return (*usual["generate"].settings(context), dict(lender.adapter))

    def generate(context: Context) -> StageCount:
        return usual["generate"].run(replace(context, borrowed=lender.adapter_folder))

    return (
        Stage("source", 1, (), lambda _: questions.decides, copy_questions),
        usual["translate"] if given is None else _make_taking(given),
        replace(usual["chain"], inputs=("translate",), run=partial(run_chain, rows="translate")),
        replace(usual["generate"], inputs=("chain",), settings=decide_generate, run=generate),
        usual["evaluate"],
    )


def _make_taking(given: Given) -> Stage:
    """Return the stage that stands for `translate` where the questions are there already."""

    def take(context: Context) -> StageCount:
        return take_given(
            given,
            source=context.folder.stage("source"),
            out=context.folder.stage("translate"),
            language=context.recipe.language,
        )

    return Stage("translate", 1, ("source",), lambda _: ("given", given.name, given.digest), take)


def _copy_rows(rows: Sequence[Row], out: Path) -> StageCount:
    """Write the questions in English; there is nothing to train on."""
    write_records(out / "train.jsonl", [])
    write_records(out / "heldout.jsonl", rows)
    return StageCount(rows_in=len(rows), rows_kept=len(rows))
