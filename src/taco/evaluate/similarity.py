"""chrF++ between an answer's sections and the reference's, by sacrebleu.

chrF++ is the F2 of character 1- to 6-grams and word 1- and 2-grams (Popovic 2017, WMT). The target section of a
reference is itself a machine translation, so agreement with it is agreement with the translation engine, not quality:
a good answer in other words scores low, and the engine's own mistakes score high. Floors, computed from the same
rows, say what the numbers are worth: the question repeated, the English reference as it is, and the reference of another row.
"""

from __future__ import annotations

from collections.abc import Sequence

from taco.evaluate.case import Case
from taco.evaluate.metric import Family, Metric, Values
from taco.measure.chrf import score_text
from taco.records import Example

_NOT_QUALITY = (
    "Agreement with a machine translation, not quality: a good answer in other words scores low, and the translation "
    "engine's own mistakes score high."
)

METRICS = (
    Metric(
        name="chrf_reply",
        title="Reply against machine translation",
        unit="chrF++",
        better="higher",
        reads="reply",
        meaning="How many letter and word sequences the reply shares with the machine translation of the reference "
        "answer. The reply is the target section; of an answer without any label it is the whole text.",
        limits=_NOT_QUALITY,
        absent="zero",
    ),
    Metric(
        name="chrf_response",
        title="Target section against machine translation",
        unit="chrF++",
        better="higher",
        reads="response",
        meaning="The same for the labelled target section alone: an answer without that section counts 0.",
        limits=_NOT_QUALITY,
        absent="zero",
        needs=("labels",),
    ),
    Metric(
        name="chrf_response_en",
        title="English response against reference",
        unit="chrF++",
        better="higher",
        reads="response_en",
        meaning="How many letter and word sequences the English section shares with the reference answer.",
        limits="Questions have many good answers; only those worded like the reference score high.",
        absent="zero",
    ),
    Metric(
        name="chrf_instruction_en",
        title="English instruction against true question",
        unit="chrF++",
        better="higher",
        reads="instruction_en",
        meaning="Step-1 fidelity: how well the model turned the question in the target language back into the English "
        "question that it was translated from.",
        limits="The question was machine-translated: what was lost there cannot be found again.",
        absent="zero",
    ),
)

PARTS = {metric.name: metric.reads for metric in METRICS}
"""Name of a measure -> the part of an answer that it compares."""


def measure(case: Case) -> Values:
    """Measure how much one answer's sections agree with the reference chain's; None where the reference is empty.

    So it is for the sections that the template does not have.
    """
    return {name: score_text(*pair) for name, pair in pair_texts(case).items()}


def pair_texts(case: Case) -> dict[str, tuple[str, str]]:
    """Return, by the measure's name, each text of an answer with the reference that it is compared with.

    A reference is "" where the template has no such section; without labels there is a reply, but no labelled section.
    """
    pairs = {
        name: (case.reply, case.example.chain.response)
        if part == "reply"
        else (getattr(case.parsed, part), getattr(case.example.chain, part))
        for name, part in PARTS.items()
    }
    return pairs if case.template.has_labels else pairs | {"chrf_response": ("", "")}


FLOORS: dict[str, str] = {
    "question": "chrf_reply",
    "english_copy": "chrf_reply",
    "other_row": "chrf_reply",
    "question_en": "chrf_response_en",
    "other_row_en": "chrf_response_en",
}
"""Name of a reply without any merit -> the measure that it is held against.

- question: the question itself, as it was asked; question_en: the true English question.
- english_copy: the English reference response as it is.
- other_row, other_row_en: the reference of the next row, the first one's for the last: text in the right language about
  something else.
"""


def measure_floors(examples: Sequence[Example]) -> dict[str, list[float | None]]:
    """Measure what replies without any merit would score, row by row, by the names of `FLOORS`.

    None where a chain lacks the section; those of another row are empty with fewer than two rows.
    """
    asked = [example for example in examples if example.chain.response]
    chains = [example.chain for example in asked]
    others = chains[1:] + chains[:1] if len(chains) > 1 else []
    english = [chain for chain in chains if chain.response_en]
    others_en = english[1:] + english[:1] if len(english) > 1 else []
    return {
        "question": [score_text(example.prompt, example.chain.response) for example in asked],
        "english_copy": [
            score_text(chain.response_en, chain.response) if chain.response_en else None for chain in chains
        ],
        "other_row": [
            score_text(other.response, chain.response)
            for other, chain in zip(others, chains[: len(others)], strict=True)
        ],
        "question_en": [
            score_text(chain.instruction_en, chain.response_en) if chain.instruction_en else None for chain in english
        ],
        "other_row_en": [
            score_text(other.response_en, chain.response_en)
            for other, chain in zip(others_en, english[: len(others_en)], strict=True)
        ],
    }


SIMILARITY = Family(METRICS, measure)
