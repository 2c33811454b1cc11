"""The tables and the picture of a transfer study."""

from __future__ import annotations

from taco.evaluate.metric import Metric
from taco.measure.bootstrap import Estimate
from taco.report.interval_chart import Group, draw_intervals
from taco.study.picture import Chart
from taco.study.table import NOTHING, TextTable, write_cell, write_estimate
from taco.study.transfer.summary import BASE, LENT, OWN, LanguageResult, TransferResults

TITLES = {BASE: "base model", LENT: "lent adapter", OWN: "own adapter"}
_DRAWN = ("complete_chain", "reply_in_target", "chrf_instruction_en", "chrf_response_en", "chrf_reply")
_MARKS = {BASE: "base", LENT: "tuned", OWN: "reference"}
_LEFT = 150.0


def list_tables(results: TransferResults) -> tuple[TextTable, ...]:
    """Return the table of scores by language and system, and the table of distances and of what the replies are in."""
    scores = TextTable(
        f"An adapter for {results.lender_language}, asked in other languages, the nearest first",
        (
            "language, system",
            "questions",
            *(
                f"{metric.title} ({metric.unit})" if metric.unit == "chrF++" else metric.title
                for metric in results.metrics
            ),
        ),
        tuple(line for one in results.languages for line in _list_systems(one, results)),
    )
    distances = TextTable(
        "How far the language is, and what the lent adapter's target sections are most like",
        (
            "language",
            "by descent",
            "by script",
            "by grammar",
            "chrF++ of another question's answer",
            "of the question itself",
            "sections are like",
        ),
        tuple(_list_distances(one) for one in results.languages),
    )
    return scores, distances


def list_notes(results: TransferResults) -> tuple[str, ...]:
    """Say how it was measured and what it does not show."""
    identifiers = dict.fromkeys(f"{one.language}: {one.identifier}" for one in results.languages)
    return (
        (
            f'Adapter: {results.lender}. "lent - base" and "own - lent" are paired by question. Distances run from 0 (the same) to '
            "1: by descent from the groups that two languages share, by grammar as the study's file says, a dash where it "
            "does not."
        ),
        (
            "References are machine translations, one engine for each language, or what a file of questions has: chrF++ compares "
            "systems within a language, hardly languages. Held against it is what replies to another question score, and the "
            "question itself as a reply. A question without a reference is unscored there."
        ),
        (
            'An answer without a section counts as 0 in what is read from it; "none there": no answer has it, as the base model was '
            "never shown the form. A dash: unscored, in no mean. The scores of trivial replies are over all "
            "questions of a language that have a reference, whoever answered; held-out rows that were not asked elsewhere count "
            "in the run's own language."
        ),
        (
            "Not shown: whether a person would call a reply good; other bases; other seeds of the training; whether distance "
            "is the cause. So few languages give no correlation, and the base model has seen some of them more than others."
        ),
        *(f"Not there: {reason}" for reason in results.absent),
        f"Asked: {results.asked}.",
        *(f"Questions in {one.language_name}: {one.translated_by}" for one in results.languages if one.translated_by),
        *(f"Without the run's length rule: {code}, as its file of questions has none." for code in results.unruled),
        *(f"Identified by {identifier}" for identifier in identifiers),
        *(f"{name}: {signature}" for name, signature in results.signatures.items()),
    )


def draw_charts(results: TransferResults) -> tuple[Chart, ...]:
    """Draw the means of each system by language, the nearest language at the top."""
    systems = dict.fromkeys(name for one in results.languages for name in one.systems)
    keys = [(f"arm-{_MARKS[name]}", TITLES[name]) for name in systems]
    charts: list[Chart] = []
    for metric in (metric for metric in results.metrics if metric.name in _DRAWN):
        groups = [_group(one, metric) for one in results.languages]
        if all(estimate.value is None for group in groups for estimate in group.estimates.values()):
            continue
        drawing = draw_intervals(groups, metric, title=metric.title, left=_LEFT)
        heading = metric.title if charts else f"{metric.title} (in brackets: distance by descent)"
        charts.append(Chart(heading, drawing, keys))
    return tuple(charts)


def _group(one: LanguageResult, metric: Metric) -> Group:
    """Return a language's line; a system without the section that is read is left out."""
    estimates = {
        _MARKS[name]: found[metric.name]
        for name, found in one.systems.items()
        if not is_without_section(found[metric.name]) and found[metric.name].value is not None
    }
    return Group(f"{one.language_name} ({one.kinship:.2f})", estimates)


def is_without_section(estimate: Estimate) -> bool:
    """Whether none of the answers has what is read, as those of a base model that was never shown the form."""
    return bool(estimate.n) and estimate.missing == estimate.n


def _list_systems(one: LanguageResult, results: TransferResults) -> list[tuple[str, ...]]:
    lines = [
        (
            f"{one.language_name}, {TITLES[name]}",
            str(one.questions),
            *(write_cell(found[metric.name], metric.unit) for metric in results.metrics),
        )
        for name, found in one.systems.items()
    ]
    for name, found in one.differences.items():
        old = one.systems[name.rpartition(" - ")[2]]
        cells = [
            NOTHING
            if is_without_section(old[metric.name])
            else write_cell(found[metric.name], metric.unit, is_difference=True)
            for metric in results.metrics
        ]
        lines.append((f"{one.language_name}, {name}", "", *cells))
    return lines


def _list_distances(one: LanguageResult) -> tuple[str, ...]:
    like = ", ".join(f"{code or 'nothing to judge'} {number}" for code, number in one.identified.items())
    return (
        one.language_name,
        f"{one.kinship:.2f}",
        f"{one.script:.0f}",
        NOTHING if one.typology is None else f"{one.typology:.2f}",
        write_estimate(one.floor, 1),
        write_estimate(one.question_floor, 1),
        like or NOTHING,
    )
