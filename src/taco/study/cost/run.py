"""A cost study from its file to its table and picture. It only reads; a call that was stopped is given again."""

from __future__ import annotations

from pathlib import Path

from taco.errors import DataError
from taco.progress import Progress
from taco.store.manifest import read_manifest
from taco.study.cost.options import CostStudy
from taco.study.cost.show import draw_charts, list_notes, list_tables
from taco.study.cost.summary import CostResults, SystemCost, read_systems
from taco.study.result import list_paragraphs, write_result

TITLE = "What each method takes"


def run_cost(study: CostStudy, *, folder: Path, progress: Progress) -> tuple[CostResults, list[Path]]:
    """Read what finished runs took; return the results and the files that hold them.

    The base model beside a tuned one is shown once for each base, from the first run that has its answers.

    Args:
        study: Which runs.
        folder: The study's folder.
        progress: Where to say how far it is.

    Raises:
        DataError: A run is missing or not finished.
    """
    runs = find_runs(study.runs)
    systems: list[SystemCost] = []
    with progress.task("Reading runs", total=len(runs), unit="runs") as task:
        for run in runs:
            systems += _leave_out_known(read_systems(run, study), systems)
            task.advance()
    results = CostResults(
        study=study.name,
        systems=tuple(systems),
        energy=_describe_energy(study),
        intervals=study.bootstrap.signature,
        machines={run.name: _describe_machine(run) for run in runs},
    )
    paths = write_result(
        folder,
        name="cost",
        title=TITLE,
        numbers=results,
        paragraphs=list_paragraphs("cost", TITLE, list_tables(results), list_notes(results)),
        charts=draw_charts(results),
    )
    return results, paths


def _leave_out_known(found: list[SystemCost], systems: list[SystemCost]) -> list[SystemCost]:
    """Leave out a base model that stands beside a tuned one and is shown already."""
    known = {one.base for one in systems if one.arm == "base"}
    return [one for one in found if one.arm != "base" or len(found) == 1 or one.base not in known]


def find_runs(patterns: tuple[str, ...]) -> list[Path]:
    """Return the run folders that paths with * in them stand for, each once, in the order of the patterns.

    Raises:
        DataError: A pattern stands for no run folder.
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        path = Path(pattern)
        places = Path(path.anchor or ".").glob(str(path.relative_to(path.anchor)))
        runs = sorted(place for place in places if (place / "manifest.json").is_file())
        if not runs:
            raise DataError(f"{pattern} is no run folder.", hint="A run folder holds a file manifest.json.")
        found |= dict.fromkeys(runs)
    return list(found)


def _describe_energy(study: CostStudy) -> str:
    if study.watts is not None:
        return f"wall-clock time x {study.watts:g} W for the whole machine, as the study says"
    return f"seconds on processor cores x {study.watts_per_core:g} W a busy core, an assumption; accelerators are not counted"


def _describe_machine(run: Path) -> str:
    versions = read_manifest(run / "manifest.json").versions
    return ", ".join(f"{name} {versions[name]}" for name in ("taco", "python", "machine", "torch") if name in versions)
