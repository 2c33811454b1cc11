"""The failures of a whole file of answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from taco.evaluate.failure.classify import find_failures
from taco.evaluate.failure.record import KINDS, UNKNOWN, Failure, build_subject
from taco.evaluate.files.questions import Question
from taco.evaluate.files.raw_answers import RawAnswer
from taco.languages.identify import identify
from taco.languages.table import Language
from taco.records import Chain


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What went wrong with a file of answers.

    Attributes:
        language: BCP-47 code of the target.
        identifier: What told languages apart, with versions and candidates.
        answers: Number of answers; of conversations every turn's answer counts.
        unanswered: Number of turns that have none, as one that came behind a failed answer.
        questions: Number of them whose true English question is known; the others' meaning was not judged.
        failures: All failures, in the order of the answers.
    """

    language: str
    identifier: str
    answers: int
    questions: int
    failures: tuple[Failure, ...]
    unanswered: int = 0

    def count_answers(self) -> dict[str, int]:
        """Count the answers with at least one failure of each kind, in the order of `KINDS`, without zeros."""
        counts = Counter(kind for kind, _, _ in {(one.kind, one.id, one.turn) for one in self.failures})
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
        answers: The answers; those with a reason why there is none are only counted.
        language: The target language.
        questions: The true English questions by id; None where there are none.
        template: Name of the template that they were asked by; "" for `taco` or `taco-paper`, as each of them looks.
    """
    known = questions or {}
    given = [answer for answer in answers if not answer.reason]
    found = [failure for answer in given for failure in _find(answer, _ask(answer, known), language, template)]
    return Survey(
        language=language.code,
        identifier=identify("", target=language).signature,
        answers=len(given),
        questions=sum(bool(_ask(answer, known).instruction_en) for answer in given),
        failures=tuple(found),
        unanswered=len(answers) - len(given),
    )


def _ask(answer: RawAnswer, questions: Mapping[str, Question]) -> Chain:
    """Return the true English question of an answer, with its good answers as far as they are known."""
    return questions[answer.id].find_reference(answer.turn) if answer.id in questions else UNKNOWN


def _find(answer: RawAnswer, reference: Chain, language: Language, template: str) -> Iterable[Failure]:
    subject = build_subject(
        answer.text,
        answer_id=answer.id,
        language=language,
        template=template,
        finish=answer.finish,
        instruction=answer.instruction,
        reference=reference,
    )
    return (replace(failure, turn=answer.turn) for failure in find_failures(subject))
