"""The tables of the page: every measure, the rows through the stages, where the numbers come from."""

from __future__ import annotations

import json
from collections.abc import Sequence

from taco.evaluate.metric import Metric
from taco.evaluate.scores import Scores
from taco.evaluate.totals import TotalMetric
from taco.measure.bootstrap import Estimate
from taco.report.chart import ARM_TITLES
from taco.report.content import Report, StageFlow
from taco.report.markup import Child, Html, element
from taco.report.wording import NOT_RECORDED, write_count, write_interval, write_seconds, write_value

FEW_COUNTERS = 2
"""Counters of a stage that are shown at once; more are folded away."""


def make_table(head: Sequence[str], rows: Sequence[Sequence[Child]], *, caption: str) -> Html:
    """Make a table whose first column names its rows, in a frame that scrolls on a narrow screen."""
    titles = element("tr", *(element("th", title, scope="col") for title in head))
    body = [
        element("tr", element("th", row[0], scope="row"), *(element("td", cell) for cell in row[1:])) for row in rows
    ]
    table = element("table", element("caption", caption), element("thead", titles), element("tbody", *body))
    return element("div", table, class_="scroll", role="region", aria_label=caption, tabindex="0")


def show_measures(report: Report) -> Html:
    """Show every measure with interval, number of rows and what it means."""
    scores = report.scores
    arms = list(scores.arms)
    head = ["measure", *arms, "tuned − base", "reference", "rows"]
    rows = [_list_measure(scores, metric) for metric in scores.metrics]
    note = (
        "Mean over held-out rows, in brackets the interval. An answer without the part that a measure reads counts 0 "
        "where the last column says “missing”, and is left out where it says “unscored”: unscored is not zero. The "
        "reference column measures the reference chains as if they were answers: the ceiling of each measure."
    )
    return element(
        "section",
        element("h2", "All numbers"),
        element("p", note),
        make_table(head, rows, caption="Every measure, base against tuned"),
        element("details", element("summary", "All answers taken together"), _show_together(scores)),
        element("details", element("summary", "How the answers ended"), _show_endings(scores)),
        id="numbers",
    )


def show_flow(report: Report) -> Html:
    """Show what each stage did with its rows."""
    rows = [_list_stage(stage) for stage in report.flow]
    if not rows:
        return element(
            "section", element("h2", "Rows and time"), element("p", f"The manifest: {NOT_RECORDED}."), id="flow"
        )
    total = sum(stage.seconds for stage in report.flow)
    return element(
        "section",
        element("h2", "Rows and time"),
        element("p", f"Rows in = rows kept + rows dropped, in every stage. {write_seconds(total)} in all."),
        make_table(
            ["stage", "rows in", "kept", "dropped", "time", "counted"],
            rows,
            caption="Rows through the stages of the run",
        ),
        id="flow",
    )


def show_provenance(report: Report) -> Html:
    """Show signatures, versions, seeds, digests and the recipe."""
    scores = report.scores
    signed: list[tuple[str, str]] = [
        *((f"signature: {name}", text) for name, text in scores.signatures.items()),
        ("chain template", scores.template or NOT_RECORDED),
        ("seed", str(report.seed)),
        *((f"SHA-256 of {name}", digest) for name, digest in scores.inputs.items()),
        *((f"version: {name}", version) for name, version in report.versions.items()),
    ]
    recipe = json.dumps(report.recipe, ensure_ascii=False, indent=1, sort_keys=True)
    return element(
        "section",
        element("h2", "Where the numbers come from"),
        make_table(["what", "value"], [[name, element("code", text)] for name, text in signed], caption="Signatures"),
        element("details", element("summary", "The recipe, every option filled in"), element("pre", recipe)),
        id="provenance",
    )


def _list_measure(scores: Scores, metric: Metric) -> list[Child]:
    title = element(
        "details",
        element("summary", metric.title),
        element("p", metric.meaning),
        element("p", f"Not shown: {metric.limits}") if metric.limits else None,
    )
    arms = [scores.arms[arm].metrics[metric.name] for arm in scores.arms]
    reference = scores.reference.metrics[metric.name] if scores.reference else None
    return [
        title,
        *(show_cell(estimate, metric) for estimate in arms),
        show_cell(scores.differences.get(metric.name), metric, is_difference=True),
        show_cell(reference, metric),
        element("span", *_count_rows(scores, metric), class_="counts"),
    ]


def _show_together(scores: Scores) -> Html:
    """Show the scores of all answers together; in files of earlier versions that is chrF++ alone."""
    arms = list(scores.arms)
    if scores.totals:
        return make_table(
            ["score", *arms, "tuned − base", "p", "signature"],
            [_list_total(scores, metric) for metric in scores.totals],
            caption="Scores of all answers taken together (corpus level); a missing section is an empty text. p: how often "
            "chance makes as large a difference",
        )
    return make_table(
        ["measure", *arms, "tuned − base"],
        [_list_corpus(scores, metric) for metric in scores.metrics if metric.name in scores.corpus_differences],
        caption="chrF++ over all rows taken as one text (corpus level); a missing section is an empty text",
    )


def _list_total(scores: Scores, metric: TotalMetric) -> list[Child]:
    p_value = scores.total_p_values.get(metric.name)
    return [
        metric.title,
        *(show_cell(arm.totals.get(metric.name), metric) for arm in scores.arms.values()),
        show_cell(scores.total_differences.get(metric.name), metric, is_difference=True),
        "–" if p_value is None else f"{p_value:.3f}",
        element("code", metric.signature),
    ]


def _list_corpus(scores: Scores, metric: Metric) -> list[Child]:
    return [
        metric.title,
        *(show_cell(arm.corpus.get(metric.name), metric) for arm in scores.arms.values()),
        show_cell(scores.corpus_differences[metric.name], metric, is_difference=True),
    ]


def show_cell(estimate: Estimate | None, metric: Metric | TotalMetric, *, is_difference: bool = False) -> Html:
    """Show a mean with its interval in a cell."""
    value = write_value(estimate, metric.unit, is_difference=is_difference)
    interval = write_interval(estimate, metric.unit, is_difference=is_difference)
    return element(
        "span",
        element("span", value, class_="value"),
        element("span", interval, class_="interval") if interval else None,
        class_="estimate",
    )


def _count_rows(scores: Scores, metric: Metric) -> list[Html]:
    counted = []
    for arm, found in scores.arms.items():
        estimate = found.metrics[metric.name]
        text = f"{ARM_TITLES.get(arm, arm)} n = {estimate.n}"
        if estimate.missing:
            text += f", {estimate.missing} missing"
        if estimate.unscored:
            text += f", {estimate.unscored} unscored"
        counted.append(element("span", text))
    return counted


def _show_endings(scores: Scores) -> Html:
    rows: list[list[Child]] = []
    for title, attribute in (("state", "states"), ("ended by", "finishes"), ("fault", "failures")):
        counts = {arm: getattr(found, attribute) for arm, found in scores.arms.items()}
        for name in sorted({name for found in counts.values() for name in found}):
            rows.append([f"{title}: {name}", *(str(counts[arm].get(name, 0)) for arm in scores.arms)])
    unanswered = [str(len(arm.unanswered)) for arm in scores.arms.values()]
    return make_table(
        ["what", *scores.arms], [*rows, ["held-out rows without an answer", *unanswered]], caption="Number of answers"
    )


def _list_stage(stage: StageFlow) -> list[Child]:
    dropped = ", ".join(f"{count} {reason}" for reason, count in sorted(stage.dropped.items())) or "0"
    share = stage.rows_kept / stage.rows_in if stage.rows_in else 1.0
    bar = element(
        "meter",
        f"{100 * share:.0f} %",
        min=0,
        max=1,
        value=f"{share:.3f}",
        aria_label=f"share of rows kept in {stage.name}",
    )
    kept = element("span", write_count(stage.rows_kept), " ", bar, class_="kept")
    time = write_seconds(stage.seconds) + (f", {stage.attempts} attempts" if stage.attempts > 1 else "")
    return [stage.name, write_count(stage.rows_in), kept, dropped, time, _show_counters(stage)]


def _show_counters(stage: StageFlow) -> Child:
    if not stage.counters:
        return "–"
    pairs = [
        element("li", f"{name.replace('_', ' ')}: {_write_counter(value)}") for name, value in stage.counters.items()
    ]
    shown = element("ul", *pairs, class_="counters")
    if len(pairs) <= FEW_COUNTERS:
        return shown
    return element("details", element("summary", f"{len(pairs)} figures"), shown)


def _write_counter(value: int | float | str) -> str:
    if isinstance(value, str):
        return value
    return (
        write_count(value) if isinstance(value, int) else f"{value:,.4g}" if abs(value) < 10_000 else write_count(value)
    )
