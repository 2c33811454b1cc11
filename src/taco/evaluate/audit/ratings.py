"""Stored ratings against what the judge wrote."""

from __future__ import annotations

from taco.evaluate.audit.finding import Finding, Kind, quote_end, write_rating
from taco.evaluate.audit.judgement import Judgement, JudgementSet


def find(judged: JudgementSet) -> list[Finding]:
    """Report ratings that are stale, wrong, missing or without support in the text."""
    found = []
    for row, before in zip(judged.rows, judged.list_previous(), strict=True):
        stale = next((other for other in before if other.stored is not None and other.stored == row.stored), None)
        kind = _judge(row, is_stale=stale is not None)
        if kind is not None:
            found.append(_report(judged, row, kind, stale if kind == "stale-rating" else None))
    return found


def _judge(row: Judgement, *, is_stale: bool) -> Kind | None:
    score = row.verdict.score
    if row.stored is None:
        return None if score is None else "missing-rating"
    if row.stored in (score, row.prose):
        return None
    if is_stale:
        return "stale-rating"
    return "unsupported-rating" if row.corrected is None else "wrong-rating"


def _report(judged: JudgementSet, row: Judgement, kind: Kind, before: Judgement | None) -> Finding:
    says = write_rating(row.verdict.score)
    if row.prose is not None:
        says = f"no rating, but a score of {write_rating(row.prose)} in words"
    elif row.verdict.score is None:
        says = f"no rating ({row.verdict.reason})"
    detail = f"stored {row.stored_as or 'nothing'}, the judge's text says {says}"
    evidence = {"stored": row.stored_as, "text": quote_end(row.text), "row": row.origin}
    if before is not None:
        detail += f"; {write_rating(before.stored)} is the rating of question {before.id}"
        evidence |= {"previous_id": before.id, "previous_rating": write_rating(before.stored)}
    return Finding(kind=kind, id=row.id, set=judged.name, detail=detail, evidence=evidence)
