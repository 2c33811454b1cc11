"""A run's two arms asked the questions of a benchmark, as its held-out rows were asked.

OUT/base.jsonl, tuned.jsonl    the answers, a line a question with all its turns (`Conversation`)
OUT/questions.jsonl            the benchmark, for `taco judge OUT` (`AskedQuestion`)
OUT/dropped.jsonl              turns that an arm could not be asked
OUT/turn-N/                    the turns of that number: heldout.jsonl (`Example`), with the run's system message and length
                               rule, and the answers as they are finished, see `taco.evaluate.benchmark.turns`
OUT/asked.json                 digests of all that decides the answers
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from taco.chain.formats import find_format
from taco.chain.options import ChainOptions
from taco.chain.run import build_example, read_rule
from taco.chain.template import Template
from taco.errors import DataError, RecipeError
from taco.evaluate.benchmark.conversation import Choice, Conversation, describe_question, make_answer_id, write_id
from taco.evaluate.benchmark.question import Question
from taco.evaluate.benchmark.turns import Talk, answer_turns
from taco.generate.asking import choose_relay, open_asking
from taco.generate.backend import Setup
from taco.generate.options import GenerateOptions
from taco.languages.table import Language
from taco.model.options import ModelOptions
from taco.progress import Progress
from taco.records import ARMS, Example, StageCount, TranslatedRow, to_json
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
    """Ask the base model alone and the model with the adapter every turn of each question.

    A later turn is asked in the same conversation, behind the arm's own earlier answers. Each turn of each question counts
    once for each arm. A call that was stopped goes on with the same call.

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
    turns = list_turns(answerer, questions)
    _claim(out / "asked.json", answerer, turns)
    write_records(out / "questions.jsonl", map(describe_question, questions))
    for number, examples in enumerate(turns, start=1):
        write_records(out / f"turn-{number}" / "heldout.jsonl", examples)
    relay = choose_relay(
        answerer.generate,
        [example for examples in turns for example in examples],
        means=answerer.means,
        language=answerer.language,
        progress=progress,
    )
    setup = Setup(model=answerer.model, adapter=answerer.run / "train" / "adapter", cache=cache, progress=progress)
    with open_asking(answerer.generate, setup, language=answerer.language, relay=relay) as asking:
        talks = {arm: answer_turns(arm, turns, asking=asking, out=out) for arm in ARMS}
    for arm, talk in talks.items():
        write_records(out / f"{arm}.jsonl", _list_conversations(arm, questions, talk, turns[0][0]))
    drops = [drop for talk in talks.values() for drop in talk.drops.values()]
    write_records(out / "dropped.jsonl", drops)
    return StageCount(
        rows_in=sum(map(len, turns)) * len(ARMS),
        rows_kept=sum(len(talk.answers) for talk in talks.values()),
        dropped=Counter(drop.reason for drop in drops),
    )


def list_turns(answerer: Answerer, questions: Sequence[Question]) -> list[list[Example]]:
    """Return the questions, turn by turn, as the run's held-out rows are asked; what an answer should be stays open.

    Raises:
        DataError: The run lacks its length rule, or a turn is empty.
        RecipeError: The run's format answers nothing in the target language.
    """
    template = _choose_template(answerer.chain)
    rule = read_rule(answerer.run / "gate") if answerer.chain.length_rule else ""
    most = max(len(question.turns) for question in questions)
    return [
        [
            build_example(_make_row(question, turn, answerer.language), answerer.language, template=template, rule=rule)
            for question in questions
            if len(question.turns) > turn
        ]
        for turn in range(most)
    ]


def _make_row(question: Question, turn: int, language: Language) -> TranslatedRow:
    if not question.turns[turn].strip():
        raise DataError(f"{question.origin}: turn {turn + 1} of the question {question.id} is empty.")
    return TranslatedRow(
        id=question.id,
        language=language.code,
        category=question.category,
        instruction_en="",
        input_en="",
        response_en="",
        instruction=question.turns[turn],
        input="",
        response="",
        words=0,
        unknown_words=0,
        engine="",
    )


def _list_conversations(arm: str, questions: Sequence[Question], talk: Talk, asked: Example) -> Iterator[Conversation]:
    for question in questions:
        places = [(question.id, turn) for turn in range(1, len(question.turns) + 1)]
        texts = tuple(talk.answers[place].text if place in talk.answers else "" for place in places)
        yield Conversation(
            question_id=write_id(question.id),
            answer_id=make_answer_id(arm, question.id, texts),
            model_id=arm,
            choices=(Choice(index=0, turns=texts),),
            category=question.category,
            language=asked.language,
            template=asked.template,
            finish=tuple(talk.answers[place].finish if place in talk.answers else "" for place in places),
            reasons=tuple(talk.drops[place].reason if place in talk.drops else "" for place in places),
        )


def _choose_template(chain: ChainOptions) -> Template:
    """Return the first part of the run's format that answers an instruction in the target language."""
    name = chain.format_of("heldout")
    for template in find_format(name).templates:
        if template.prompt == "instruction" and "response" in template.section_names:
            return template
    raise RecipeError(
        f"The format {name} answers no instruction in the target language.", hint="Choose a run of another format."
    )


def _claim(path: Path, answerer: Answerer, turns: Sequence[Sequence[Example]]) -> None:
    """Note what the answers depend on; refuse a folder with answers that depend on something else.

    Raises:
        DataError: The folder holds other answers.
    """
    asked = hashlib.sha256("".join(to_json(example) for examples in turns for example in examples).encode()).hexdigest()
    deciding = {
        "questions": asked,
        "language": answerer.language.code,
        "model": answerer.model.model_dump(mode="json"),
        "generate": answerer.generate.select_deciding(),
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
