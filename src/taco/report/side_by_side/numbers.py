"""The tables of the page of several runs: every number, and the failures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from taco.evaluate.metric import Metric
from taco.evaluate.totals import TotalMetric
from taco.measure.bootstrap import Estimate
from taco.measure.unit import Unit
from taco.report.judges import list_notices
from taco.report.markup import Child, Html, element
from taco.report.side_by_side.content import RunFacts, SideBySide
from taco.report.side_by_side.failures import KINDS
from taco.report.side_by_side.figures import ARMS, find_estimate, find_metric
from taco.report.side_by_side.filters import list_kinds
from taco.report.summary import show_finding
from taco.report.tables import make_table
from taco.report.wording import write_interval, write_rating, write_value

BY_CATEGORY = ("chrf_reply", "complete_chain")
"""Measures that are shown for each category."""


def show_numbers(content: SideBySide) -> Html:
    """Show every measure of every run."""
    names = list(dict.fromkeys(metric.name for run in content.runs for metric in run.scores.metrics))
    metrics = [metric for name in names if (metric := find_metric(content, name))]
    labels = [run.label for run in content.runs]
    note = (
        "Mean over held-out rows and in brackets its interval; first the tuned answers, below them the base model's, "
        "then on how many answers both rest. “–” where a run has no such measure or nothing to score: unscored is not zero."
    )
    return element(
        "section",
        element("h2", "All numbers"),
        element("p", note),
        make_table(
            ["measure", *labels],
            [_list_measure(content, metric) for metric in metrics],
            caption="Every measure, run by run",
        ),
        _tabulate_totals(content, labels),
        _tabulate_ratings(content, labels),
        _list_notices(content, labels),
        *(
            _tabulate_categories(content, metric, labels)
            for name in BY_CATEGORY
            if (metric := find_metric(content, name))
        ),
        id="numbers",
    )


def show_failures(content: SideBySide) -> Html:
    """Show how many tuned answers of each run show each failure."""
    counts = [_count_failures(content, run) for run in range(len(content.runs))]
    kinds = [kind for kind in KINDS if any(kind in counted for counted in counts)]
    rows = [
        [kind, *(_show_count(run, counted[kind], kind) for run, counted in zip(content.runs, counts, strict=True))]
        for kind in kinds
    ]
    note = "What a machine can see is wrong with the tuned answers. An answer may show several."
    return element(
        "section",
        element("h2", "Failures"),
        element("p", note if rows else "No answer shows a failure that a machine can see."),
        make_table(["failure", *(run.label for run in content.runs)], rows, caption="Tuned answers that show it")
        if rows
        else None,
        id="failures",
    )


def _list_measure(content: SideBySide, metric: Metric) -> list[Child]:
    title = element(
        "details",
        element("summary", metric.title),
        element("p", metric.meaning),
        element("p", f"Not shown: {metric.limits}") if metric.limits else None,
    )
    return [title, *(_show_cell(_list_estimates(run, metric.name), metric.unit) for run in content.runs)]


def _list_estimates(run: RunFacts, name: str) -> list[Estimate | None]:
    return [find_estimate(run, arm, name) for arm in reversed(ARMS)]


def _show_cell(estimates: Sequence[Estimate | None], unit: Unit) -> Child:
    """Show the tuned answers' estimate, and below it the base model's."""
    tuned, base = estimates
    if all(one is None or one.value is None for one in estimates):
        return "–"
    counts = "/".join("–" if one is None else str(one.n) for one in estimates)
    return element(
        "span",
        element("span", write_value(tuned, unit), class_="value"),
        element("span", write_interval(tuned, unit), class_="interval"),
        element("span", f"base {write_value(base, unit)} {write_interval(base, unit)}".strip(), class_="counts"),
        element("span", f"n = {counts}", class_="counts"),
        class_="estimate",
    )


def _tabulate_totals(content: SideBySide, labels: Sequence[str]) -> Child:
    totals = {metric.name: metric for run in reversed(content.runs) for metric in run.scores.totals}
    names = list(dict.fromkeys(metric.name for run in content.runs for metric in run.scores.totals))
    if not names:
        return None
    rows: list[list[Child]] = [
        [_title_total(totals[name]), *(_show_total(run, totals[name]) for run in content.runs)] for name in names
    ]
    return make_table(
        ["score", *labels],
        rows,
        caption="All answers taken together; an answer without the part is an empty text. In the last line of a cell, "
        "tuned minus base on the same rows and its p-value",
    )


def _title_total(metric: TotalMetric) -> Html:
    return element("span", metric.title, " ", element("code", metric.signature, class_="signature"))


def _show_total(run: RunFacts, metric: TotalMetric) -> Child:
    own = next((one for one in run.scores.totals if one.name == metric.name), None)
    tuned, base = (
        run.scores.arms[arm].totals.get(metric.name) if arm in run.scores.arms else None for arm in reversed(ARMS)
    )
    if own is None or (tuned is None and base is None):
        return "–"
    difference = run.scores.total_differences.get(metric.name)
    p_value = run.scores.total_p_values.get(metric.name)
    gain = f"{write_value(difference, metric.unit, is_difference=True)} {write_interval(difference, metric.unit, is_difference=True)}"
    return element(
        "span",
        element("span", write_value(tuned, metric.unit), class_="value"),
        element("span", write_interval(tuned, metric.unit), class_="interval"),
        element("span", f"base {write_value(base, metric.unit)} {write_interval(base, metric.unit)}", class_="counts"),
        element("span", f"{gain}, p {'–' if p_value is None else f'{p_value:.3f}'}", class_="counts")
        if difference
        else None,
        element("span", own.signature, class_="counts") if own.signature != metric.signature else None,
        class_="estimate",
    )


def _tabulate_ratings(content: SideBySide, labels: Sequence[str]) -> Child:
    judges = sorted({judge for run in content.runs for judge in run.ratings})
    if not judges:
        return None
    rows: list[list[Child]] = [
        [f"{judge}, {arm}", *(write_rating(run.ratings.get(judge, {}).get(arm)) for run in content.runs)]
        for judge in judges
        for arm in reversed(ARMS)
    ]
    return make_table(
        ["judge", *labels], rows, caption="Mean rating with interval; answers without a rating are unscored"
    )


def _list_notices(content: SideBySide, labels: Sequence[str]) -> Child:
    """Show what a reader of the ratings must know, run by run."""
    found = [
        notice.model_copy(update={"text": f"{label}: {notice.text}"})
        for run, label in zip(content.runs, labels, strict=True)
        if run.judged is not None
        for notice in list_notices(run.judged)
    ]
    return element("ul", *map(show_finding, found), class_="findings panel") if found else None


def _tabulate_categories(content: SideBySide, metric: Metric, labels: Sequence[str]) -> Html:
    arms = [run.scores.arms.get("tuned") for run in content.runs]
    categories = sorted({category for arm in arms if arm for category in arm.categories})
    rows: list[list[Child]] = [
        [
            category or "no category",
            *(_write(arm.categories.get(category, {}).get(metric.name) if arm else None, metric) for arm in arms),
        ]
        for category in categories
    ]
    table = make_table(["category", *labels], rows, caption=f"{metric.title}: tuned answers by category")
    return element("details", element("summary", f"By category: {metric.title}"), table)


def _write(estimate: Estimate | None, metric: Metric) -> str:
    count = f", n = {estimate.n}" if estimate else ""
    return f"{write_value(estimate, metric.unit)} {write_interval(estimate, metric.unit)}".strip() + count


def _count_failures(content: SideBySide, run: int) -> Counter[str]:
    """Count a run's tuned answers that show each kind of failure."""
    replies = (reply for question in content.questions for reply in question.replies)
    return Counter(
        kind for reply in replies if reply.arm == "tuned" and run in reply.runs for kind in list_kinds(reply)
    )


def _show_count(run: RunFacts, count: int, kind: str) -> Child:
    arm = run.scores.arms.get("tuned")
    if arm is None or not arm.rows:
        return "–"
    share = element("meter", min=0, max=1, value=f"{count / arm.rows:.3f}", aria_label=f"share of answers: {kind}")
    return element("span", f"{count} of {arm.rows} ", share, class_="kept")
