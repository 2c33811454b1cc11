"""`taco export`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from taco.export.job import Job
    from taco.export.tuned_run import TunedRun
    from taco.publish.model.lineage import Learnt

FOLDER = Path("exports")
"""Where exports go that nobody named a folder for."""


def export(
    run: Annotated[Path, typer.Argument(help="The run's folder.", metavar="RUN")],
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help="adapter, merged, gguf, gguf-base, gguf-lora, ctranslate2, ollama, llama-factory or axolotl.",
            metavar="FORM",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="The export's folder; exports/RUN-FORM if not given.", metavar="DIR")
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(help="Number format: f16, f32, bf16, q8_0 of GGUF; others see docs/export.md.", metavar="FORMAT"),
    ] = None,
    check: Annotated[
        int | None,
        typer.Option(
            help="Then hold the export against transformers on so many held-out prompts; exit code 8 if prompts differ.",
            min=1,
            metavar="N",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Write a finished run in the form of another program, with a card.

    The same command again writes nothing where the export is whole and up to date. See docs/export.md.

    Example: taco export runs/quickstart-gl --to gguf --weights q8_0
    """
    from taco.export.run import export_run
    from taco.export.tuned_run import TunedRun
    from taco.progress import open_progress
    from taco.store.cache import cache_folder

    progress, cache = open_progress(quiet=quiet), cache_folder()
    found = TunedRun.from_folder(run)
    folder = out or FOLDER / f"{found.recipe.run_name}-{to}"
    changed = export_run(found, to, out=folder, weights=weights, cache=cache, texts=describe_export, progress=progress)
    progress.say("export: done" if changed else "export: up to date")
    if check is not None:
        from taco.cli.parity import check_parity

        check_parity(found, folder, prompts=check, cache=cache, progress=progress)
    print(folder)


def describe_export(job: Job, form: str) -> Mapping[str, str]:
    """Return what is said about an export: file -> text of its card and its licences.

    Raises:
        PublishError: A run whose rows were learnt too is not there any more.
        DataError: The run's rows or scores are damaged.
    """
    from taco.evaluate.scores import read_scores
    from taco.export.training import name_base
    from taco.export.use import describe_use
    from taco.pipeline import list_outdated
    from taco.publish.model.card import render_texts
    from taco.publish.model.lineage import trace_lineage
    from taco.records import Example
    from taco.store.cache import cache_folder
    from taco.store.jsonl import read_records

    run, scores = job.run, job.run.root / "evaluate" / "scores.json"
    feedback = {str(path.parents[1]): sum(1 for _ in read_records(path, Example)) for path in run.list_feedback()}
    lineage = trace_lineage(
        _list_learnt(run), feedback=feedback, base=name_base(job.base), base_licence=job.base.licence
    )
    outdated = list_outdated(run.recipe, run.root, stages=("train", "generate", "evaluate"), cache=cache_folder())
    if "train" in outdated:
        job.progress.say("The run's recipe or rows changed after its training; the card says so: taco run RECIPE.")
    if scores.is_file() and {"generate", "evaluate"} & set(outdated):
        job.progress.say("The run's scores are outdated and left out of the card: taco run RECIPE makes them anew.")
    return render_texts(
        describe_use(job, form),
        manifest=run.manifest,
        lineage=lineage,
        scores=read_scores(scores) if scores.is_file() else None,
        outdated=outdated,
    )


def _list_learnt(run: TunedRun) -> Iterator[Learnt]:
    from taco.export.tuned_run import read_recipe
    from taco.publish.model.lineage import Learnt

    for root in (run.root, *run.list_other_runs()):
        _, recipe = read_recipe(root)
        yield Learnt(root=root, language=recipe.target, source=recipe.source.path, options=recipe.dataset)
