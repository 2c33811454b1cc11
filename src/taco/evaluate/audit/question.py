"""The question that the judge was shown against the list of questions."""

from __future__ import annotations

from taco.evaluate.audit.answers import fold_text
from taco.evaluate.audit.finding import Finding, quote_start
from taco.evaluate.audit.judgement import JudgementSet


def find(judged: JudgementSet) -> list[Finding]:
    """Report rows whose question is the list's under another id; a question in other words may be a translation."""
    by_text = {fold_text(text): identity for identity, text in judged.questions.items() if text.strip()}
    found = []
    for row in judged.rows:
        listed = judged.questions.get(row.id)
        shown = fold_text(row.question)
        if listed is None or not shown or shown == fold_text(listed):
            continue
        other = by_text.get(shown)
        if other is not None:
            detail = f"the judge was shown question {other}"
            evidence = {"question": quote_start(row.question), "listed": quote_start(listed), "row": row.origin}
            found.append(Finding(kind="other-question", id=row.id, set=judged.name, detail=detail, evidence=evidence))
    return found
