"""The stages: for each, what of the recipe decides its output, and the function that does its work, imported on use."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taco.pipeline.stage import Context, Stage
from taco.records import StageCount

if TYPE_CHECKING:
    from taco.translate.options import TranslateOptions
    from taco.translate.run import Means


def _run_source(context: Context) -> StageCount:
    from taco.source.run import run_source

    return run_source(
        context.recipe.source,
        folder=Path.cwd(),
        out=context.folder.stage("source"),
        seed=context.recipe.seed,
        progress=context.progress,
    )


def _run_translate(context: Context) -> StageCount:
    from taco.chain.run import list_phrases
    from taco.translate.run import Payer, run_translate

    return run_translate(
        context.recipe.translate,
        source=context.folder.stage("source"),
        out=context.folder.stage("translate"),
        target=context.recipe.target,
        phrases=list_phrases(context.recipe.chain),
        memory=context.memory,
        payer=Payer(run=context.key, account=context.recipe.name),
        progress=context.progress,
    )


def _make_means(context: Context, translate: TranslateOptions) -> Means:
    """Return the means of translating on the side, in the run's name."""
    from taco.translate.run import Means, Payer

    payer = Payer(run=context.key, account=context.recipe.name)
    return Means(translate=translate, memory=context.memory, payer=payer)


def _run_gate(context: Context) -> StageCount:
    from taco.gate.run import run_gate

    options = context.recipe.gate
    back = _make_means(context, options.choose_back(context.recipe.translate)) if options.asks_back else None
    return run_gate(
        options,
        translated=context.folder.stage("translate"),
        out=context.folder.stage("gate"),
        target=context.recipe.target,
        seed=context.recipe.seed,
        back=back,
        progress=context.progress,
    )


def run_chain(context: Context, *, rows: str = "gate") -> StageCount:
    """Run the stage `chain` on the rows that the stage `rows` left."""
    from taco.chain import run as chain

    return chain.run_chain(
        context.recipe.chain,
        translated=context.folder.stage(rows),
        out=context.folder.stage("chain"),
        language=context.recipe.target,
        progress=context.progress,
    )


def _run_train(context: Context) -> StageCount:
    from taco.train.run import run_train

    return run_train(
        context.recipe.train,
        model=context.recipe.model,
        chain=context.folder.stage("chain"),
        out=context.folder.stage("train"),
        cache=context.cache,
        seed=context.recipe.train_seed,
        progress=context.progress,
    )


def _run_generate(context: Context) -> StageCount:
    from taco.generate.run import run_generate

    return run_generate(
        context.recipe.generate,
        means=_make_means(context, context.recipe.translate),
        model=context.recipe.model,
        chain=context.folder.stage("chain"),
        adapter=context.adapter,
        out=context.folder.stage("generate"),
        cache=context.cache,
        language=context.recipe.target,
        progress=context.progress,
    )


def _run_evaluate(context: Context) -> StageCount:
    from taco.evaluate.run import run_evaluate

    if context.recipe.evaluate.translate_step3:
        _translate_step3(context)
    return run_evaluate(
        context.recipe.evaluate,
        chain=context.folder.stage("chain"),
        answers=context.folder.stage("generate"),
        out=context.folder.stage("evaluate"),
        language=context.recipe.target,
        seed=context.recipe.seed,
        progress=context.progress,
    )


def _translate_step3(context: Context) -> None:
    from taco.evaluate.step3 import translate_sections

    translate_sections(
        _make_means(context, context.recipe.translate),
        chain=context.folder.stage("chain"),
        answers=context.folder.stage("generate"),
        out=context.folder.stage("evaluate"),
        language=context.recipe.target,
        progress=context.progress,
    )


def _run_report(context: Context) -> StageCount:
    from taco.report.run import run_report

    return run_report(
        run=context.folder.root,
        name=context.recipe.run_name,
        language=context.recipe.target,
        progress=context.progress,
    )


def _source_settings(context: Context) -> Sequence[Any]:
    from taco.source.run import digest_source

    digest = digest_source(context.recipe.source, folder=Path.cwd(), digest=context.folder.digests.digest)
    return (context.recipe.source, context.recipe.seed, digest)


def _translate_settings(context: Context) -> Sequence[Any]:
    from taco.chain.run import list_phrases

    deciding = context.recipe.translate.select_deciding()
    return (deciding, context.recipe.language, list_phrases(context.recipe.chain))


def _gate_settings(context: Context) -> Sequence[Any]:
    from taco.measure.bootstrap import METHOD

    options = context.recipe.gate
    back = options.choose_back(context.recipe.translate).select_deciding() if options.asks_back else None
    intervals = (context.recipe.seed, METHOD) if options.corpus_round_trip.sentences else None
    return (options, context.recipe.language, back, intervals)


def _evaluate_settings(context: Context) -> Sequence[Any]:
    options = context.recipe.evaluate
    engine = context.recipe.translate.select_deciding() if options.translate_step3 else None
    return (options, context.recipe.language, context.recipe.seed, engine)


def _generate_settings(context: Context) -> Sequence[Any]:
    recipe = context.recipe
    engine = (recipe.translate.select_deciding(),) if recipe.generate.mode != "chain" else ()
    return (recipe.generate.select_deciding(), recipe.model, recipe.language, *engine)


def _train_settings(context: Context) -> Sequence[Any]:
    from taco.train.rows import digest_files

    recipe = context.recipe
    files = digest_files(recipe.train, chain=context.folder.stage("chain"), digest=context.folder.digests.digest)
    return (recipe.train.select_deciding(), recipe.model, recipe.seed, *files.values())


def _report_settings(context: Context) -> Sequence[Any]:
    """Verdicts are written after the run, by `taco judge`: the report is made anew with them, once."""
    from taco.report.verdicts import digest_verdicts

    verdicts = digest_verdicts(context.folder.root, digest=context.folder.digests.digest)
    return (context.recipe.run_name, context.recipe.language, verdicts)


STAGES = (
    Stage("source", 2, (), _source_settings, _run_source),
    Stage("translate", 3, ("source",), _translate_settings, _run_translate),
    Stage("gate", 2, ("translate",), _gate_settings, _run_gate),
    Stage(
        "chain",
        1,
        ("gate",),
        lambda c: (c.recipe.chain, c.recipe.chain.list_signatures(), c.recipe.language),
        run_chain,
    ),
    Stage("train", 1, ("chain",), _train_settings, _run_train),
    Stage(
        "generate",
        2,
        ("chain", "train"),
        _generate_settings,
        _run_generate,
    ),
    Stage(
        "evaluate",
        4,
        ("chain", "generate"),
        _evaluate_settings,
        _run_evaluate,
    ),
    Stage(
        "report",
        4,
        ("source", "translate", "gate", "chain", "train", "generate", "evaluate"),
        _report_settings,
        _run_report,
        files=("report.html", "report.json"),
    ),
)
"""The stages, in the order in which data moves."""
