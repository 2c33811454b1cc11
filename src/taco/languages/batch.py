"""Identification of many texts at once: the automaton of py3langid walks all of them in step, as numpy arrays.

py3langid walks one text at a time in Python, which is most of the time that identification takes. Here texts of like length
go together, byte by byte, and their scores are one product; their n-grams go through the profiles at once. The results are
those of `identify_prose` but for rounding: sums are made in double precision here. A text's result does not depend on
the other texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np

from taco.languages.choice import Choice, load_model, weigh
from taco.languages.identify import Identification, choose, has_letters, identify_prose, make_identification
from taco.languages.profile import load_profiles, measure_shares
from taco.languages.table import Language

MOST_BYTES = 4096
"""Longer texts are walked by themselves: in step, the few that are left would waste the others' width."""

LEAST_TEXTS = 16
"""Fewer texts are not worth an array."""


def identify_batch(proses: Sequence[str], *, target: Language) -> list[Identification]:
    """Judge which language each of many texts is in that hold nothing but prose; see `identify_prose`.

    >>> from taco.languages.table import find_language
    >>> found = identify_batch(["O can dorme na cociña esta noite."] * 20, target=find_language("gl"))
    >>> len(found), found[0].best
    (20, 'gl')
    """
    choice = choose(target)
    if len(proses) < LEAST_TEXTS:
        return [identify_prose(prose, target=target) for prose in proses]
    told = [has_letters(prose) for prose in proses]
    scores = _score_all(proses, told, choice) if choice.identifier is not None else [{} for _ in proses]
    shares: list[list[float]] = [[] for _ in proses]
    if choice.profiled:
        shares = measure_shares(proses, choice.profiled, load_profiles()).tolist()
    return [
        make_identification(prose, choice, weigh(prose, score, share, choice) if is_told else {}, target=target)
        for prose, is_told, score, share in zip(proses, told, scores, shares, strict=True)
    ]


def _score_all(proses: Sequence[str], told: Sequence[bool], choice: Choice) -> list[dict[str, float]]:
    """Return label -> probability for each text that has letters; the long ones are ranked by py3langid itself."""
    encoded = {
        place: choice.identifier._encode(prose)
        for place, (prose, is_told) in enumerate(zip(proses, told, strict=True))
        if is_told
    }
    short = [place for place, text in encoded.items() if len(text) <= MOST_BYTES]
    short.sort(key=lambda place: (-len(encoded[place]), place))
    scores: list[dict[str, float]] = [{} for _ in proses]
    for place, score in zip(short, _score([encoded[place] for place in short], choice), strict=True):
        scores[place] = score
    for place in set(encoded) - set(short):
        scores[place] = dict(choice.identifier.rank(proses[place]))
    return scores


def _score(texts: Sequence[bytes], choice: Choice) -> Iterator[dict[str, float]]:
    """Yield label -> probability for each of texts in order of falling length, as py3langid normalises them."""
    identifier = choice.identifier
    rows, features = _walk(texts)
    keys, counts = np.unique(rows.astype(np.int64) * len(identifier._full_model[0]) + features, return_counts=True)
    places, features = np.divmod(keys, len(identifier._full_model[0]))
    weights = np.log1p(counts)[:, None] * identifier.nb_ptc[features].astype(np.float64)
    sums = np.zeros((len(texts), len(identifier.nb_classes)))
    if len(places):
        starts = np.flatnonzero(np.r_[True, places[1:] != places[:-1]])
        sums[places[starts]] = np.add.reduceat(weights, starts, axis=0) + identifier.nb_pc
    lengths = np.array([max(len(text), 1) for text in texts], dtype=np.float64)
    sums /= np.sqrt(lengths)[:, None]  # the temperature by which py3langid calibrates texts of any length
    shares = np.exp(sums - sums.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    for row in shares.tolist():
        merged: dict[str, float] = {}
        for label, share in zip(identifier.nb_classes, row, strict=True):
            merged[label] = merged.get(label, 0.0) + share  # scripts of one language have a column each
        yield merged


def _walk(texts: Sequence[bytes]) -> tuple[Any, Any]:
    """Return the number of the text and the feature, for every feature met; texts are in order of falling length."""
    following, bases, outputs = _load_automaton()
    lengths = np.array([len(text) for text in texts])
    longest = int(lengths[0]) if len(texts) else 0
    letters = np.zeros((longest, len(texts)), dtype=np.uint8)
    for place, text in enumerate(texts):
        letters[: len(text), place] = np.frombuffer(text, dtype=np.uint8)
    active = np.searchsorted(-lengths, -np.arange(longest), side="left")
    states = np.zeros((longest + 1, len(texts)), dtype=following.dtype)
    for step in range(longest):
        width = active[step]
        states[step + 1, :width] = following[bases[states[step, :width]] + letters[step, :width]]
    found = outputs[states[1:]]
    found[np.arange(longest)[:, None] >= lengths[None, :]] = -1
    steps, rows = np.nonzero(found >= 0)
    return rows, found[steps, rows]


@cache
def _load_automaton() -> tuple[Any, Any, Any]:
    """Return the state that follows for each row and byte, the start of each state's row, and each state's feature."""
    model = load_model()
    return (
        np.asarray(model.tk_nextmove),
        np.asarray(model._rowbase, dtype=np.int64),
        np.asarray(model.tk_output, dtype=np.int32),
    )
