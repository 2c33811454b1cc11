"""A transfer study from its file to its tables and picture."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from taco.errors import EngineError
from taco.evaluate.metric import Metric
from taco.evaluate.scores import Scores
from taco.languages.distance import measure_kinship_distance, read_distances
from taco.languages.table import find_language
from taco.progress import Progress
from taco.study.result import list_paragraphs, write_result
from taco.study.transfer.ask import Asked, Asking, ask_language, read_home, read_own
from taco.study.transfer.lender import read_lender
from taco.study.transfer.options import TransferStudy
from taco.study.transfer.questions import read_questions
from taco.study.transfer.show import draw_charts, list_notes, list_tables
from taco.study.transfer.summary import MEASURES, LanguageResult, TransferResults, summarise_language

TITLE = "An adapter asked in other languages"

SIGNED = ("chrF++", "intervals")
"""Signatures of the lender's scores that stand for all numbers here."""


def run_transfer(
    study: TransferStudy, *, folder: Path, cache: Path, progress: Progress
) -> tuple[TransferResults, list[Path]]:
    """Ask a run's adapter in each language; return the results and the files that hold them.

    The tables and the picture are written anew after each language, so a study that is stopped has those that are done; the
    same call goes on. A language that the engine cannot translate into is named, and the others go on.

    Args:
        study: Which run, and in which languages.
        folder: The study's folder; the borrowed runs are in its folder `runs`.
        cache: The cache folder.
        progress: Where to say how far it is.

    Raises:
        TacoError: The run is not finished, a file of questions cannot be used, or the model cannot.
    """
    lender = read_lender(study.run)
    home = lender.recipe.target
    asking = Asking(
        lender=lender,
        questions=read_questions(study, lender),
        own={code: read_own(run, find_language(code)) for code, run in study.own.items()},
        runs=folder / "runs",
        cache=cache,
        progress=progress,
    )
    typology = read_distances(study.typology) if study.typology else {}
    is_asked_at_home = study.english is not None or home.code in study.benchmarks
    at_home = ask_language(asking, home) if is_asked_at_home else read_home(asking)
    frame = _frame_results(study, asking, at_home)
    sum_up = partial(summarise_language, lender=home, typology=typology, metrics=frame.metrics)
    found, absent = [sum_up(at_home)], list[str]()
    results, paths = _write(frame, found, absent, folder=folder)
    others = [find_language(code) for code in study.asked if code != home.code]
    with progress.task("Languages", total=len(others), unit="languages") as task:
        for language in sorted(others, key=lambda one: measure_kinship_distance(home, one)):
            try:
                found.append(sum_up(ask_language(asking, language)))
            except EngineError as error:
                absent.append(f"{language.name}: {error.message}")
                progress.say(absent[-1])
            results, paths = _write(frame, found, absent, folder=folder)
            task.advance()
    return results, paths


def _frame_results(study: TransferStudy, asking: Asking, at_home: Asked) -> TransferResults:
    """Return what the results hold before any language is in them."""
    lender, scores = asking.lender, at_home.scores
    return TransferResults(
        study=study.name,
        lender=lender.recipe.run_name,
        lender_language=at_home.language.name,
        asked=asking.questions.origin,
        unruled=tuple(asking.questions.given) if lender.recipe.chain.length_rule else (),
        metrics=_choose_metrics(scores),
        languages=(),
        signatures={name: scores.signatures[name] for name in SIGNED if name in scores.signatures},
        adapter=dict(lender.adapter),
    )


def _write(
    frame: TransferResults, found: Sequence[LanguageResult], absent: Sequence[str], *, folder: Path
) -> tuple[TransferResults, list[Path]]:
    results = frame.model_copy(update={"languages": tuple(found), "absent": tuple(absent)})
    paths = write_result(
        folder,
        name="transfer",
        title=TITLE,
        numbers=results,
        paragraphs=list_paragraphs("transfer", TITLE, list_tables(results), list_notes(results)),
        charts=draw_charts(results),
    )
    return results, paths


def _choose_metrics(scores: Scores) -> tuple[Metric, ...]:
    found = [scores.find_metric(name) for name in MEASURES]
    return tuple(metric for metric in found if metric is not None)
