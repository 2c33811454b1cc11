"""The texts of a token study: a file's answers, a run's answers, or the chains that a run has learnt from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from taco.chain.formats import find_template
from taco.errors import DataError, RecipeError
from taco.evaluate.benchmark.read import read_benchmark
from taco.evaluate.files.raw_answers import read_raw_answers
from taco.languages.table import Language, find_language
from taco.records import Answer, Example
from taco.store.jsonl import read_records
from taco.store.manifest import read_manifest
from taco.study.tokens.options import TextsOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyText:
    """One text to count.

    Attributes:
        id: The question's id.
        template: Name of the template that it follows.
        text: The whole answer or chain, without an end token.
        system, prompt: What it answers; "" where that is not known.
        finish: Why generation ended, see `taco.records.Finish`.
    """

    id: str
    template: str
    text: str
    system: str
    prompt: str
    finish: str = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """The texts of one entry, and their target language."""

    name: str
    language: Language
    rows: tuple[StudyText, ...]


def read_texts(options: TextsOptions) -> Texts:
    """Read what an entry of the study names.

    Raises:
        DataError: A file is missing or damaged, or holds no texts.
        RecipeError: The language of answers in files is not named.
    """
    if (options.path / "manifest.json").is_file():
        rows, language = _read_run(options.path, options.rows)
    else:
        rows, language = _read_files(options)
    if not rows:
        raise DataError(f"{options.path} holds no {options.rows}.")
    return Texts(name=options.name, language=language, rows=tuple(rows))


def _read_run(run: Path, rows: str) -> tuple[list[StudyText], Language]:
    language = find_language(str(read_manifest(run / "manifest.json").recipe.get("language", "")))
    if rows == "chains":
        return [_take_chain(example) for example in read_records(run / "chain" / "train.jsonl", Example)], language
    asked = {example.id: example for example in read_records(run / "chain" / "heldout.jsonl", Example)}
    answers = list(read_records(run / "generate" / "tuned.jsonl", Answer))
    return [_take_answer(answer, asked) for answer in answers if answer.id in asked], language


def _take_chain(example: Example) -> StudyText:
    return StudyText(
        id=example.id,
        template=example.template,
        text=example.completion,
        system=example.system,
        prompt=example.prompt,
    )


def _take_answer(answer: Answer, asked: Mapping[str, Example]) -> StudyText:
    example = asked[answer.id]
    return StudyText(
        id=answer.id,
        template=example.template,
        text=answer.text,
        system=example.system,
        prompt=answer.prompt,
        finish=answer.finish,
    )


def _read_files(options: TextsOptions) -> tuple[list[StudyText], Language]:
    if not options.language:
        raise RecipeError(f"texts {options.name}: language must be given, for {options.path} is no run folder.")
    language = find_language(options.language)
    questions = read_benchmark(options.questions) if options.questions else ()
    prompts = {question.id: question.text for question in questions}
    system = find_template(options.template).system(language)
    rows = [
        StudyText(
            id=answer.id,
            template=options.template,
            text=answer.text,
            system=system,
            prompt=answer.instruction or prompts.get(answer.id, ""),
            finish=answer.finish or "stop",
        )
        for answer in read_raw_answers(options.path)
    ]
    return rows, language
