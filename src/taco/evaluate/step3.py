"""Step-3 fidelity against an engine: the target section beside a translation of the answer's own English section.

The recipe's engine translates the English sections of all answers, through the memory, the pace and the budget of
`translate`; equal sections are sent once, and those of the references are in the memory already. What agrees with the
translation did step 3 as the training rows did it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict

from taco.chain.parse import parse_chain
from taco.evaluate.case import Case
from taco.evaluate.metric import Family, Metric, Values
from taco.languages.table import Language
from taco.measure.chrf import score_text
from taco.progress import Progress
from taco.records import ARMS, Answer, Example
from taco.store.jsonl import read_records, write_records
from taco.translate.run import Means
from taco.translate.texts import translate_texts

FILE = "step3.jsonl"

METRICS = (
    Metric(
        name="chrf_step3",
        title="Step 3 against the engine's own",
        unit="chrF++",
        better="higher",
        reads="response",
        meaning="Step-3 fidelity: how many letter and word sequences the target section shares with the engine's "
        "translation of the answer's own English section. Answers without an English section are left out.",
        limits="Agreement with the engine, not quality: its mistakes score high, and a better translation scores low.",
        absent="zero",
        needs=("response_en",),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionTranslation:
    """An English section of some answer, and the engine's translation of it."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    english: str
    target: str
    engine: str


def translate_sections(
    means: Means, *, chain: Path, answers: Path, out: Path, language: Language, progress: Progress
) -> None:
    """Translate the English sections of all answers and references; sections that the engine refuses are left out.

    Args:
        means: How.
        chain: Folder with heldout.jsonl (Example).
        answers: Folder with base.jsonl and tuned.jsonl (Answer).
        out: Where step3.jsonl (SectionTranslation) goes.
        language: The target language.
        progress: Where to say how far it is.

    Raises:
        EngineError: The engine is missing, or cannot go on. What was translated before is stored.
        BudgetError: The budget is spent.
        DataError: A file is missing or damaged.
    """
    texts = list(_list_sections(chain, answers, language))
    made = translate_texts(texts, means.make_job(target=language), progress=progress)
    write_records(
        out / FILE,
        [
            SectionTranslation(english=english, target=one.text, engine=one.engine)
            for english, one in made.items()
            if one.engine
        ],
    )


def read_translations(path: Path) -> dict[str, SectionTranslation]:
    """Return English section -> its translation; an absent file is none.

    Raises:
        DataError: The file is damaged.
    """
    if not path.is_file():
        return {}
    return {one.english: one for one in read_records(path, SectionTranslation)}


def make_step3(translations: Mapping[str, SectionTranslation]) -> Family:
    """Return the measure for some translations."""
    return Family(METRICS, partial(measure, translations=translations))


def measure(case: Case, *, translations: Mapping[str, SectionTranslation]) -> Values:
    """Measure one answer's step 3; unscored without an English section, or where the engine refused it."""
    found = translations.get(case.parsed.response_en)
    return {"chrf_step3": score_text(case.parsed.response, found.target) if found else None}


def _list_sections(chain: Path, answers: Path, language: Language) -> Iterator[str]:
    """Yield the English sections of references and answers; what answers no held-out row is passed over."""
    templates = {}
    for example in read_records(chain / "heldout.jsonl", Example):
        templates[example.id] = example.template
        yield from filter(None, [example.chain.response_en])
        parsed = parse_chain(example.completion, template=example.template, language=language)
        yield from filter(None, [parsed.response_en])
    for arm in ARMS:
        for answer in read_records(answers / f"{arm}.jsonl", Answer):
            if answer.id in templates:
                parsed = parse_chain(
                    answer.text, template=templates[answer.id], language=language, finish=answer.finish
                )
                yield from filter(None, [parsed.response_en])
