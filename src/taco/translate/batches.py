"""Texts as calls: how many of them go to an engine together."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from taco.translate.engine import Limits

LEAST_CHARACTERS = 1000
"""A call is not made shorter than this only so that those that run side by side end together."""


def make_batches(texts: Sequence[str], limits: Limits, *, characters: int) -> Iterator[list[str]]:
    """Group texts into calls, in order.

    Args:
        texts: The texts.
        limits: The engine's limits.
        characters: Wanted length of a call's texts; the last calls are shorter, so that all that run side by side end
            at about the same time. A text that is longer makes a call of its own.

    >>> list(make_batches(["aaa", "bb", "c", "dddd"], Limits(), characters=5))
    [['aaa', 'bb'], ['c', 'dddd']]
    """
    most = find_size(limits, characters)
    most = min(most, share_out(sum(map(len, texts)), limits.parallel_calls))
    left = deque(texts)
    while left:
        yield take_batch(left, limits, most=most)


def find_size(limits: Limits, characters: int) -> int:
    """Return how long a full call is, where so many characters are wanted."""
    return min(characters, limits.characters_per_call or characters)


def share_out(characters: int, calls: int) -> int:
    """Return how long each of several calls is that take what is left.

    >>> share_out(9001, 2), share_out(1500, 2)
    (4501, 1000)
    """
    return max(LEAST_CHARACTERS, -(-characters // calls))


def take_batch(left: deque[str], limits: Limits, *, most: int) -> list[str]:
    """Take the texts of one call, at least one, from the front of those that are left."""
    batch = [left.popleft()]
    length = len(batch[0])
    while left and length + len(left[0]) <= most and len(batch) != limits.texts_per_call:
        batch.append(left.popleft())
        length += len(batch[-1])
    return batch
