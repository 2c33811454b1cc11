"""A judge's scores as tables for the terminal, 80 columns wide. Texts that a judge wrote are not shown here."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from taco.evaluate.judge.scores import JudgeScores
from taco.measure.bootstrap import Estimate

WIDTH = 80


def render_judge(scores: JudgeScores) -> Group:
    """Render what was found: scores, differences, comparisons, and what a reader must know."""
    parts: list[RenderableType] = []
    if scores.systems:
        parts.append(_render_systems(scores))
        if any(found.turns for voices in scores.systems.values() for found in voices.values()):
            parts.append(_render_turns(scores))
    if scores.differences:
        parts.append(_render_differences(scores))
    if scores.pairs:
        parts.append(_render_pairs(scores))
    notes = [*scores.warnings, *_list_notes(scores)]
    return Group(*parts, *(_show(note, style="dim") for note in notes))


def _render_systems(scores: JudgeScores) -> Table:
    options = scores.options
    title = f"Ratings from {options.lowest:g} to {options.highest:g}, {', '.join(scores.languages)}"
    table = _make_table(title, "system", "judge", "mean", "mean of categories", "% of range", "unscored", "missing")
    for system, voices in scores.systems.items():
        for judge, found in voices.items():
            table.add_row(
                _show(system),
                _show(judge),
                _write(found.all.micro),
                _write(found.all.macro),
                _write(found.percent_of_range.macro, decimals=0),
                f"{found.all.micro.unscored}",
                f"{found.missing}",
            )
    return table


def _render_turns(scores: JudgeScores) -> Table:
    table = _make_table("Turn by turn", "system", "judge", "turn", "mean", "mean of categories", "unscored")
    for system, voices in scores.systems.items():
        for judge, found in voices.items():
            for turn, means in found.turns.items():
                table.add_row(
                    _show(system),
                    _show(judge),
                    f"turn {turn}",
                    _write(means.micro),
                    _write(means.macro),
                    f"{means.micro.unscored}",
                )
    return table


def _render_differences(scores: JudgeScores) -> Table:
    table = _make_table(
        "Differences, second minus first", "first", "second", "judge", "mean", "p", "of categories", "p"
    )
    for one in scores.differences:
        table.add_row(
            _show(one.first),
            _show(one.second),
            _show(one.judge),
            _write(one.means.micro, sign="+"),
            _write_p(one.p_micro),
            _write(one.means.macro, sign="+"),
            _write_p(one.p_macro),
        )
    return table


def _render_pairs(scores: JudgeScores) -> Table:
    table = _make_table(
        "Comparisons, both orders",
        "first",
        "second",
        "judge",
        "won/tied/lost",
        "win rate",
        "at equal length",
        "flips",
        "p",
    )
    for one in scores.pairs:
        length = one.win_rate_at_equal_length
        table.add_row(
            _show(one.first),
            _show(one.second),
            _show(one.judge),
            f"{one.wins}/{one.ties}/{one.losses}",
            _write(one.win_rate),
            "–" if length is None else f"{length:.2f}",
            _write(one.flips),
            _write_p(one.p_value),
        )
    return table


def _make_table(title: str, *columns: str) -> Table:
    table = Table(width=WIDTH, title=title, title_justify="left")
    for column in columns:
        is_name = column in ("system", "judge", "first", "second")
        table.add_column(column, justify="left" if is_name else "right", overflow="fold")
    return table


def _show(text: str, *, style: str = "") -> Text:
    """Return a text as it stands: names come from files, and might hold markup or orders to the terminal."""
    return Text("".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text), style=style)


def _write(estimate: Estimate, *, decimals: int = 2, sign: str = "") -> Text:
    if estimate.value is None:
        return Text("–")
    interval = ""
    if estimate.low is not None and estimate.high is not None:
        interval = f"\n[{estimate.low:{sign}.{decimals}f}, {estimate.high:{sign}.{decimals}f}]"
    return Text.assemble(f"{estimate.value:{sign}.{decimals}f}", (interval, "dim"))


def _write_p(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _list_notes(scores: JudgeScores) -> Iterator[str]:
    for system, voices in scores.systems.items():
        for judge, found in voices.items():
            published = found.percent_as_published
            if published is not None and published.value is not None:
                yield f"{system}, {judge}: {published.value:.0f} % as the TaCo paper counts (10 x categories without coding)."
    for pair in scores.pairs:
        if pair.turns:
            rates = ", ".join(
                f"turn {turn} {_write(rate).plain.replace(chr(10), ' ')}" for turn, rate in pair.turns.items()
            )
            yield f"Win rate of {pair.second} against {pair.first}, {pair.judge}: {rates}."
    for judge, control in scores.length.items():
        if control.slope is not None:
            means = ", ".join(f"{system} {value:.2f}" for system, value in control.systems.items())
            error = "" if control.slope_error is None else f" ± {control.slope_error:.2f}"
            yield f"At equal length, {judge}: {means} ({control.slope:+.2f}{error} points a doubling)."
    if scores.agreement is not None and scores.agreement.alpha is not None:
        yield f"The judges agree with Krippendorff's alpha {scores.agreement.alpha:.2f} on {scores.agreement.answers} answers."
    account = scores.account
    confidence = f"{100 * scores.bootstrap.confidence:g} %"
    yield f"In brackets: {confidence} bootstrap intervals. Unscored answers are in no mean; missing ones count as asked."
    yield (
        f"Calls: {account.calls}, of which {account.failed} failed and {account.lost} were lost at a kill; "
        f"${account.usd:,.4f}, {account.tokens_sent:,} tokens sent, {account.tokens_written:,} written."
    )
