"""A run's two arms asked the questions of a benchmark, as its held-out rows were asked.

OUT/heldout.jsonl              the questions (`Example`), with the run's system message and length rule
OUT/base.jsonl, tuned.jsonl    the answers (`Answer`)
OUT/dropped.jsonl              questions that an arm could not be asked
OUT/asked.json                 digests of all that decides the answers
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from taco.chain.formats import find_format
from taco.chain.options import ChainOptions
from taco.chain.run import build_example, read_rule
from taco.chain.template import Template
from taco.errors import DataError, RecipeError
from taco.evaluate.benchmark.question import Question
from taco.generate.options import GenerateOptions
from taco.generate.run import run_generate
from taco.languages.table import Language
from taco.model.options import ModelOptions
from taco.progress import Progress
from taco.records import Example, StageCount, TranslatedRow, to_json
from taco.store.files import write_atomically
from taco.store.jsonl import write_records
from taco.translate.run import Means


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerer:
    """The run that answers.

    Attributes:
        run: Its folder.
        chain, model, generate: Options of its recipe.
        language: Its target language.
        adapter: File of the adapter -> SHA-256.
        means: How texts are translated, for modes that need it.
    """

    run: Path
    chain: ChainOptions
    model: ModelOptions
    generate: GenerateOptions
    language: Language
    adapter: Mapping[str, str]
    means: Means | None = None


def answer_benchmark(
    answerer: Answerer, questions: Sequence[Question], *, out: Path, cache: Path, progress: Progress
) -> StageCount:
    """Answer the first turn of each question with the base model alone and with the adapter.

    A call that was stopped goes on with the same call.

    Args:
        answerer: The run.
        questions: The benchmark, in the run's target language.
        out: Where the answers go.
        cache: The cache folder.
        progress: Where to say how far it is.

    Raises:
        DataError: OUT holds answers to other questions or of another run, or the run lacks a file.
        RecipeError: The run's format answers nothing in the target language.
        ModelError: The model or the adapter cannot be used.
    """
    examples = list_examples(answerer, questions)
    _claim(out / "asked.json", answerer, examples)
    write_records(out / "heldout.jsonl", examples)
    return run_generate(
        answerer.generate,
        model=answerer.model,
        chain=out,
        adapter=answerer.run / "train" / "adapter",
        out=out,
        cache=cache,
        language=answerer.language,
        progress=progress,
        means=answerer.means,
    )


def list_examples(answerer: Answerer, questions: Sequence[Question]) -> list[Example]:
    """Return the questions as the run's held-out rows are asked; what an answer should be stays open.

    Raises:
        DataError: The run lacks its length rule.
        RecipeError: The run's format answers nothing in the target language.
    """
    template = _choose_template(answerer.chain)
    rule = read_rule(answerer.run / "gate") if answerer.chain.length_rule else ""
    rows = (
        TranslatedRow(
            id=question.id,
            language=answerer.language.code,
            category=question.category,
            instruction_en="",
            input_en="",
            response_en="",
            instruction=question.text,
            input="",
            response="",
            words=0,
            unknown_words=0,
            engine="",
        )
        for question in questions
    )
    return [build_example(row, answerer.language, template=template, rule=rule) for row in rows]


def _choose_template(chain: ChainOptions) -> Template:
    """Return the first part of the run's format that answers an instruction in the target language."""
    name = chain.format_of("heldout")
    for template in find_format(name).templates:
        if template.prompt == "instruction" and "response" in template.section_names:
            return template
    raise RecipeError(
        f"The format {name} answers no instruction in the target language.", hint="Choose a run of another format."
    )


def _claim(path: Path, answerer: Answerer, examples: Sequence[Example]) -> None:
    """Note what the answers depend on; refuse a folder with answers that depend on something else.

    Raises:
        DataError: The folder holds other answers.
    """
    asked = hashlib.sha256("".join(map(to_json, examples)).encode()).hexdigest()
    deciding = {
        "questions": asked,
        "language": answerer.language.code,
        "model": answerer.model.model_dump(mode="json"),
        "generate": answerer.generate.model_dump(mode="json"),
        "adapter": dict(answerer.adapter),
    }
    if answerer.generate.mode != "chain" and answerer.means:
        deciding["translate"] = answerer.means.translate.select_deciding()
    text = f"{json.dumps(deciding, sort_keys=True, indent=1)}\n".encode()
    if path.is_file() and path.read_bytes() != text:
        raise DataError(
            f"{path.parent} holds answers of another run or to other questions.", hint="Name another --out."
        )
    write_atomically(path, [text])
