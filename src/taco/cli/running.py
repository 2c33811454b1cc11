"""`taco run`: one run for each language of a recipe."""

from __future__ import annotations

from pathlib import Path

from taco.errors import BudgetError, StoreError, TacoError
from taco.pipeline import run_recipe
from taco.progress import Progress, open_progress
from taco.recipe.schema import Recipe
from taco.store.cache import cache_folder


def run_all(recipe: Recipe, *, runs: Path, until: str | None, again: str | None, quiet: bool) -> None:
    """Run a recipe for each of its languages, and print where the results are.

    A language that fails does not stop the others; a spent budget and a broken disk do.

    Raises:
        TacoError: The run failed; of several languages the error of the first that did, once all were tried.
    """
    progress = open_progress(quiet=quiet)
    recipes = recipe.split()
    failures: list[tuple[Recipe, TacoError]] = []
    for number, one in enumerate(recipes, start=1):
        if len(recipes) > 1:
            progress.say(f"{one.target.name} ({number} of {len(recipes)})")
        try:
            _run_one(one, runs=runs, until=until, again=again, progress=progress)
        except (BudgetError, StoreError):
            raise
        except TacoError as error:
            if len(recipes) == 1:
                raise
            progress.say(f"{one.target.name}: {error}")
            failures.append((one, error))
    if failures:
        names = ", ".join(one.target.name for one, _ in failures)
        first = failures[0][1]
        raise type(first)(
            f"{len(failures)} of {len(recipes)} languages failed: {names}. The first one: {first.message}",
            hint=first.hint,
        )


def _run_one(recipe: Recipe, *, runs: Path, until: str | None, again: str | None, progress: Progress) -> None:
    folder = run_recipe(recipe, runs=runs, cache=cache_folder(), progress=progress, until=until, again=again)
    if until is None or until == "report":
        print_scores(folder.root)
        print(f"\nReport: {folder.root / 'report.html'}")
    else:
        print(folder.root / until)


def print_scores(run: Path) -> None:
    """Print the table of a finished run, and what judges said where it was judged."""
    from taco.cli.streams import open_console
    from taco.evaluate.scores import read_scores
    from taco.report.judged import render_judge
    from taco.report.terminal import render_table
    from taco.report.verdicts import read_verdicts

    console = open_console()
    console.print(render_table(read_scores(run / "evaluate" / "scores.json")))
    verdicts = read_verdicts(run)
    for scores in verdicts.scores.values():
        console.print(render_judge(scores))
    for fault in verdicts.faults:
        console.print(fault, markup=False, highlight=False)
