"""All that a machine sees is wrong with a tuned answer: what `evaluate` noted, and what its text shows beside that.

`evaluate` judges the answer as a whole, by its state, its ending and its reply's language; `taco.evaluate.failure` reads
stretches, lists, code and meaning. Where both see a failure of the same kind, the note of `evaluate` stands.
"""

from __future__ import annotations

from taco.evaluate.failure.classify import find_failures
from taco.evaluate.failure.record import KINDS as TEXT_KINDS
from taco.evaluate.failure.record import build_subject
from taco.evaluate.failures import KINDS as ANSWER_KINDS
from taco.languages.table import Language
from taco.records import Chain
from taco.report.content import Sample, SampleAnswer
from taco.report.side_by_side.content import ShownFailure

KINDS: tuple[str, ...] = tuple(dict.fromkeys((*ANSWER_KINDS, *TEXT_KINDS)))
"""All kinds of failure, in the order in which they are shown."""

_SAME = {"truncated": frozenset({"cut-off", "loop"})}
"""Kind that the text shows -> kinds of `evaluate` that say the same and more."""


def list_failures(
    sample: Sample, answer: SampleAnswer, *, language: Language, template: str
) -> tuple[ShownFailure, ...]:
    """List what is wrong with an answer, each kind once, in the order of `KINDS`.

    Args:
        sample: The question.
        answer: The answer.
        language: The target language.
        template: Name of the template that was asked for.
    """
    found: dict[str, ShownFailure] = {
        one.kind: ShownFailure(kind=one.kind, detail=one.detail) for one in reversed(answer.failures)
    }
    subject = build_subject(
        answer.text,
        answer_id=sample.id,
        language=language,
        template=template,
        finish=answer.finish,
        instruction=sample.prompt,
        reference=Chain(**sample.reference.model_dump()),
    )
    shown = dict(found)
    for one in find_failures(subject):
        if not _SAME.get(one.kind, frozenset()) & found.keys():
            shown.setdefault(one.kind, ShownFailure(kind=one.kind, detail=one.detail, text=one.text))
    return tuple(sorted(shown.values(), key=lambda failure: KINDS.index(failure.kind)))
