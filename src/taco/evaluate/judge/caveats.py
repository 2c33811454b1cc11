"""What a reader of judged scores must know, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from taco.evaluate.judge.calibration import Calibration
from taco.evaluate.judge.hearing import Heard
from taco.evaluate.judge.options import JudgeOptions
from taco.evaluate.judge.submission import Submission
from taco.languages.table import find_language

Calibrations = Mapping[str, Mapping[str, Calibration]]


def find_warnings(
    heard: Sequence[Heard], submissions: Sequence[Submission], calibration: Calibrations, options: JudgeOptions
) -> tuple[str, ...]:
    """Return the warnings, the gravest first."""
    languages = sorted({one.language for one in submissions})
    return (
        *_warn_of_calibration(heard, languages, calibration),
        *_warn_of_snapshots(heard),
        *_warn_of_unscored(heard),
        *_warn_of_references(submissions, options),
        *_warn_of_turns(submissions),
    )


def _warn_of_calibration(heard: Sequence[Heard], languages: Sequence[str], calibration: Calibrations) -> Iterator[str]:
    for judge in heard:
        for code in languages:
            name = find_language(code).name
            found = calibration.get(judge.label, {}).get(code)
            if found is None:
                yield (
                    f"The judge {judge.label} is not calibrated for {name}: it was held against no human scores in it. "
                    "Judges rate low-resource languages too high; --calibration takes a file of human scores."
                )
            elif not found.is_calibrated:
                yield f"The judge {judge.label} is not calibrated for {name}: {'; '.join(found.faults)}."


def _warn_of_snapshots(heard: Sequence[Heard]) -> Iterator[str]:
    for judge in heard:
        names = list(dict.fromkeys(name for use in judge.list_uses() for name in use.snapshots))
        if len(names) > 1:
            yield f"The judge {judge.label} was not the same throughout: its server named itself {', '.join(names)}."


def _warn_of_unscored(heard: Sequence[Heard]) -> Iterator[str]:
    for judge in heard:
        answers = len(judge.judgements) + len(judge.pairs)
        unscored = sum(one.score is None for one in judge.judgements) + sum(not one.winner for one in judge.pairs)
        if unscored:
            yield (
                f"The judge {judge.label} has no verdict on {unscored} of {answers}; they are in no mean. "
                "If they differ from the others, the means mislead."
            )


def _warn_of_references(submissions: Sequence[Submission], options: JudgeOptions) -> Iterator[str]:
    without = sum(one.category in options.reference_categories and not one.reference for one in submissions)
    if without:
        yield (
            f"{without} answers of the categories {', '.join(options.reference_categories)} have no reference: judges "
            "misgrade such answers without one."
        )


def _warn_of_turns(submissions: Sequence[Submission]) -> Iterator[str]:
    """Warn of systems that answer no later turn at all: most likely nobody asked them."""
    for system in dict.fromkeys(one.system for one in submissions):
        later = [one for one in submissions if one.system == system and one.turn > 1 and not one.is_cut_off]
        if later and not any(one.answer.strip() for one in later):
            yield (
                f"{system} answers none of {len(later)} later turns, which count as missing. If they were not asked, "
                "--set turns=1 judges first turns alone."
            )
