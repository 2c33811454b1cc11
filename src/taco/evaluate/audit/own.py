"""taco's own verdicts: OUT/verdicts.jsonl of a judge, one object a line.

They keep a rating and the explanation beside it, not the whole reply, so the rating cannot be held against the text: ids,
gaps, means and claims are what is left to audit.
"""

from __future__ import annotations

from dataclasses import replace

from taco.evaluate.audit.authors import read_judgement
from taco.evaluate.audit.judgement import Judgement, Key
from taco.evaluate.files.rows import Row
from taco.evaluate.verdict import Verdict

_FIELDS = frozenset({"system", "judge", "score", "reason", "explanation"})

NOTE = "taco's verdicts keep no whole reply, so their ratings were not held against the judge's text"


def is_own(row: Row) -> bool:
    """Tell whether a row is one of taco's own verdicts."""
    return row.fields.keys() >= _FIELDS


def read_own(row: Row) -> Judgement:
    """Read one row; its rating is taken for what the text said."""
    judged = read_judgement(row)
    reason = "" if judged.stored is not None else row.find_text("reason") or "no-rating"
    return replace(judged, text="", verdict=Verdict(judged.stored, reason), prose=None)


def read_key(row: Row) -> Key:
    """Return what keeps rows of one id apart: system, judge and, of later turns, the turn."""
    turn = row.find("turn")
    later = f"turn {turn}" if turn is not None and turn != 1 else ""
    return tuple(part for part in (row.find_text("system"), row.find_text("judge"), later) if part)
