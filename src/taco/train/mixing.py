"""Which rows an epoch of a stage has: how many of each set, and which of them come next."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from taco.train.stage import Order
from taco.train.tokens import EncodedRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Deck:
    """Rows that are drawn without putting them back until all of them were drawn.

    Attributes:
        rows: The rows, at least one.
        count: How many of them an epoch has; may be more than there are.
        key: Decides the order of drawing.
    """

    rows: Sequence[EncodedRow]
    count: int
    key: str

    def draw(self, epoch: int) -> list[EncodedRow]:
        """Return the rows of an epoch, numbered from 0."""
        first, size = epoch * self.count, len(self.rows)
        passes = range(first // size, -(-(first + self.count) // size))
        orders = {number: _shuffle(self.rows, f"{self.key}/{number}") for number in passes}
        return [orders[place // size][place % size] for place in range(first, first + self.count)]


def share_out(sizes: Sequence[int], *, weights: Sequence[float] = (), temperature: float = 1.0) -> list[int]:
    """Return how many rows of each set an epoch has; together as many as the sets have.

    A set of n rows gets a share in proportion to weight * n^(1/temperature), as in temperature sampling of languages
    (Conneau et al., arXiv 1911.02116, section 3.1, with alpha = 1/temperature).

    Args:
        sizes: Rows of each set.
        weights: One for each set; 1 each if empty.
        temperature: At 1 and with equal weights every set has all its rows.

    >>> share_out([900, 100]), share_out([900, 100], temperature=2), share_out([900, 100], weights=[1, 9])
    ([900, 100], [750, 250], [500, 500])
    """
    total = sum(sizes)
    drawn = [
        weight * size ** (1 / temperature) for weight, size in zip(weights or [1.0] * len(sizes), sizes, strict=True)
    ]
    exact = [total * part / sum(drawn) for part in drawn]
    counts = [int(part + 1e-9) for part in exact]
    rest = sorted(range(len(sizes)), key=lambda place: (counts[place] - exact[place], place))
    for place in rest[: total - sum(counts)]:
        counts[place] += 1
    return counts


def count_replayed(rows: int, share: float) -> int:
    """Return how many rows must be added for them to be that share of all.

    >>> count_replayed(90, 0.1), count_replayed(90, 0.0)
    (10, 0)
    """
    return round(rows * share / (1 - share))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """The rows of a stage.

    Attributes:
        decks: What an epoch is drawn from.
        order: Order within an epoch.
        key: Decides the shuffle.
    """

    decks: Sequence[Deck]
    order: Order
    key: str

    @property
    def size(self) -> int:
        """Rows of an epoch."""
        return sum(deck.count for deck in self.decks)

    def list_epochs(self) -> Iterator[list[EncodedRow]]:
        """Yield the rows of each epoch in their order, without end."""
        epoch = 0
        while True:
            yield self.arrange([row for deck in self.decks for row in deck.draw(epoch)], epoch)
            epoch += 1

    def arrange(self, rows: list[EncodedRow], epoch: int) -> list[EncodedRow]:
        """Put the rows of an epoch in order; ties keep a shuffled order, so that no source comes as a block."""
        if self.order == "given":
            places = {id(row): place for place, row in enumerate(row for deck in self.decks for row in deck.rows)}
            return sorted(rows, key=lambda row: places[id(row)])
        shuffled = _shuffle(rows, f"{self.key}/{epoch}")
        if self.order == "length":
            return sorted(shuffled, key=lambda row: len(row.input_ids))
        if self.order == "quality":
            return sorted(shuffled, key=lambda row: -row.quality)
        return shuffled


def _shuffle(rows: Sequence[EncodedRow], key: str) -> list[EncodedRow]:
    order = list(rows)
    random.Random(key).shuffle(order)  # noqa: S311
    return order
