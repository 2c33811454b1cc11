"""Asking a lender's adapter in each language, and reading what the answers scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from taco.chain.formats import PART
from taco.errors import DataError, EngineError
from taco.evaluate.scores import Scores, read_scores
from taco.languages.table import Language
from taco.pipeline.run import run_recipe
from taco.progress import Progress
from taco.recipe.schema import Recipe
from taco.store.manifest import read_manifest
from taco.study.transfer.lender import Lender
from taco.study.transfer.questions import Questions
from taco.study.transfer.stages import make_stages


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One language's answers.

    Attributes:
        language: In which language was asked.
        scores: What base and lent adapter scored.
        answers: File of the lent adapter's answers.
        translated_by: Signature of what put the questions into the language.
        own: What an adapter that was trained on the language scored; None without one.
    """

    language: Language
    scores: Scores
    answers: Path
    translated_by: str = ""
    own: Scores | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How languages are asked.

    Attributes:
        lender: The run that lends its adapter.
        questions: What is asked.
        own: Code of a language -> what an adapter that was trained on it scored.
        runs: Folder of the borrowed runs.
        cache: The cache folder.
        progress: Where to say how far it is.
    """

    lender: Lender
    questions: Questions
    own: Mapping[str, Scores]
    runs: Path
    cache: Path
    progress: Progress


def ask_language(asking: Asking, language: Language) -> Asked:
    """Ask the adapter in a language; what is done already is not done again.

    Raises:
        EngineError: The lender's engine has no way into the language, or its translations are all dropped.
        TacoError: A stage could not finish; the same call goes on from there.
    """
    folder = run_recipe(
        _make_recipe(asking, language),
        runs=asking.runs,
        cache=asking.cache,
        progress=asking.progress,
        stages=make_stages(asking.lender, language, questions=asking.questions),
    )
    scores = read_scores(folder.root / "evaluate" / "scores.json")
    translate = folder.read_manifest().stages["translate"]
    if not scores.rows:
        reasons = ", ".join(sorted(translate.dropped)) or "no questions"
        raise EngineError(f"none of the questions could be translated ({reasons}); see {folder.root / 'translate'}.")
    return Asked(
        language=language,
        scores=scores,
        answers=folder.root / "generate" / "tuned.jsonl",
        translated_by=str(translate.counters.get("engine", "")),
        own=asking.own.get(language.code),
    )


def read_home(asking: Asking) -> Asked:
    """Return what the lender scored in its own language, on the same rows."""
    run, language = asking.lender.run, asking.lender.recipe.target
    scores = read_scores(run / "evaluate" / "scores.json")
    asked = {row.id for row in asking.questions.rows}
    kept = tuple(row for row in scores.per_row if row.id.partition(PART)[0] in asked)
    translate = read_manifest(run / "manifest.json").stages.get("translate")
    return Asked(
        language=language,
        scores=scores.model_copy(update={"per_row": kept}),
        answers=run / "generate" / "tuned.jsonl",
        translated_by=str(translate.counters.get("engine", "")) if translate else "",
        own=asking.own.get(language.code),
    )


def read_own(run: Path, language: Language) -> Scores:
    """Read what an adapter that was trained on a language scored on its own held-out rows.

    Raises:
        DataError: The run is of another language, or has no scores.
    """
    scores = read_scores(run / "evaluate" / "scores.json")
    if scores.language != language.code:
        raise DataError(f"{run} is a run for {scores.language_name}, expected one for {language.name}.")
    return scores


def _make_recipe(asking: Asking, language: Language) -> Recipe:
    """Return the lender's recipe for another language; where questions are given, nothing in it needs an engine."""
    recipe = asking.lender.recipe
    changed: dict[str, object] = {"name": language.code, "language": language.code, "languages": ()}
    if language.code in asking.questions.given:
        changed["chain"] = recipe.chain.model_copy(update={"length_rule": False})
        changed["evaluate"] = recipe.evaluate.model_copy(update={"translate_step3": False})
    return recipe.model_copy(update=changed)
