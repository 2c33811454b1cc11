"""Asking a lender's adapter in each language, and reading what the answers scored."""

from __future__ import annotations

from pathlib import Path

from taco.errors import DataError, EngineError
from taco.evaluate.scores import Scores, read_scores
from taco.languages.table import Language
from taco.pipeline.run import run_recipe
from taco.progress import Progress
from taco.study.transfer.lender import Lender
from taco.study.transfer.stages import make_stages


def ask_language(
    lender: Lender, language: Language, *, runs: Path, questions: int | None, cache: Path, progress: Progress
) -> Scores:
    """Ask the adapter in another language; what is done already is not done again.

    Args:
        lender: The run that lends its adapter.
        language: In which language.
        runs: Folder of the borrowed runs.
        questions: How many of the lender's held-out rows; None for all.
        cache: The cache folder.
        progress: Where to say how far it is.

    Raises:
        EngineError: The lender's engine has no way into the language, or its translations are all dropped.
        TacoError: A stage could not finish; the same call goes on from there.
    """
    recipe = lender.recipe.model_copy(update={"name": language.code, "language": language.code, "languages": ()})
    folder = run_recipe(
        recipe, runs=runs, cache=cache, progress=progress, stages=make_stages(lender, questions=questions)
    )
    scores = read_scores(folder.root / "evaluate" / "scores.json")
    if not scores.rows:
        reasons = ", ".join(sorted(folder.read_manifest().stages["translate"].dropped)) or "no questions"
        raise EngineError(f"none of the questions could be translated ({reasons}); see {folder.root / 'translate'}.")
    return scores


def read_own(run: Path, language: Language) -> Scores:
    """Read what an adapter that was trained on a language scored on its own held-out rows.

    Raises:
        DataError: The run is of another language, or has no scores.
    """
    scores = read_scores(run / "evaluate" / "scores.json")
    if scores.language != language.code:
        raise DataError(f"{run} is a run for {scores.language_name}, expected one for {language.name}.")
    return scores
