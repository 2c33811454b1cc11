"""FastChat's pairwise judgements: the stored winner of each game against what the judge's text names.

Game 1 shows model_1 as A and model_2 as B, game 2 the other way round; [[C]] is a tie.
"""

from __future__ import annotations

import re

from taco.evaluate.audit.finding import Finding, quote_end
from taco.evaluate.files.rows import ID_KEYS, Row, normalise_id

_CHOICE = re.compile(r"\[\[([ABC])\]\]")
_WINNERS = ({"A": "model_1", "B": "model_2", "C": "tie"}, {"A": "model_2", "B": "model_1", "C": "tie"})


def is_pair(row: Row) -> bool:
    """Tell whether a row is a pairwise judgement."""
    return bool(row.find_text("g1_judgment", "g1_judgement"))


def find(rows: list[Row], *, name: str) -> list[Finding]:
    """Report games whose stored winner is not the one that the text ends with.

    Args:
        rows: Pairwise rows of one file.
        name: Name of the set.
    """
    found = []
    for row in rows:
        for game in (1, 2):
            text = row.find_text(f"g{game}_judgment", f"g{game}_judgement")
            stored = row.find_text(f"g{game}_winner")
            said = read_winner(text, game=game)
            if text and stored != said:
                detail = f"game {game}: stored {stored or 'nothing'}, the judge's text names {said}"
                evidence = {"stored": stored, "text": quote_end(text), "row": row.origin}
                identity = normalise_id(row.find(*ID_KEYS))
                found.append(Finding(kind="wrong-winner", id=identity, set=name, detail=detail, evidence=evidence))
    return found


def read_winner(text: str, *, game: int) -> str:
    """Read who won: "model_1", "model_2", "tie", or "error" where the text names nobody or ends with none of several.

    >>> read_winner("B is better. [[B]]", game=1), read_winner("B is better. [[B]]", game=2), read_winner("?", game=1)
    ('model_2', 'model_1', 'error')
    """
    choices = list(_CHOICE.finditer(text))
    if not choices:
        return "error"
    last = choices[-1]
    is_last = not re.search(r"\w", text[last.end() :])
    if len({choice[1] for choice in choices}) > 1 and not is_last:
        return "error"
    return _WINNERS[game - 1][last[1]]
