"""The failures of a whole file of answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from taco.evaluate.failure.classify import find_failures
from taco.evaluate.failure.record import KINDS, UNKNOWN, Failure, build_subject
from taco.evaluate.files.questions import Question
from taco.evaluate.files.raw_answers import RawAnswer
from taco.languages.identify import identify
from taco.languages.table import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What went wrong with a file of answers.

    Attributes:
        language: BCP-47 code of the target.
        identifier: What told languages apart, with versions and candidates.
        answers: Number of answers.
        questions: Number of them whose true English question is known; the others' meaning was not judged.
        failures: All failures, in the order of the answers.
    """

    language: str
    identifier: str
    answers: int
    questions: int
    failures: tuple[Failure, ...]

    def count_answers(self) -> dict[str, int]:
        """Count the answers with at least one failure of each kind, in the order of `KINDS`, without zeros."""
        pairs = {(failure.kind, failure.id) for failure in self.failures}
        counts = Counter(kind for kind, _ in pairs)
        return {kind: counts[kind] for kind in KINDS if counts[kind]}


def survey_answers(
    answers: Sequence[RawAnswer],
    *,
    language: Language,
    questions: Mapping[str, Question] | None = None,
    template: str = "",
) -> Survey:
    """Look for every class of failure in every answer.

    Args:
        answers: The answers.
        language: The target language.
        questions: The true English questions by id; None where there are none.
        template: Name of the template that they were asked by; "" for `taco` or `taco-paper`, as each of them looks.
    """
    known = questions or {}
    found = [failure for answer in answers for failure in _find(answer, language, known, template)]
    return Survey(
        language=language.code,
        identifier=identify("", target=language).signature,
        answers=len(answers),
        questions=sum(answer.id in known for answer in answers),
        failures=tuple(found),
    )


def _find(answer: RawAnswer, language: Language, questions: Mapping[str, Question], template: str) -> Iterable[Failure]:
    question = questions.get(answer.id)
    subject = build_subject(
        answer.text,
        answer_id=answer.id,
        language=language,
        template=template,
        finish=answer.finish,
        instruction=answer.instruction,
        reference=question.reference if question else UNKNOWN,
    )
    return find_failures(subject)
