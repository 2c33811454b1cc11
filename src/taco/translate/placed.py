"""Rows in memory through a runner, each told by its place among them, whatever its id."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from taco.records import Drop, Row, TranslatedRow, from_json, to_json
from taco.translate.runner import Runner
from taco.translate.shards import Shard


@dataclass(slots=True)
class Placed:
    """What became of rows, by their places.

    Attributes:
        rows: Place -> the translated row.
        drops: Place -> why there is none.
        engines: Signatures of the engines that translated, in the order in which they came.
    """

    rows: dict[int, TranslatedRow] = field(default_factory=dict)
    drops: dict[int, Drop] = field(default_factory=dict)
    engines: dict[str, None] = field(default_factory=dict)


def translate_placed(rows: Sequence[Row], runner: Runner, *, name: str, shard_rows: int) -> Placed:
    """Translate rows; each is in the result once, its id being its place.

    Args:
        rows: The rows; their ids do not count.
        runner: Translates.
        name: Name of the shards, for messages.
        shard_rows: Rows of one shard.

    Raises:
        EngineError: The engine cannot go on. What was translated before is in the memory.
        BudgetError: The budget is spent.
    """
    placed = Placed()
    for part in runner.map(_cut_shards(rows, name=name, size=shard_rows)):
        placed.engines.update(dict.fromkeys(part.engines))
        placed.rows.update((int(row.id), row) for row in (from_json(TranslatedRow, line) for line in part.rows))
        placed.drops.update((int(drop.id), drop) for drop in (from_json(Drop, line) for line in part.drops))
    return placed


def _cut_shards(rows: Sequence[Row], *, name: str, size: int) -> Iterator[Shard]:
    for number, first in enumerate(range(0, len(rows), size)):
        lines = (
            f"{to_json(replace(row, id=str(place)))}\n".encode()
            for place, row in enumerate(rows[first : first + size], start=first)
        )
        yield Shard(name=name, number=number, first_line=first + 1, lines=tuple(lines))
