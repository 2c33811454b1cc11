"""The figures of the page of several runs: a line or a bar for each run, each with the same numbers as a table."""

from __future__ import annotations

from collections.abc import Sequence

from taco.evaluate.metric import Metric
from taco.measure.bootstrap import Estimate
from taco.report.chart import frame_figure, key_box, key_mark, list_keys
from taco.report.figures import LANGUAGE_COLOURS, SECTION_PIECES, STATE_HUES, VISIBLE, name_language
from taco.report.interval_chart import Group, draw_intervals
from taco.report.markup import Child, Html, element
from taco.report.side_by_side.content import RunFacts, SideBySide
from taco.report.stack_chart import Bar, Piece, draw_stack
from taco.report.tables import make_table
from taco.report.wording import write_count, write_interval, write_number, write_value

HEADLINES = (
    "complete_chain",
    "ended_by_itself",
    "reply_in_target",
    "line_pass",
    "chrf_reply",
    "copied_question",
    "chrf_response_en",
    "chrf_instruction_en",
)
"""Measures that are drawn, where any run has them."""

LABEL_WIDTH = 178

ARMS = ("base", "tuned")


def show_headlines(content: SideBySide) -> Html:
    """Show the headline measures, a line for each run."""
    metrics = [metric for name in HEADLINES if (metric := find_metric(content, name))]
    figures = [figure for metric in metrics if (figure := _show_metric(content, metric)) is not None]
    keys = list_keys([(key_mark(arm), arm) for arm in ARMS])
    note = (
        "The mean of each run's answers with its "
        f"{100 * content.runs[0].scores.bootstrap.confidence:g} % interval, before (base) and after tuning (tuned). "
        "Agreement with a machine translation is not quality: read the answers."
    )
    return element(
        "section",
        element("h2", "In short"),
        element("p", note),
        keys,
        element("div", *figures, class_="figures"),
        id="short",
    )


def show_compositions(content: SideBySide) -> Html:
    """Show what answers are made of: states, failures, languages, tokens and seconds."""
    figures = (
        _show_states(content),
        _show_languages(content),
        _show_uses(content, "tokens", "", "mean tokens of a tuned answer"),
        _show_uses(content, "seconds", " s", "mean seconds of a tuned answer"),
    )
    return element(
        "section",
        element("h2", "What the tuned answers are made of"),
        element("div", *figures, class_="figures"),
        id="made-of",
    )


def find_metric(content: SideBySide, name: str) -> Metric | None:
    """Return a measure's description from the first run that has it."""
    return next((metric for run in content.runs if (metric := run.scores.find_metric(name))), None)


def show_label(label: str) -> Html:
    """Show a run's name within a sentence, whichever way it is written."""
    return element("span", label, class_="run-name", dir="auto")


def _show_metric(content: SideBySide, metric: Metric) -> Html | None:
    groups = [
        Group(run.label, {arm: one for arm in ARMS if (one := find_estimate(run, arm, metric.name)) is not None})
        for run in content.runs
    ]
    groups = [group for group in groups if any(one.value is not None for one in group.estimates.values())]
    if not groups:
        return None
    rows = [[group.label, *(_write(group.estimates.get(arm), metric) for arm in ARMS)] for group in groups]
    return frame_figure(
        metric.title,
        draw_intervals(groups, metric, title=metric.title, left=LABEL_WIDTH),
        note=metric.meaning,
        table=make_table(["run", *ARMS], rows, caption=metric.title),
    )


def find_estimate(run: RunFacts, arm: str, name: str) -> Estimate | None:
    """Return an arm's mean of a measure; None where the run does not have it."""
    scores = run.scores.arms.get(arm)
    return scores.metrics.get(name) if scores else None


def _show_states(content: SideBySide) -> Html | None:
    arms = [(run.label, run.scores.arms["tuned"]) for run in content.runs if "tuned" in run.scores.arms]
    arms = [(label, arm) for label, arm in arms if arm.rows]
    known = list(STATE_HUES)
    states = sorted(
        {state for _, arm in arms for state in arm.states},
        key=lambda state: (known.index(state) if state in known else len(known), state),
    )
    if not states:
        return None
    bars = [
        Bar(
            label,
            f"{arm.rows} answers",
            tuple(
                Piece(
                    state, 100 * arm.states[state] / arm.rows, str(arm.states[state]), STATE_HUES.get(state, "hue-none")
                )
                for state in states
                if state in arm.states
            ),
        )
        for label, arm in arms
    ]
    rows: list[list[Child]] = [[label, *(str(arm.states.get(state, 0)) for state in states)] for label, arm in arms]
    return frame_figure(
        "What became of the chains",
        list_keys([(key_box(STATE_HUES.get(state, "hue-none")), state) for state in states]),
        draw_stack(bars, title="States of the tuned answers", unit=" %", axis="share of answers", top=100),
        note="Numbers in the bars are answers.",
        table=make_table(["run", *states], rows, caption="Number of tuned answers in each state"),
    )


def _show_languages(content: SideBySide) -> Html | None:
    arms = [(run.label, run.scores.arms["tuned"]) for run in content.runs if "tuned" in run.scores.arms]
    codes = list(dict.fromkeys(code for _, arm in arms for code in arm.languages))
    if not codes:
        return None
    colours = {code: f"hue-{min(index, LANGUAGE_COLOURS - 1)}" for index, code in enumerate(codes)}
    bars = [
        Bar(
            label,
            "",
            tuple(
                Piece(name_language(code), 100 * share.value, f"{100 * share.value:.0f} %", colours[code])
                for code, share in arm.languages.items()
                if share.value
            ),
        )
        for label, arm in arms
    ]
    seen = {code for _, arm in arms for code, share in arm.languages.items() if (share.value or 0) >= VISIBLE}
    rows: list[list[Child]] = [
        [label, *(_write_share(arm.languages.get(code)) for code in codes)] for label, arm in arms
    ]
    return frame_figure(
        "Which language the replies are in",
        list_keys([(key_box(colour), name_language(code)) for code, colour in colours.items() if code in seen]),
        draw_stack(bars, title="Language of the tuned replies", unit=" %", axis="mean probability", top=100),
        note="Over the replies that could be judged; a machine's guess among the target, English and relatives.",
        table=make_table(["run", *map(name_language, codes)], rows, caption="Mean probability with interval"),
    )


def _show_uses(content: SideBySide, kind: str, suffix: str, axis: str) -> Html | None:
    """Show tokens or seconds of each section."""
    pieces = [
        (name.replace("tokens", kind), label.format(language="the target language"), colour)
        for name, label, colour in SECTION_PIECES
    ]
    bars = [_stack_uses(run, pieces, suffix) for run in content.runs]
    if not any(bar.pieces for bar in bars):
        return None
    metrics = [metric for name in [*(name for name, _, _ in pieces), kind] if (metric := find_metric(content, name))]
    rows: list[list[Child]] = [
        [run.label, *(_write(find_estimate(run, "tuned", metric.name), metric) for metric in metrics)]
        for run in content.runs
    ]
    heading = f"{kind.capitalize()} of an answer, section by section"
    return frame_figure(
        heading,
        list_keys([(key_box(colour), label) for _, label, colour in pieces]),
        draw_stack(bars, title=heading, unit=suffix, axis=axis),
        note="Seconds depend on the machine: compare them between runs of one machine alone." if suffix else None,
        table=make_table(["run", *(metric.title for metric in metrics)], rows, caption=f"{heading}, with intervals"),
    )


def _stack_uses(run: RunFacts, pieces: Sequence[tuple[str, str, str]], suffix: str) -> Bar:
    found = [(label, find_estimate(run, "tuned", name), colour) for name, label, colour in pieces]
    return Bar(
        run.label,
        "",
        tuple(
            Piece(label, one.value, f"{one.value:.2f}{suffix}" if suffix else write_count(one.value), colour)
            for label, one, colour in found
            if one is not None and one.value
        ),
    )


def _write(estimate: Estimate | None, metric: Metric) -> str:
    return f"{write_value(estimate, metric.unit)} {write_interval(estimate, metric.unit)}".strip()


def _write_share(estimate: Estimate | None) -> str:
    if estimate is None or estimate.value is None:
        return "–"
    return f"{write_number(estimate.value, 'share')} % {write_interval(estimate, 'share')}"
