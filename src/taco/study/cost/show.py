"""The table and the picture of a cost study."""

from __future__ import annotations

from taco.report.stack_chart import Bar, Piece, draw_stack
from taco.report.wording import write_seconds
from taco.study.cost.summary import CostResults, SystemCost
from taco.study.picture import PIECES, Chart
from taco.study.table import NOTHING, TextTable, write_estimate

_STAGES = (
    ("translate", "translation", "hue-2"),
    ("gate", "gate", "hue-4"),
    ("train", "training", "hue-0"),
    ("generate", "answers", "hue-1"),
)


def list_tables(results: CostResults) -> tuple[TextTable, ...]:
    """Return the table: a line for each system."""
    columns = (
        "run, system",
        "format",
        "trained tokens",
        "of these learnt",
        "translation",
        "training",
        "answers",
        "tokens an answer",
        "seconds an answer",
        "tokens/s",
        "peak memory, training",
        "peak memory, answers",
        "energy, training (estimate)",
        "energy, 1,000 answers (estimate)",
    )
    return (TextTable("What each method takes", columns, tuple(map(_list_system, results.systems))),)


def list_notes(results: CostResults) -> tuple[str, ...]:
    """Say how it was measured and what it does not show."""
    stopped = [
        f"{one.run}: {name}" for one in results.systems for name, cost in one.stages.items() if cost.attempts > 1
    ]
    notes = [
        f"Energy is an estimate: {results.energy}.",
        (
            "Times are wall-clock times of a machine that may have done other work; answers of a batch share each step's time, so "
            "larger batches make an answer cheaper. A dash: the run's manifest does not say."
        ),
        (
            "Peak memory is that of the process itself, without translation engines beside it; ≤: the most since the process "
            "began, which an earlier stage or run may have held."
        ),
        f"Intervals: {results.intervals}.",
        (
            "Not shown: the price of a machine, the energy of cooling, what the base model's own training took, and whether the "
            "answers are equally good."
        ),
    ]
    for machine in dict.fromkeys(results.machines.values()):
        names = [name for name, found in results.machines.items() if found == machine]
        notes.append(f"Made with {machine}: {', '.join(names)}.")
    notes += [f"Stopped and gone on, so that the times of earlier attempts are missing: {', '.join(stopped)}."] * bool(
        stopped
    )
    return tuple(notes)


def draw_charts(results: CostResults) -> tuple[Chart, ...]:
    """Draw the time of each stage and the tokens of an answer."""
    times = draw_stack(
        [_stack_stages(one) for one in results.systems], title="Time by stage", unit=" s", axis="wall-clock time"
    )
    tokens = draw_stack(
        [_stack_sections(one) for one in results.systems], title="Tokens of an answer", unit="", axis="tokens, mean"
    )
    found = {name for one in results.systems for name in one.stages}
    parts = {name for one in results.systems for name in one.sections}
    return (
        Chart("Time by stage", times, [(class_, label) for name, label, class_ in _STAGES if name in found]),
        Chart("Tokens of an answer", tokens, [(class_, label) for name, label, class_ in PIECES if name in parts]),
    )


def _name(one: SystemCost) -> str:
    return f"{one.run}, {one.arm}"


def _list_system(one: SystemCost) -> tuple[str, ...]:
    return (
        _name(one),
        one.template,
        _count(one.trained_tokens),
        _count(one.supervised_tokens),
        *(_time(one, name) for name in ("translate", "train", "generate")),
        write_estimate(one.tokens),
        write_estimate(one.seconds, 2),
        NOTHING if one.tokens_per_s is None else f"{one.tokens_per_s:.1f}",
        *(_memory(one, name) for name in ("train", "generate")),
        _energy(one.stages["train"].energy_wh if "train" in one.stages else None),
        _energy(one.energy_wh_per_1000),
    )


def _count(number: int | None) -> str:
    return NOTHING if number is None else f"{number:,}"


def _time(one: SystemCost, name: str) -> str:
    return write_seconds(one.stages[name].seconds) if name in one.stages else NOTHING


def _memory(one: SystemCost, name: str) -> str:
    stage = one.stages.get(name)
    if stage is None or stage.peak_mib is None:
        return NOTHING
    return f"{'≤ ' if stage.is_bound else ''}{stage.peak_mib:,.0f} MiB"


def _energy(watt_hours: float | None) -> str:
    return NOTHING if watt_hours is None else f"{watt_hours:,.2f} Wh"


def _stack_stages(one: SystemCost) -> Bar:
    pieces = tuple(
        Piece(label, cost.seconds, f"{cost.seconds:,.0f}", class_)
        for name, label, class_ in _STAGES
        if (cost := one.stages.get(name)) is not None
    )
    return Bar(_name(one), write_seconds(sum(piece.value for piece in pieces)), pieces)


def _stack_sections(one: SystemCost) -> Bar:
    pieces = tuple(
        Piece(label, estimate.value or 0.0, f"{estimate.value or 0.0:,.0f}", class_)
        for name, label, class_ in PIECES
        if (estimate := one.sections.get(name)) is not None
    )
    return Bar(_name(one), f"{one.tokens.value or 0:,.0f} tokens, n = {one.answers}", pieces)
