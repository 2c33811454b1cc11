"""What went wrong with an answer, as far as it can be told without a judge."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

from taco.evaluate.case import Case
from taco.evaluate.metric import Values
from taco.languages.table import ENGLISH, find_language

Kind = Literal[
    "empty",
    "no-chain",
    "missing-section",
    "copied-question",
    "loop",
    "cut-off",
    "english",
    "wrong-language",
    "label-trouble",
    "repetition",
    "second-answer",
]
"""What went wrong, the worst first.

- empty: nothing was written. no-chain: text without any label.
- missing-section: the target section, or one of the English ones, is absent or empty.
- copied-question: the reply is the question again.
- loop: the repetition guard ended the answer. cut-off: the token limit did.
- english, wrong-language: the reply is identified as English, or as a relative of the target.
- label-trouble: a label occurs twice, or the sections are not in order.
- repetition: a section repeats itself (`REPETITIVE` and more) and nothing stopped it.
- second-answer: after the last section it began one anew; the guard ended it there.
"""

KINDS: tuple[Kind, ...] = get_args(Kind)

REPETITIVE = 0.4
"""Share of repeated sequences from which an answer counts as repetitive. Our own choice: among the 160 answers of the
paper's release every complete chain stays below 0.33 and the one true loop reaches 0.96."""

_SECTION_TITLES = {
    "instruction_en": "instruction in English",
    "response_en": "response in English",
    "response": "target section",
}


class Failure(BaseModel):
    """One thing that went wrong with an answer.

    Attributes:
        detail: What was found, for a reader.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    detail: str


def find_failures(case: Case, values: Values) -> tuple[Failure, ...]:
    """List what went wrong with an answer, the worst first.

    Args:
        case: The answer.
        values: Its measures.
    """
    found = (*_judge_form(case), *_judge_copy(values), *_judge_language(case), *_judge_repetition(case, values))
    return tuple(sorted(found, key=lambda failure: KINDS.index(failure.kind)))


def _judge_form(case: Case) -> list[Failure]:
    found: list[Failure] = []
    answer, parsed = case.answer, case.parsed
    absent = [title for name, title in _SECTION_TITLES.items() if name in case.missing]
    if parsed.state == "empty":
        found.append(Failure(kind="empty", detail="nothing was written"))
    elif parsed.state == "no-chain":
        found.append(Failure(kind="no-chain", detail="text without any label"))
    elif absent:
        found.append(Failure(kind="missing-section", detail=f"no {', no '.join(absent)}"))
    if answer.finish == "loop":
        found.append(Failure(kind="loop", detail=f"stopped by the repetition guard after {answer.tokens} tokens"))
    if answer.finish == "length":
        found.append(Failure(kind="cut-off", detail=f"stopped by the token limit after {answer.tokens} tokens"))
    if answer.finish == "label":
        found.append(
            Failure(kind="second-answer", detail="began a section anew after the last one and was ended there")
        )
    if parsed.state in ("duplicated-label", "wrong-order"):
        trouble = "a label occurs twice" if parsed.state == "duplicated-label" else "the sections are out of order"
        found.append(Failure(kind="label-trouble", detail=trouble))
    return found


def _judge_copy(values: Values) -> list[Failure]:
    if not values.get("copied_question"):
        return []
    return [Failure(kind="copied-question", detail="the reply is the question again, or all but a word or two of it")]


def _judge_language(case: Case) -> list[Failure]:
    found = case.identification
    if not found.best or found.best == case.language.code:
        return []
    share = f"identified as {find_language(found.best).name}, probability {found.distribution[found.best]:.2f}"
    if found.best == ENGLISH.code:
        return [Failure(kind="english", detail=share)]
    return [Failure(kind="wrong-language", detail=share)] if found.knows_target else []


def _judge_repetition(case: Case, values: Values) -> list[Failure]:
    share = values.get("repetition")
    if share is None or share < REPETITIVE or case.answer.finish == "loop":
        return []
    return [Failure(kind="repetition", detail=f"{100 * share:.0f} % of a section repeats what stood there before")]
