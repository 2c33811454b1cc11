"""What the answers in each language come to, and how far the language is from the lender's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pydantic import BaseModel, ConfigDict

from taco.evaluate.metric import Metric
from taco.evaluate.scores import RowScore
from taco.evaluate.summary import compare_rows, estimate_metrics
from taco.languages.distance import measure_kinship_distance, measure_script_distance
from taco.languages.identify import identify
from taco.languages.table import Language
from taco.measure.bootstrap import Estimate
from taco.records import Answer
from taco.store.jsonl import read_records
from taco.study.transfer.ask import Asked

MEASURES = (
    "complete_chain",
    "ended_by_itself",
    "reply_in_target",
    "reply_in_english",
    "chrf_instruction_en",
    "chrf_response_en",
    "chrf_reply",
    "copied_question",
    "tokens",
)
"""Measures of `evaluate` that are shown: the form, the end, the language, the question, the English answer, the reply, whether
it is the question again, its length. Only the English answer and the reply need a reference."""

BASE, LENT, OWN = "base", "lent", "own"
"""The systems: the base model alone, the lender's adapter, an adapter that was trained on the language itself."""


class LanguageResult(BaseModel):
    """What one language's answers come to.

    Attributes:
        language, language_name: Code and name.
        kinship, script: Distances from the lender's language, see `taco.languages.distance`.
        typology: Distance by grammar; None where the file does not say.
        questions: Number of rows that all systems were asked.
        systems: "base", "lent", "own" -> measure -> mean over rows.
        differences: "lent - base", "own - lent" -> measure -> mean difference over rows.
        floor, question_floor: What replies without merit score as `chrf_reply`: those to another question, the question itself.
        identified: Code -> number of the lent adapter's target sections that are most like it, the lender's language among
            the candidates; "" for those without anything to judge.
        identifier: What identified them.
        translated_by: Signature of what put the questions into the language: an engine, or a file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    language: str
    language_name: str
    kinship: float
    script: float
    typology: float | None
    questions: int
    systems: dict[str, dict[str, Estimate]]
    differences: dict[str, dict[str, Estimate]]
    floor: Estimate | None
    question_floor: Estimate | None
    identified: dict[str, int]
    identifier: str
    translated_by: str


class TransferResults(BaseModel):
    """The results of a transfer study, nearest language first.

    Attributes:
        lender, lender_language: The run that lends its adapter, and what that was trained on.
        asked: How many questions were asked, and what they are.
        unruled: Codes of the languages that were asked without the run's length rule, as it is in no file of questions.
        metrics: What is shown.
        languages: One entry for each language that was asked.
        signatures: What made the numbers.
        adapter: File of the adapter -> SHA-256.
        absent: Languages that could not be asked, and why.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    study: str
    lender: str
    lender_language: str
    asked: str
    unruled: tuple[str, ...] = ()
    metrics: tuple[Metric, ...]
    languages: tuple[LanguageResult, ...]
    signatures: dict[str, str]
    adapter: dict[str, str]
    absent: tuple[str, ...] = ()


def summarise_language(
    asked: Asked, *, lender: Language, typology: Mapping[frozenset[str], float], metrics: Sequence[Metric]
) -> LanguageResult:
    """Sum up one language's answers over the rows that all systems answered."""
    rows = _gather_rows(asked)
    bootstrap, language = asked.scores.bootstrap, asked.language
    ids = [id_ for id_ in rows[LENT] if all(id_ in found for found in rows.values())]
    rows = {name: {id_: found[id_] for id_ in ids} for name, found in rows.items()}
    pairs = {f"{LENT} - {BASE}": (BASE, LENT)} | ({f"{OWN} - {LENT}": (LENT, OWN)} if OWN in rows else {})
    identified, identifier = identify_sections(asked, lender)
    return LanguageResult(
        language=language.code,
        language_name=language.name,
        kinship=measure_kinship_distance(lender, language),
        script=measure_script_distance(lender, language),
        typology=0.0 if lender.code == language.code else typology.get(frozenset((lender.code, language.code))),
        questions=len(ids),
        systems={name: estimate_metrics([*found.values()], metrics, bootstrap) for name, found in rows.items()},
        differences={
            name: compare_rows([*rows[old].values()], [*rows[new].values()], metrics, bootstrap)
            for name, (old, new) in pairs.items()
        },
        floor=asked.scores.floors.get("other_row"),
        question_floor=asked.scores.floors.get("question"),
        identified=identified,
        identifier=identifier,
        translated_by=asked.translated_by,
    )


def identify_sections(asked: Asked, lender: Language) -> tuple[dict[str, int], str]:
    """Count what the lent adapter's target sections are most like, the lender's language among the candidates."""
    near = asked.language.relatives
    candidates = asked.language
    if lender.code not in (asked.language.code, *near):
        candidates = replace(asked.language, relatives=(*near, lender.code))
    spans = {
        row.id: row.spans["response"] for row in asked.scores.per_row if row.arm == "tuned" and "response" in row.spans
    }
    texts = [
        answer.text[slice(*spans[answer.id])] for answer in read_records(asked.answers, Answer) if answer.id in spans
    ]
    counts = Counter(identify(text, target=candidates).best for text in texts)
    return dict(counts.most_common()), identify("", target=candidates).signature


def _gather_rows(asked: Asked) -> dict[str, dict[str, RowScore]]:
    """Return system -> id -> what its answer scored."""
    found = {
        BASE: {row.id: row for row in asked.scores.per_row if row.arm == "base"},
        LENT: {row.id: row for row in asked.scores.per_row if row.arm == "tuned"},
    }
    if asked.own is not None:
        found[OWN] = {row.id: row for row in asked.own.per_row if row.arm == "tuned"}
    return found
