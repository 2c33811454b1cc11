"""`taco answer`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taco.errors import DataError, RecipeError

if TYPE_CHECKING:
    from taco.evaluate.benchmark.answer import Answerer
    from taco.generate.options import GenerateOptions
    from taco.recipe.schema import Recipe


def answer(
    run: Annotated[Path, typer.Argument(help="A run folder whose adapter is trained.", metavar="RUN")],
    benchmark: Annotated[
        Path,
        typer.Option(
            "--benchmark", help="Questions in the run's language: .jsonl, .xlsx or hf:owner/name.", metavar="FILE"
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Folder of the answers; by default RUN/benchmark/NAME, after FILE and --mode.", metavar="DIR"
        ),
    ] = None,
    references: Annotated[
        Path | None, typer.Option(help="Reference answers, kept beside the questions for judges.", metavar="FILE")
    ] = None,
    categories: Annotated[
        Path | None, typer.Option(help="A benchmark with the same ids that names the categories.", metavar="FILE")
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(
            help="Who does the steps of the chain: chain, engine-question, engine-answer or engine-both; the recipe's if "
            "left out.",
            metavar="MODE",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Let the base model and the tuned model of a run answer a benchmark, as they answered the held-out rows.

    All turns are asked, each in one conversation with the arm's own earlier answers. base.jsonl and tuned.jsonl have
    FastChat's form; taco judge takes the whole folder. A call that was stopped goes on with the same call.

    Example: taco answer runs/quickstart-gl --benchmark vicuna.gl.jsonl
    """
    from taco.evaluate.benchmark.answer import answer_benchmark
    from taco.evaluate.benchmark.learnt import note_learnt
    from taco.evaluate.benchmark.read import read_benchmark
    from taco.progress import open_progress
    from taco.report.wording import write_plain
    from taco.store.cache import cache_folder
    from taco.store.run_folder import RunFolder

    recipe, answerer = _open_run(run, mode)
    questions = read_benchmark(benchmark, references=references, categories=categories)
    out = out or _find_folder(run, benchmark, mode)
    progress = open_progress(quiet=quiet)
    with RunFolder(out).lock():
        count = answer_benchmark(answerer, questions, out=out, cache=cache_folder(), progress=progress)
        # Behind the answers: a folder of other answers is refused there, and what it says of its own benchmark stays.
        learnt = note_learnt(run, recipe.train, questions, out=out, progress=progress)
    turns = sum(len(question.turns) for question in questions)
    asked = f"{len(questions)} questions" if turns == len(questions) else f"{len(questions)} questions, {turns} turns"
    print(f"{count.rows_kept} of {count.rows_in} answers ({asked}, two arms): {out}")
    for reason, number in count.dropped.items():
        print(f"{number} without an answer: {reason}, see {out / 'dropped.jsonl'}")
    print(write_plain(learnt))


def _find_folder(run: Path, benchmark: Path, mode: str | None) -> Path:
    from taco.evaluate.files.hub import is_on_hub
    from taco.evaluate.judge.systems import BENCHMARK

    if is_on_hub(benchmark):
        raise RecipeError("A benchmark of the hub has no file name.", hint="Name a folder with --out DIR.")
    return run / BENCHMARK / (f"{benchmark.stem}-{mode}" if mode else benchmark.stem)


def _open_run(run: Path, mode: str | None) -> tuple[Recipe, Answerer]:
    from pydantic import ValidationError

    from taco.evaluate.benchmark.answer import Answerer
    from taco.recipe.schema import Recipe
    from taco.store.cache import cache_folder
    from taco.store.manifest import read_manifest
    from taco.translate.run import Means, Payer

    manifest = read_manifest(run / "manifest.json")
    trained = manifest.stages.get("train")
    if trained is None or trained.status != "done" or not (run / "train" / "adapter").is_dir():
        raise DataError(f"{run} holds no trained adapter.", hint="taco run RECIPE makes one.")
    try:
        recipe = Recipe.model_validate(manifest.recipe)
    except ValidationError as error:
        raise DataError(f"The recipe in {run / 'manifest.json'} is of another version of taco.") from error
    return recipe, Answerer(
        run=run,
        means=Means(
            translate=recipe.translate,
            memory=recipe.translate.memory or cache_folder() / "memory.sqlite",
            payer=Payer(run=f"answer {recipe.run_name}", account=recipe.name),
        ),
        chain=recipe.chain,
        model=recipe.model,
        generate=_set_mode(recipe.generate, mode),
        language=recipe.target,
        adapter=trained.outputs,
    )


def _set_mode(options: GenerateOptions, mode: str | None) -> GenerateOptions:
    from taco.generate.modes import parse_mode

    return options if mode is None else options.model_copy(update={"mode": parse_mode(mode)})
