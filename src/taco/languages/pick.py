"""Which of several languages a question is in."""

from __future__ import annotations

from collections.abc import Sequence

from taco.languages.choice import prepare_choice
from taco.languages.identify import judge, strip_code
from taco.languages.scripts import measure_script_share
from taco.languages.table import Language

MOST_CHARACTERS = 2000
"""Characters of a text that are looked at."""


def pick_language(text: str, candidates: Sequence[Language]) -> Language:
    """Return the candidate that a text is most probably in; the first where nothing tells them apart.

    The script decides first, then py3langid and the n-gram profiles among those of that script. A language that neither knows
    is taken where it is the only one of its script, or none of that script is known.

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
    if len(near) == 1:
        return near[0]
    by_code = {one.code: one for one in near}
    choice = prepare_choice(tuple(by_code))
    distribution = judge(prose, choice)
    if distribution:
        return by_code[max(distribution, key=distribution.__getitem__)]
    return by_code[choice.codes[0]] if choice.codes else near[0]
