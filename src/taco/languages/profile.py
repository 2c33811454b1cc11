"""The n-gram profiles of languages that ship with taco, and how likely each language makes a text.

A profile is one row of bytes: for each of 65,536 buckets the cost of a letter sequence that falls into it, -log p in steps of
1/16 nat. Sequences of 2 to 4 letters are counted, in small letters, everything that is no letter or mark as one space, at
the edges of the text too. `udhr.npy` holds the rows (numpy's format, without pickled objects, mapped into memory), `udhr.json`
what they are of. Both are made from the Universal Declaration of Human Rights by `tools/make_profile.py`; they hold figures,
not texts.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

ORDERS = (2, 3, 4)
"""Lengths of the letter sequences. Orders 1 to 5 did no better on user interface strings (docs/results/identification.md)."""

BITS = 16
"""Bits of a bucket's number."""

STEP = 1 / 16
"""Nats of one step of a cost."""

WEIGHT = 0.5
"""What a text's cost is multiplied by. A sequence that a text has n times counts log(1 + n) times, or a loop would be sure of
anything; the cost is divided by the square root of how many count, since sequences overlap. Of the weights tried, this
one gave the lowest log loss on user interface strings, whole ones and of 40 characters."""

MOST_CHARACTERS = 10_000
"""Characters of a text that are read: more of them do not change the outcome, and a long text must not cost memory."""

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio, made odd: Fibonacci hashing (Knuth, The Art of Computer Programming, volume 3, 6.4)."""

_SPACE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """The rows of all languages.

    Attributes:
        name: What they were made from.
        version: Counts up with every change of the rows.
        places: Code -> row.
        costs: Languages x buckets, bytes.
    """

    name: str
    version: int
    places: dict[str, int]
    costs: NDArray[np.uint8]

    @property
    def signature(self) -> str:
        """Name and version, as in the signatures of scores."""
        return f"taco profile {self.name} {self.version}"


@cache
def load_profiles() -> Profiles:
    """Open the profiles that ship with taco; rows are read from the disk when they are used."""
    folder = resources.files("taco.languages")
    about = json.loads(folder.joinpath("udhr.json").read_text(encoding="utf-8"))
    with resources.as_file(folder.joinpath("udhr.npy")) as path:
        costs = np.load(path, mmap_mode="r", allow_pickle=False)
    places = {code: place for place, code in enumerate(about["languages"])}
    return Profiles(name=about["name"], version=about["version"], places=places, costs=costs)


def measure_shares(texts: Sequence[str], codes: Sequence[str], profiles: Profiles) -> NDArray[np.float64]:
    """Return the probability of each language for each text, texts x codes; a row's sum is 1.

    Args:
        texts: Prose; a text without letters gets equal shares.
        codes: Languages that have a profile.
        profiles: The profiles.

    >>> measure_shares(["O ceo é azul e o mar é frío."], ["gl", "en"], load_profiles()).argmax(axis=1).tolist()
    [0]
    """
    places = [profiles.places[code] for code in codes]
    costs, met = np.zeros((len(texts), len(codes))), np.zeros(len(texts))
    for buckets, rows in find_buckets(*read_letters(texts)):
        keys, counts = np.unique((rows << BITS) + buckets, return_counts=True)
        rows, buckets = keys >> BITS, keys & ((1 << BITS) - 1)
        weights = np.log1p(counts)
        met += np.bincount(rows, weights=weights, minlength=len(texts)) / len(ORDERS)
        for column, place in enumerate(places):
            costs[:, column] += np.bincount(
                rows, weights=weights * profiles.costs[place][buckets], minlength=len(texts)
            )
    exponents = -WEIGHT * STEP * costs / np.sqrt(np.maximum(met, 1))[:, None]
    shares = np.exp(exponents - exponents.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def learn_costs(texts: Sequence[str], *, size: float = 30_000, added: float = 0.05) -> NDArray[np.uint8]:
    """Make a language's row from texts in it.

    Args:
        texts: The texts.
        size: What the counts are scaled to in all, so that longer texts do not make a language likelier. The
            Declaration has about as many sequences in a language.
        added: What is added to each bucket, so that nothing is impossible.
    """
    counts = np.zeros(1 << BITS)
    for buckets, _ in find_buckets(*read_letters(texts)):
        counts += np.bincount(buckets, minlength=1 << BITS)
    shares = (counts / max(counts.sum(), 1) * size + added) / (size + added * (1 << BITS))
    costs: NDArray[np.uint8] = np.minimum(np.rint(-np.log(shares) / STEP), 255).astype(np.uint8)
    return costs


def read_letters(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the letters of all texts, one after the other, and where each text ends among them.

    >>> letters, ends = read_letters(["Ab, c!", "D"])
    >>> "".join(map(chr, letters)), ends.tolist()
    (' ab c  d ', [6, 9])
    """
    marked = [f" {unicodedata.normalize('NFC', text[:MOST_CHARACTERS]).lower()} " for text in texts]
    encoded = "".join(marked).encode("utf-32-le", "surrogatepass")
    letters = _fold(np.frombuffer(encoded, dtype="<u4"))
    ends = np.cumsum([len(text) for text in marked], dtype=np.int64)
    kept = np.ones(len(letters), dtype=bool)
    kept[1:] = (letters[1:] != _SPACE) | (letters[:-1] != _SPACE)
    kept[ends[:-1]] = True  # the space that a text begins with stands after the one that ends the text before
    return letters[kept], np.concatenate(([0], np.cumsum(kept)))[ends]


def find_buckets(letters: NDArray[np.uint32], ends: NDArray[np.int64]) -> list[tuple[Any, Any]]:
    """Return, for each order, the bucket of every sequence and the number of its text; none spans two texts."""
    rows = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
    found = []
    sums = letters.astype(np.uint64)
    for order in range(2, max(ORDERS) + 1):
        sums = sums[:-1] * _MULTIPLIER + letters[order - 1 :]
        is_whole = rows[: len(sums)] == rows[order - 1 :]
        if order in ORDERS:
            buckets = ((sums + np.uint64(order)) * _MULTIPLIER) >> np.uint64(64 - BITS)
            found.append((buckets[is_whole].astype(np.int64), rows[: len(sums)][is_whole]))
    return found


_FOLDED = np.zeros(0x110000, dtype=np.uint32)
"""Letter -> itself, or a space for what is none; 0 for what has not been met yet."""


def _fold(letters: NDArray[np.uint32]) -> NDArray[np.uint32]:
    folded = _FOLDED[letters]
    new = np.unique(letters[folded == 0])
    if not len(new):
        return folded
    for code in new.tolist():
        letter = chr(code)
        _FOLDED[code] = code if letter.isalpha() or unicodedata.category(letter).startswith("M") else _SPACE
    return _FOLDED[letters]
