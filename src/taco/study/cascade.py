"""The translate-test cascade: an engine puts the question into English, the base model answers, the engine translates back.

Nothing is trained. It is the baseline to beat (Etxaniz et al., arXiv 2308.01223, and 2403.10258). Its answers are written
as taco chains, whose three sections are those three texts, so that the same measures read them; that they are complete
says nothing.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from taco.chain.formats import find_template
from taco.chain.parse import parse_chain
from taco.chain.template import make_chain
from taco.evaluate.run import run_evaluate
from taco.generate.run import run_generate
from taco.languages.table import ENGLISH, Language
from taco.pipeline import Context
from taco.records import Answer, Chain, Example, Row, SectionUse, StageCount, TranslatedRow, from_json, to_json
from taco.store.files import digest_file, write_atomically
from taco.store.jsonl import read_records, write_records
from taco.translate.run import Means, Payer
from taco.translate.runner import open_runner
from taco.translate.shards import Shard

FOLDER = "cascade"
PLAIN = "direct"
"""Format with a single section: the English answer is read as it is."""


def run_cascade(context: Context) -> None:
    """Answer the held-out questions of a run whose chains are done, and score the answers; done work is not repeated.

    Args:
        context: The run, whose chain stage is done; its recipe asks the base model alone.

    Raises:
        EngineError: The engine is missing, or does not translate from the target language.
        ModelError: The base model cannot be used.
    """
    seal, key = context.folder.stage(FOLDER) / "seal.json", _make_key(context)
    if seal.is_file() and seal.read_text(encoding="utf-8") == key and _scores(context).is_file():
        return
    if not seal.is_file() or seal.read_text(encoding="utf-8") != key:
        context.folder.clear_stage(FOLDER)
        context.folder.clear_stage("evaluate")
    answer_by_cascade(context)
    write_atomically(seal, [key.encode()])
    recipe = context.recipe
    run_evaluate(
        recipe.evaluate,
        chain=context.folder.stage("chain"),
        answers=context.folder.stage("generate"),
        out=context.folder.stage("evaluate"),
        language=recipe.target,
        seed=recipe.seed,
        progress=context.progress,
    )


def answer_by_cascade(context: Context) -> StageCount:
    """Write generate/base.jsonl: a chain for each question that came through both translations and got an answer."""
    target = context.recipe.target
    examples = list(read_records(context.folder.stage("chain") / "heldout.jsonl", Example))
    english = translate_texts([one.prompt for one in examples], context, source=target, target=ENGLISH)
    asked = [
        dataclasses.replace(example, system="", prompt=english[example.prompt], template=PLAIN)
        for example in examples
        if example.prompt in english
    ]
    folder = context.folder.stage(FOLDER)
    write_records(folder / "heldout.jsonl", asked)
    count = run_generate(
        context.recipe.generate,
        model=context.recipe.model,
        chain=folder,
        adapter=folder,
        out=folder,
        cache=context.cache,
        language=ENGLISH,
        progress=context.progress,
    )
    answers = {answer.id: answer for answer in read_records(folder / "base.jsonl", Answer)}
    replies = translate_texts([one.text for one in answers.values()], context, source=ENGLISH, target=target)
    made = [
        _make_answer(one, english[one.prompt], answers[one.id], replies.get(answers[one.id].text, ""), target)
        for one in examples
        if one.id in answers
    ]
    write_records(context.folder.stage("generate") / "base.jsonl", made)
    write_records(context.folder.stage("generate") / "tuned.jsonl", [])
    return count


def translate_texts(texts: Sequence[str], context: Context, *, source: Language, target: Language) -> Mapping[str, str]:
    """Translate whole texts by the recipe's engine, through the memory; what the engine cannot translate is left out.

    Args:
        texts: The texts, blank ones among them.
        context: Whose engine, memory and budget.
        source, target: From which language into which.

    Raises:
        EngineError: The engine is missing or cannot go on.
    """
    recipe, different = context.recipe, [text for text in dict.fromkeys(texts) if text.strip()]
    options = recipe.translate.model_copy(update={"max_unknown_share": 1.0})
    if source != ENGLISH:
        options = recipe.gate.choose_back(recipe.translate)
    payer = Payer(run=f"{recipe.name}/{FOLDER}", account=recipe.name)
    job = Means(translate=options, memory=context.memory, payer=payer).make_job(source=source, target=target)
    title = f"Translating into {target.name}"
    with (
        context.progress.task(title, total=len(different), unit="texts") as task,
        open_runner(job, progress=context.progress, task=task) as runner,
    ):
        parts = list(runner.map(_cut_shards(different, options.shard_rows)))
    rows = (from_json(TranslatedRow, line) for part in parts for line in part.rows)
    return {different[int(row.id)]: row.response for row in rows}


def _cut_shards(texts: Sequence[str], rows: int) -> Iterator[Shard]:
    for number, first in enumerate(range(0, len(texts), rows)):
        lines = (
            f"{to_json(Row(id=str(place), instruction='', input='', response=text))}\n".encode()
            for place, text in enumerate(texts[first : first + rows], start=first)
        )
        yield Shard(name=FOLDER, number=number, first_line=first + 1, lines=tuple(lines))


def _make_answer(example: Example, question: str, answer: Answer, reply: str, language: Language) -> Answer:
    """Write the three texts down as a chain; the model's tokens are those of its English answer."""
    template = find_template(example.template)
    chain: Chain = make_chain({"instruction_en": question, "response_en": answer.text.strip(), "response": reply})
    text = template.render(chain, language)
    use = SectionUse(name="response_en", tokens=answer.tokens, seconds=answer.seconds)
    state = parse_chain(text, template=example.template, language=language, finish=answer.finish).state
    return dataclasses.replace(answer, prompt=example.prompt, text=text, state=state, sections=(use,))


def _scores(context: Context) -> Path:
    return context.folder.root / "evaluate" / "scores.json"


def _make_key(context: Context) -> str:
    recipe = context.recipe
    parts = {
        "questions": digest_file(context.folder.stage("chain") / "heldout.jsonl"),
        "generate": recipe.generate.select_deciding(),
        "model": recipe.model.model_dump(mode="json"),
        "translate": recipe.translate.select_deciding(),
        "back": recipe.gate.choose_back(recipe.translate).select_deciding(),
        "evaluate": recipe.evaluate.model_dump(mode="json"),
        "language": recipe.language,
        "seed": recipe.seed,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
