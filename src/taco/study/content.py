"""What replies say, whatever language they are in: each is put into English by an engine and held against the reference.

A plain reply has no English section, so how good its content is can only be compared with a chain's through one and the
same way into English. The engine leaves words that it does not know as they are, so a reply in English stays English.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from taco.chain.run import join_input
from taco.errors import EngineError
from taco.evaluate.case import build_case, build_reference
from taco.evaluate.metric import Metric
from taco.languages.table import ENGLISH
from taco.measure.chrf import score_text
from taco.progress import Progress
from taco.recipe.schema import Recipe
from taco.records import Answer, Example, TranslatedRow
from taco.store.files import digest_file, disk_faults, write_atomically
from taco.store.jsonl import read_records
from taco.translate.run import Means, Payer
from taco.translate.texts import translate_texts

FILE = "content.json"
VERSION = 2
"""Raised when the same answers score otherwise than before."""

METRIC = Metric(
    name="chrf_content",
    title="Content, put into English by the engine",
    unit="chrF++",
    better="higher",
    reads="reply",
    meaning="How many letter and word sequences the reply, put into English by the engine, shares with the English reference.",
    limits="Good answers in other words score low, and what the engine gets wrong counts against the reply.",
    absent="zero",
)


class Content(BaseModel):
    """What the replies of a run say.

    Attributes:
        key: Digest of all that decides it.
        engine: Signature of the engine; "" where it translated nothing.
        fault: Why there is nothing, where there is nothing.
        values: Id of a question -> chrF++; null where the engine refused the reply.
        reference: The same of the references: the ceiling, as far as the engine is the way.
        question: What the English question scores: a reply that asks instead of answering.
        floor: What the English reference of the next question scores, the first one's for the last: text about something else.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    engine: str = ""
    fault: str = ""
    values: dict[str, float | None] = {}
    reference: dict[str, float | None] = {}
    question: dict[str, float | None] = {}
    floor: dict[str, float | None] = {}


def measure_content(recipe: Recipe, run: Path, *, arm: str, cache: Path, progress: Progress) -> Content:
    """Measure the content of a run's replies, once; where the engine has no way into English, nothing is measured.

    Args:
        recipe: The run's recipe, whose gate says how to translate back.
        run: The run folder; its answers are there.
        arm: "base" or "tuned".
        cache: The cache folder.
        progress: Where to say how far it is.

    Raises:
        DataError: A file of the run is missing or damaged.
        BudgetError: The budget is spent.
    """
    key = _make_key(recipe, run, arm)
    found = read_content(run)
    if found is None or found.key != key:
        try:
            found = _measure(recipe, run, arm=arm, key=key, cache=cache, progress=progress)
        except EngineError as error:
            with disk_faults(run / FILE, "delete"):
                (run / FILE).unlink(missing_ok=True)  # it is of other replies
            progress.say(f"The content of the replies is not measured: {error.message}")
            return Content(key="", fault=error.message)
        write_atomically(run / FILE, [found.model_dump_json(indent=1).encode(), b"\n"])
    return found


def read_content(run: Path) -> Content | None:
    """Return what was measured of a run; None where nothing was, or the file is damaged."""
    try:
        return Content.model_validate_json((run / FILE).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _measure(recipe: Recipe, run: Path, *, arm: str, key: str, cache: Path, progress: Progress) -> Content:
    examples = {one.id: one for one in read_records(run / "chain" / "heldout.jsonl", Example)}
    rows = {row.id: row for row in read_records(run / "gate" / "heldout.jsonl", TranslatedRow)}
    asked = {key: rows[one.row_id] for key, one in examples.items()}
    english = {key: row.response_en for key, row in asked.items()}
    answers = [one for one in read_records(run / "generate" / f"{arm}.jsonl", Answer) if one.id in examples]
    replies = {one.id: build_case(examples[one.id], one, recipe.target).reply for one in answers}
    references = {key: build_reference(one, recipe.target).reply for key, one in examples.items()}
    job = Means(
        translate=recipe.gate.choose_back(recipe.translate),
        memory=recipe.translate.memory or cache / "memory.sqlite",
        payer=Payer(run=f"{recipe.name}/content", account=recipe.name),
    ).make_job(source=recipe.target, target=ENGLISH)
    back = translate_texts([*replies.values(), *references.values()], job, progress=progress)

    def score(texts: Mapping[str, str]) -> dict[str, float | None]:
        return {
            row: None if back[text].fault else _round(score_text(back[text].text, english[row]))
            for row, text in texts.items()
        }

    texts = [english[row] for row in examples]
    others = zip(examples, texts, texts[1:] + texts[:1], strict=True)
    floor = {row: _round(score_text(other, text)) for row, text, other in others} if len(texts) > 1 else {}
    engines = sorted({one.engine for one in back.values() if one.engine})
    return Content(
        key=key,
        engine=" + ".join(engines),
        values=score(replies),
        reference=score(references),
        question={
            key: _round(score_text(join_input(row.instruction_en, row.input_en), row.response_en))
            for key, row in asked.items()
        },
        floor=floor,
    )


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _make_key(recipe: Recipe, run: Path, arm: str) -> str:
    parts = [
        digest_file(run / "generate" / f"{arm}.jsonl"),
        digest_file(run / "chain" / "heldout.jsonl"),
        recipe.gate.choose_back(recipe.translate).select_deciding(),
        recipe.language,
        VERSION,
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
