"""The figures of the page, each with the same numbers as a table."""

from __future__ import annotations

from collections.abc import Mapping

from taco.errors import RecipeError
from taco.evaluate.metric import Metric
from taco.evaluate.scores import ArmScores, Scores
from taco.languages.table import find_language
from taco.measure.bootstrap import Estimate
from taco.report.chart import ARM_TITLES, frame_figure, key_box, key_mark, list_keys
from taco.report.content import Report
from taco.report.curve_chart import draw_curve, list_section_losses
from taco.report.interval_chart import Floor, Group, draw_intervals
from taco.report.markup import Child, Html, element
from taco.report.scale import list_floors
from taco.report.stack_chart import Bar, Piece, draw_stack
from taco.report.tables import make_table
from taco.report.wording import write_count, write_interval, write_value

LANGUAGE_COLOURS = 7
"""Number of colours for languages; more share the last one."""

VISIBLE = 0.005
"""Mean probability from which a language can be seen in the figure and stands in its legend."""

STATE_HUES: dict[str, str] = {
    "complete": "hue-0",
    "truncated": "hue-2",
    "missing-response": "hue-1",
    "missing-response-en": "hue-3",
    "missing-instruction": "hue-5",
    "duplicated-label": "hue-6",
    "wrong-order": "hue-4",
    "no-chain": "hue-none",
    "empty": "section-0",
}
"""State of a chain -> colour."""

SECTION_PIECES = (
    ("tokens_instruction_en", "instruction in English", "section-1"),
    ("tokens_response_en", "response in English", "section-2"),
    ("tokens_response", "response in {language}", "section-3"),
    ("tokens_other", "labels and the rest", "section-0"),
)


def show_figures(report: Report) -> Html:
    """Show all figures for which there are numbers."""
    figures = (
        _show_categories(report.scores, "chrf_reply", "By category: agreement with the machine translation"),
        _show_categories(report.scores, "complete_chain", "By category: complete chains"),
        _show_states(report.scores),
        _show_languages(report),
        _show_tokens(report),
        _show_curve(report),
    )
    return element(
        "section",
        element("h2", "In pictures"),
        element("div", *figures, class_="figures"),
        id="figures",
    )


def name_language(code: str) -> str:
    """Return the English name of a language; the code itself where the table does not know it."""
    try:
        return find_language(code).name
    except RecipeError:
        return code


def _show_categories(scores: Scores, name: str, heading: str) -> Html | None:
    metric = scores.find_metric(name)
    if metric is None or not scores.rows:
        return None
    categories = sorted({category for arm in scores.arms.values() for category in arm.categories})
    groups = [
        Group(
            category or "no category",
            {
                arm: found.categories[category][name]
                for arm, found in scores.arms.items()
                if category in found.categories
            },
        )
        for category in categories
    ]
    floors = list_floors(scores) if name == "chrf_reply" else []
    floor = Floor(floors[0][1], floors[0][0]) if floors else None
    return frame_figure(
        heading,
        list_keys([(key_mark(arm), ARM_TITLES.get(arm, arm)) for arm in scores.arms]),
        draw_intervals(groups, metric, title=heading, floor=floor),
        note="Mean and interval. A category has few rows: the intervals are wide, and narrower than they should be.",
        table=_tabulate_groups(groups, metric, scores),
    )


def _tabulate_groups(groups: list[Group], metric: Metric, scores: Scores) -> Html:
    rows = [
        [group.label, *(_write_cell(group.estimates.get(arm), metric) for arm in scores.arms), str(group.rows)]
        for group in groups
    ]
    return make_table(["category", *scores.arms, "n"], rows, caption=metric.title)


def _write_cell(estimate: Estimate | None, metric: Metric) -> str:
    return f"{write_value(estimate, metric.unit)} {write_interval(estimate, metric.unit)}".strip()


def _show_states(scores: Scores) -> Html | None:
    arms = {arm: found for arm, found in scores.arms.items() if found.rows}
    states = sorted({state for arm in arms.values() for state in arm.states}, key=_rank_state)
    if not states:
        return None
    bars = [_stack_states(name, arm, states) for name, arm in arms.items()]
    rows: list[list[Child]] = [[state, *(str(arm.states.get(state, 0)) for arm in arms.values())] for state in states]
    return frame_figure(
        "What became of the chains",
        list_keys([(key_box(STATE_HUES.get(state, "hue-none")), state) for state in states]),
        draw_stack(bars, title="States of the answers", unit=" %", axis="share of answers", top=100),
        note="The form of the answers; numbers in the bars are answers. The base model was never shown the labels.",
        table=make_table(["state", *arms], rows, caption="Number of answers in each state"),
    )


def _stack_states(name: str, arm: ArmScores, states: list[str]) -> Bar:
    pieces = [
        Piece(state, 100 * arm.states[state] / arm.rows, str(arm.states[state]), STATE_HUES.get(state, "hue-none"))
        for state in states
        if state in arm.states
    ]
    return Bar(ARM_TITLES.get(name, name), f"{arm.rows} answers", tuple(pieces))


def _rank_state(state: str) -> tuple[int, str]:
    return (list(STATE_HUES).index(state) if state in STATE_HUES else len(STATE_HUES), state)


def _show_languages(report: Report) -> Html | None:
    scores = report.scores
    arms = {"reference": scores.reference, **scores.arms} if scores.reference else dict(scores.arms)
    codes = list(dict.fromkeys(code for arm in arms.values() if arm for code in arm.languages))
    if not codes:
        return None
    colours = {code: f"hue-{min(index, LANGUAGE_COLOURS - 1)}" for index, code in enumerate(codes)}
    bars = [_stack_languages(name, arm, colours) for name, arm in arms.items() if arm]
    seen = {
        code for arm in arms.values() if arm for code, share in arm.languages.items() if (share.value or 0) >= VISIBLE
    }
    keys = [(key_box(colour), name_language(code)) for code, colour in colours.items() if code in seen]
    rows = [
        [ARM_TITLES.get(name, name), *(_write_share(arm.languages.get(code)) for code in codes), _write_best(arm)]
        for name, arm in arms.items()
        if arm
    ]
    blind = "" if scores.knows_target else f" It does not know {report.language.name}, so that is never its answer."
    return frame_figure(
        "Which language the replies are in",
        list_keys([*keys, (key_box("hue-none"), "undecided")]),
        draw_stack(bars, title="Language of the replies", unit=" %", axis="mean probability over replies", top=100),
        note=f"A machine's guess among close relatives; the references' own bar is its ceiling.{blind}",
        table=make_table(
            ["answers", *map(name_language, codes), "most probable"], rows, caption="Mean probability with interval"
        ),
    )


def _stack_languages(name: str, arm: ArmScores, colours: Mapping[str, str]) -> Bar:
    judged = max((estimate.n for estimate in arm.languages.values()), default=0)
    share = judged / arm.rows if arm.rows else 0.0
    pieces = [
        Piece(name_language(code), 100 * estimate.value * share, f"{100 * estimate.value * share:.0f} %", colours[code])
        for code, estimate in arm.languages.items()
        if estimate.value
    ]
    if share < 1:
        pieces.append(Piece("undecided", 100 * (1 - share), f"{100 * (1 - share):.0f} %", "hue-none"))
    return Bar(ARM_TITLES.get(name, name), f"{judged} of {arm.rows} replies judged", tuple(pieces))


def _write_share(estimate: Estimate | None) -> str:
    return f"{write_value(estimate, 'share')} {write_interval(estimate, 'share')}".strip()


def _write_best(arm: ArmScores) -> str:
    counts = sorted(arm.best_of_reply.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{name_language(code) if code else 'undecided'} {count}" for code, count in counts) or "–"


def _show_tokens(report: Report) -> Html | None:
    scores = report.scores
    if not any(arm.metrics["tokens"].value for arm in scores.arms.values()):
        return None
    names = [
        (name, label.format(language=report.language.name), colour)
        for name, label, colour in SECTION_PIECES
        if scores.find_metric(name)
    ]
    bars = [_stack_tokens(arm, found, names) for arm, found in scores.arms.items()]
    counted = [name for name, _, _ in names] + ["tokens", "seconds"]
    metrics = [metric for name in counted if (metric := scores.find_metric(name))]
    rows: list[list[Child]] = [
        [metric.title, *(_write_cell(arm.metrics[metric.name], metric) for arm in scores.arms.values())]
        for metric in metrics
    ]
    return frame_figure(
        "What an answer costs, section by section",
        list_keys([(key_box(colour), label) for _, label, colour in names]),
        draw_stack(bars, title="Tokens of an answer by section", unit="", axis="mean tokens of an answer"),
        note="Generated tokens." + (" The English sections are the price of the chain." if len(names) > 2 else ""),
        table=make_table(["mean of an answer", *scores.arms], rows, caption="Tokens and seconds with intervals"),
    )


def _stack_tokens(arm: str, scores: ArmScores, names: list[tuple[str, str, str]]) -> Bar:
    pieces = [
        Piece(label, value, write_count(value), colour)
        for name, label, colour in names
        if (value := scores.metrics[name].value)
    ]
    total = scores.metrics["tokens"].value
    note = "" if total is None else f"{write_count(total)} tokens in all"
    return Bar(ARM_TITLES.get(arm, arm), note, tuple(pieces))


def _show_curve(report: Report) -> Html:
    heading = "Training loss"
    if len(report.steps) < 2:
        return frame_figure(heading, element("p", "No training log with two steps or more.", class_="absent"))
    shown = report.steps[:: max(1, -(-len(report.steps) // 25))]
    rows: list[list[Child]] = [
        [str(step.step), f"{step.loss:.4f}", "–" if step.learning_rate is None else f"{step.learning_rate:.2e}"]
        for step in dict.fromkeys((*shown, report.steps[-1]))
    ]
    told_apart = list_section_losses(report.steps)
    keys = [
        (key_box(colour), label.format(language=report.language.name))
        for name, label, colour in SECTION_PIECES
        if name.removeprefix("tokens_") in told_apart
    ]
    return frame_figure(
        heading,
        list_keys(keys) if keys else None,
        draw_curve(report.steps),
        note="Mean cross entropy of the learnt tokens of each step, and, thin and smoothed, of each section where the log "
        "tells them apart; the strong line is smoothed. On training rows: it "
        "says that the model learns, not that it learns the right thing.",
        table=make_table(["step", "loss", "learning rate"], rows, caption="Training loss, every few steps"),
    )
