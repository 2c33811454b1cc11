"""Which of several languages a question is in."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import cache
from typing import Any

from taco.languages.identify import find_label, load_model, strip_code
from taco.languages.scripts import measure_script_share
from taco.languages.table import Language

MOST_CHARACTERS = 2000
"""Characters of a text that are looked at."""


def pick_language(text: str, candidates: Sequence[Language]) -> Language:
    """Return the candidate that a text is most probably in; the first where nothing tells them apart.

    The script decides first, then py3langid among those of that script. A language that it has no profile of is taken
    where it is the only one of its script.

    Args:
        text: The question.
        candidates: At least one language.

    >>> from taco.languages.table import find_language
    >>> languages = [find_language(code) for code in ("gl", "fa", "ne")]
    >>> [pick_language(text, languages).code for text in ("سلام دنیا", "नमस्ते संसार", "O ceo é azul", "42")]
    ['fa', 'ne', 'gl', 'gl']
    """
    prose = strip_code(text[:MOST_CHARACTERS])
    if len(candidates) == 1:
        return candidates[0]
    shares = [measure_script_share(prose, language.script) for language in candidates]
    best = max(shares)
    if best == 0:
        return candidates[0]
    near = [one for one, share in zip(candidates, shares, strict=True) if share >= best - 0.1]
    labels = {find_label(one.code): one for one in reversed(near)}
    labels.pop("", None)
    if len(near) == 1 or len(labels) < 2:
        return near[0] if len(near) == 1 or not labels else next(iter(labels.values()))
    ranked = _load(tuple(sorted(labels))).rank(prose)
    return labels[ranked[0][0]]


@cache
def _load(labels: tuple[str, ...]) -> Any:
    identifier = copy.copy(load_model())
    identifier.set_languages(labels)
    return identifier
