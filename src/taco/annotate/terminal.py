"""The results of a study as tables for the terminal, 80 columns wide."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from taco.annotate.results import Agreement, AxisResult, Results
from taco.annotate.wording import name_bias, name_slope, write_both, write_bounds, write_estimate, write_title
from taco.languages.table import find_language
from taco.measure.bootstrap import Estimate
from taco.report.terminal import WIDTH
from taco.report.wording import write_plain


def render_results(results: Results) -> Group:
    """Render agreement, systems and judges' bias, axis by axis."""
    parts: list[RenderableType] = [Text(write_plain(write_title(results)))]
    for axis in results.axes:
        parts.append(_render_agreement(axis))
        if axis.systems:
            parts.append(_render_means(axis))
        if axis.contests:
            parts.append(_render_contests(axis))
        if axis.judges:
            parts.append(_render_biases(axis, results))
    parts += [Text(f"! {write_plain(line)}") for line in results.warnings]
    note = (
        f"In brackets: {100 * results.bootstrap.confidence:g} % intervals over questions. alpha: ordinal; kappa: quadratic weights; "
        "a judge is held against one person at a time, by tau-b against people's mean."
    )
    return Group(*parts, Text(note, style="dim"))


def _render_agreement(axis: AxisResult) -> Table:
    table = Table(width=WIDTH, title=Text(f"Agreement on {axis.axis}"), title_justify="left")
    table.add_column("who", overflow="fold", ratio=1)
    for title in ("n", "alpha", "kappa", "tau-b"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_row(Text("all people"), str(axis.ratings), _stack(axis.alpha["ordinal"]), "–", "–")
    for one in (*axis.pairs, *(judge.agreement for judge in axis.judges)):
        table.add_row(*_list_cells(one))
    return table


def _list_cells(one: Agreement) -> Iterator[RenderableType]:
    yield Text(write_plain(f"{one.first}, {one.second}"))
    yield str(one.shared)
    yield from (_stack(estimate) for estimate in (one.alpha["ordinal"], one.kappa["quadratic"], one.tau))


def _render_means(axis: AxisResult) -> Table:
    table = Table(width=WIDTH)
    table.add_column("system", overflow="fold", ratio=1)
    table.add_column("answers", justify="right")
    table.add_column("mean rating", justify="right", no_wrap=True)
    for system, estimate in axis.systems.items():
        table.add_row(Text(write_plain(system)), str(estimate.n), write_both(estimate))
    return table


def _render_contests(axis: AxisResult) -> Table:
    table = Table(width=WIDTH)
    table.add_column("systems", overflow="fold", ratio=1)
    for title in ("won/tied/lost", "win rate", "p"):
        table.add_column(title, justify="right", no_wrap=True)
    for one in axis.contests:
        p_value = "–" if one.p_value is None else f"{one.p_value:.4f}"
        outcome = f"{one.wins}/{one.ties}/{one.losses}"
        table.add_row(
            Text(write_plain(f"{one.second} against {one.first}")), outcome, write_both(one.win_rate), p_value
        )
    return table


def _render_biases(axis: AxisResult, results: Results) -> Table:
    table = Table(width=WIDTH)
    table.add_column("judge", overflow="fold", ratio=1)
    table.add_column("answers", overflow="fold", ratio=1)
    table.add_column(name_bias(results), justify="right", max_width=24)
    for judge in axis.judges:
        rows: list[tuple[str, Estimate]] = [("all", judge.bias)]
        rows += [(find_language(code).name, estimate) for code, estimate in judge.by_language.items()]
        rows += [(f"{band.shortest} to {band.longest} characters", band.bias) for band in judge.by_length]
        rows.append((name_slope(results), judge.slope))
        for number, (name, estimate) in enumerate(rows):
            label = Text(write_plain(judge.judge) if number == 0 else "")
            table.add_row(label, Text(name), write_both(estimate, is_signed=True))
    return table


def _stack(estimate: Estimate) -> Text:
    bounds = write_bounds(estimate)
    return Text.assemble(write_estimate(estimate), ("\n" + bounds if bounds else "", "dim"))
