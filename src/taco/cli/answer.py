"""`taco answer`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taco.errors import DataError

if TYPE_CHECKING:
    from taco.evaluate.benchmark.answer import Answerer


def answer(
    run: Annotated[Path, typer.Argument(help="A run folder whose adapter is trained.", metavar="RUN")],
    benchmark: Annotated[
        Path,
        typer.Option(
            "--benchmark", help="Questions in the run's language: .jsonl, .xlsx or hf:owner/name.", metavar="FILE"
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder of the answers.", metavar="DIR")],
    categories: Annotated[
        Path | None, typer.Option(help="A benchmark with the same ids that names the categories.", metavar="FILE")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Let the base model and the tuned model of a run answer a benchmark, as they answered the held-out rows.

    The first turn of each question is asked. A call that was stopped goes on with the same call.

    Example: taco answer runs/quickstart-gl --benchmark vicuna.gl.jsonl --out vicuna-answers
    """
    from taco.evaluate.benchmark.answer import answer_benchmark
    from taco.evaluate.benchmark.read import read_benchmark
    from taco.progress import open_progress
    from taco.store.cache import cache_folder
    from taco.store.run_folder import RunFolder

    answerer = _open_run(run)
    questions = read_benchmark(benchmark, categories=categories)
    with RunFolder(out).lock():
        count = answer_benchmark(
            answerer, questions, out=out, cache=cache_folder(), progress=open_progress(quiet=quiet)
        )
    print(f"{count.rows_kept} of {count.rows_in} answers (two arms): {out / 'base.jsonl'}, {out / 'tuned.jsonl'}")
    for reason, number in count.dropped.items():
        print(f"{number} not asked: {reason}, see {out / 'dropped.jsonl'}")


def _open_run(run: Path) -> Answerer:
    from pydantic import ValidationError

    from taco.evaluate.benchmark.answer import Answerer
    from taco.recipe.schema import Recipe
    from taco.store.manifest import read_manifest

    manifest = read_manifest(run / "manifest.json")
    trained = manifest.stages.get("train")
    if trained is None or trained.status != "done" or not (run / "train" / "adapter").is_dir():
        raise DataError(f"{run} holds no trained adapter.", hint="taco run RECIPE makes one.")
    try:
        recipe = Recipe.model_validate(manifest.recipe)
    except ValidationError as error:
        raise DataError(f"The recipe in {run / 'manifest.json'} is of another version of taco.") from error
    return Answerer(
        run=run,
        chain=recipe.chain,
        model=recipe.model,
        generate=recipe.generate,
        language=recipe.target,
        adapter=trained.outputs,
    )
