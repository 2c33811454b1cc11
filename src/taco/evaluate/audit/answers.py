"""Judged answers against the raw outputs of the model."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from taco.evaluate.audit.finding import Finding, Kind, quote_start, write_rating
from taco.evaluate.audit.judgement import Judgement, JudgementSet

LEAST = 20
"""Fewest characters of an answer that is looked for inside the raw output of another question; shorter ones are common."""

_LABEL = re.compile(
    r"^[ \t]*(?:[#*_>]+[ \t]*)?Response in (?!English\b)[^:\n]{2,40}[:：][*_]*", re.MULTILINE | re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Raw:
    """A raw output, folded: the whole, and its part in the target language."""

    whole: str
    target: str


def find(judged: JudgementSet) -> list[Finding]:
    """Report answers that are stale, of another question, in no raw output, or empty; rows without a raw output."""
    raw = {identity: _fold_raw(text) for identity, text in judged.answers.items()}
    found = []
    for row, before in zip(judged.rows, judged.list_previous(), strict=True):
        if row.answer is None:
            continue
        answer = fold_text(row.answer)
        if not answer:
            if row.stored is not None:
                found.append(
                    _make(judged, row, "empty-answer", f"an empty answer was rated {write_rating(row.stored)}")
                )
            continue
        if raw and row.id not in raw:
            found.append(_make(judged, row, "missing-raw", "there is no raw answer for this id"))
        if row.id in raw and answer in raw[row.id].whole:
            continue
        same = next((other for other in before if fold_text(other.answer or "") == answer), None)
        elsewhere = _find_source(answer, raw) or (_find_judged(answer, row, judged) if row.id in raw else "")
        finding = _trace(judged, row, answer, raw, same, elsewhere)
        if finding is not None:
            found.append(finding)
    return found


def fold_text(text: str) -> str:
    """Fold what differs between two copies of one text: composition and white space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _trace(
    judged: JudgementSet, row: Judgement, answer: str, raw: dict[str, _Raw], same: Judgement | None, source: str
) -> Finding | None:
    """Say where an answer is from that is not its own question's."""
    if same is not None and (raw or len(answer) >= LEAST):
        named = source or same.id
        if raw:
            detail = f"the judge was shown the answer to question {named}; "
            detail += _describe_own(raw.get(row.id))
        else:
            detail = f"the judge was shown the same text for question {same.id}; no raw answers tell whose it is"
        return _make(judged, row, "stale-answer", detail, source=named)
    if source:
        detail = f"the judge was shown the answer to question {source}; {_describe_own(raw.get(row.id))}"
        return _make(judged, row, "other-answer", detail, source=source)
    if row.id in raw:
        return _make(judged, row, "unknown-answer", "the judged text is in no raw answer")
    return None


def _describe_own(own: _Raw | None) -> str:
    if own is None:
        return "its own is not there"
    return "its own has another text" if own.target else "its own has no part in the target language"


def _find_source(answer: str, raw: dict[str, _Raw]) -> str:
    for identity, text in raw.items():
        if answer == text.target or (len(answer) >= LEAST and answer in text.whole):
            return identity
    return ""


def _find_judged(answer: str, row: Judgement, judged: JudgementSet) -> str:
    """Return the id of another row that was judged on the same text; "" where there is none."""
    alike = (other.id for other in judged.rows if other.id != row.id and fold_text(other.answer or "") == answer)
    return next(alike, "") if len(answer) >= LEAST else ""


def _fold_raw(text: str) -> _Raw:
    labels = list(_LABEL.finditer(text))
    return _Raw(whole=fold_text(text), target=fold_text(text[labels[-1].end() :]) if labels else "")


def _make(judged: JudgementSet, row: Judgement, kind: Kind, detail: str, *, source: str = "") -> Finding:
    evidence = {"answer": quote_start(row.answer or ""), "row": row.origin}
    if source:
        evidence["answer_of"] = source
    return Finding(kind=kind, id=row.id, set=judged.name, detail=detail, evidence=evidence)
