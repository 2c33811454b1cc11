"""`taco study`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from taco.study.options import ArmsStudy

study_app = typer.Typer(
    help="Answer one question with several runs: one table and one picture, resumable. See docs/study.md.",
    no_args_is_help=True,
)

File = Annotated[
    Path, typer.Argument(help="The study, a TOML file that names a recipe; or a recipe itself.", metavar="STUDY")
]
Studies = Annotated[Path, typer.Option("--studies", help="Folder that holds the studies' folders.")]
Tokens = Annotated[int | None, typer.Option("--tokens", min=1, help="Tokens that each trained arm sees.", metavar="N")]
Seeds = Annotated[str | None, typer.Option("--seeds", help="Seeds of the trainings: 0,1,2.", metavar="N,N")]
Arms = Annotated[str | None, typer.Option("--arms", help="Arms to compare: direct,taco.", metavar="NAMES")]
Settings = Annotated[
    list[str],
    typer.Option("--set", metavar="KEY=VALUE", help="Take this value instead of the recipe's; may be repeated."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what it would take, and do nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]


@study_app.command()
def ablation(
    file: File,
    studies: Studies = Path("studies"),
    tokens: Tokens = None,
    seeds: Seeds = None,
    arms: Arms = None,
    settings: Settings = [],  # noqa: B006 (typer copies it)
    dry_run: DryRun = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say what each part of the chain gives: all formats, stages and the untrained cascade at equal tokens.

    Example: taco study ablation recipes/study-ablation-gl.toml
    """
    given = _gather(tokens=tokens, seeds=seeds, arms=arms, settings=settings)
    _run("ablation", file, given, studies=studies, dry_run=dry_run, as_json=as_json, quiet=quiet)


@study_app.command()
def compare(
    file: File,
    studies: Studies = Path("studies"),
    tokens: Tokens = None,
    seeds: Seeds = None,
    arms: Arms = None,
    settings: Settings = [],  # noqa: B006
    dry_run: DryRun = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare the base model, plain tuning and the chain on the same questions, at equal tokens.

    Example: taco study compare recipes/quickstart.toml --seeds 0,1
    """
    given = _gather(tokens=tokens, seeds=seeds, arms=arms, settings=settings)
    _run("compare", file, given, studies=studies, dry_run=dry_run, as_json=as_json, quiet=quiet)


def _gather(*, tokens: int | None, seeds: str | None, arms: str | None, settings: list[str]) -> dict[str, Any]:
    given: dict[str, Any] = {"tokens": tokens, "settings": tuple(settings) or None}
    given["seeds"] = tuple(part.strip() for part in seeds.split(",")) if seeds else None
    given["arms"] = tuple(part.strip() for part in arms.split(",")) if arms else None
    return {name: value for name, value in given.items() if value is not None}


def _run(
    kind: str, file: Path, given: dict[str, Any], *, studies: Path, dry_run: bool, as_json: bool, quiet: bool
) -> None:
    from taco.progress import open_progress
    from taco.store.cache import cache_folder
    from taco.study.options import load_arms_study
    from taco.study.run import run_study

    study = load_arms_study(file, kind=kind, given=given)
    folder = studies / study.name
    if dry_run:
        _print_plan(study, kind=kind, folder=folder, as_json=as_json)
        return
    found = run_study(
        study,
        kind=kind,
        folder=folder,
        cache=cache_folder(),
        progress=open_progress(quiet=quiet),
        command=_write_command(kind, file, given),
    )
    if as_json:
        print(found.model_dump_json(indent=1))
        return
    print(found.tables[0].to_markdown())
    print(f"\n{folder / f'{kind}.md'}, {folder / f'{kind}.json'}, {folder / f'{kind}.svg'}")


def _write_command(kind: str, file: Path, given: dict[str, Any]) -> str:
    import shlex

    words = ["taco", "study", kind, str(file)]
    for name, value in given.items():
        if name == "settings":
            words += [word for setting in value for word in ("--set", setting)]
        else:
            words += [f"--{name}", ",".join(value) if isinstance(value, tuple) else str(value)]
    return shlex.join(words)


def _print_plan(study: ArmsStudy, *, kind: str, folder: Path, as_json: bool) -> None:
    import json

    from taco.report.wording import write_seconds
    from taco.store.cache import cache_folder
    from taco.study.jobs import list_jobs
    from taco.study.plan import plan_study

    jobs = list_jobs(study, kind=kind)
    plan = plan_study(jobs, study, folder, cache=cache_folder())
    if as_json:
        print(json.dumps(plan.to_json() | {"names": [job.label for job in jobs]}, indent=1))
        return
    print(f"{folder}: {plan.runs} runs, {plan.done} of them done: {', '.join(job.label for job in jobs)}")
    print(f"{plan.trainings} trainings of {study.tokens} tokens, {plan.tokens} in all")
    print(f"about {write_seconds(plan.seconds)} to go (speed: {plan.speed}), {plan.disk_bytes / 2**20:.0f} MiB on disk")
