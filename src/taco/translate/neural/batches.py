"""Sentences of like length in batches of bounded size, and how long the translation of each may be."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from taco.errors import EngineRejected

SHORTEST_LIMIT = 32
"""Tokens that any translation may have: short sentences can grow a lot."""

Tokens = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Sentences that go through the model together.

    Attributes:
        sources: The tokens of each, all that the model is given, the longest first.
        limit: Tokens that the longest translation among them may have, without the end token.
    """

    sources: tuple[Tokens, ...]
    limit: int


@contextmanager
def batch_faults(batch: Batch) -> Iterator[None]:
    """Turn what a library raises for a batch, above all that memory ran out, into a refusal of the call.

    Raises:
        EngineRejected: The library failed; fewer texts may work.
    """
    try:
        yield
    except RuntimeError as error:
        first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise EngineRejected(
            f"The model failed on {len(batch.sources)} sentences of up to {len(batch.sources[0])} tokens: {first_line}",
            hint="If memory ran out, lower translate.options.max_batch_tokens.",
        ) from error


def find_limit(length: int, *, ratio: float, positions: int | None) -> int:
    """Return how many tokens a translation may have.

    Args:
        length: Tokens of the source.
        ratio: Tokens of the translation for each of them.
        positions: Positions of the model's decoder, None where it has no end; the language and the end token need two.

    >>> find_limit(4, ratio=3, positions=1024), find_limit(100, ratio=3, positions=1024)
    (32, 300)
    >>> find_limit(1000, ratio=3, positions=1024)
    1022
    """
    limit = max(SHORTEST_LIMIT, math.ceil(ratio * length))
    return limit if positions is None else min(limit, positions - 2)


def make_batches(sources: Sequence[Tokens], *, max_tokens: int, ratio: float, positions: int | None) -> Iterator[Batch]:
    """Group sources by length, the longest first: what does not fit into memory fails at once.

    Args:
        sources: Different sources, in any order.
        max_tokens: Tokens of a batch, each source counted as long as the longest; a longer one makes its own batch.
        ratio, positions: See `find_limit`.

    >>> [len(batch.sources) for batch in make_batches([("a",), ("a", "b", "c"), ("b",)], max_tokens=3, ratio=3, positions=9)]
    [1, 2]
    """
    ordered = sorted(sources, key=lambda source: (-len(source), source))
    start = 0
    while start < len(ordered):
        longest = len(ordered[start])
        end = start + max(1, max_tokens // max(longest, 1))
        yield Batch(tuple(ordered[start:end]), find_limit(longest, ratio=ratio, positions=positions))
        start = end
