"""The `generate` stage: held-out prompts in, the answers of both arms out.

Each arm answers every held-out prompt, so a row counts once for each arm:

    rows_in = held-out rows x 2 = answers in base.jsonl + answers in tuned.jsonl + dropped

Answers are written as they are finished and those that are there are not made again; at the end each file is put into
the order of the held-out rows. Texts are the same each time; seconds, of course, are not.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar, get_args

from taco.chain.parse import parse_chain
from taco.errors import DataError
from taco.generate.backend import BACKENDS, Backend, Generation, Limits, Prompt, Refusal, Setup
from taco.generate.options import GenerateOptions
from taco.generate.sections import measure_sections, sum_seconds
from taco.languages.table import Language
from taco.model.options import ModelOptions
from taco.progress import Progress, Task
from taco.records import ARMS, Answer, Drop, Example, Finish, StageCount
from taco.store.jsonl import RecordLog, read_records, write_records

RecordT = TypeVar("RecordT")


def run_generate(
    options: GenerateOptions,
    *,
    model: ModelOptions,
    chain: Path,
    adapter: Path,
    out: Path,
    cache: Path,
    language: Language,
    progress: Progress,
) -> StageCount:
    """Answer the held-out prompts with the base model alone and with the adapter.

    Args:
        options: The stage's settings.
        model: The base model.
        chain: Folder with heldout.jsonl (Example).
        adapter: Folder of the tuned adapter.
        out: Where base.jsonl, tuned.jsonl (Answer) and dropped.jsonl (Drop) go.
        cache: The cache folder.
        language: The target language.
        progress: Where to say how far it is.

    Raises:
        DataError: The held-out rows are missing or damaged, or two of them have the same id.
        ModelError: The model or the adapter cannot be used.
    """
    examples = _read_examples(chain / "heldout.jsonl")
    setup = Setup(model=model, adapter=adapter, cache=cache, progress=progress)
    backend: Backend = BACKENDS.load_implementation(options.backend)(options.backend_options, setup=setup)
    limits = Limits(max_new_tokens=options.max_new_tokens, loop_guard=options.loop_guard, lead_outs=options.lead_outs)
    drops: list[Drop] = []
    counters: dict[str, int | float | str] = {"backend": backend.signature}
    kept = 0
    try:
        for arm in ARMS:
            path = out / f"{arm}.jsonl"
            answers, refused = _answer_arm(
                arm,
                backend=backend,
                examples=examples,
                limits=limits,
                path=path,
                language=language,
                progress=progress,
            )
            kept += write_records(path, answers)
            drops += refused
            counters |= count_answers(answers, arm)
    finally:
        backend.close()
    write_records(out / "dropped.jsonl", drops)
    return StageCount(
        rows_in=len(examples) * len(ARMS),
        rows_kept=kept,
        dropped=Counter(drop.reason for drop in drops),
        counters=counters,
    )


def count_answers(answers: Sequence[Answer], arm: str) -> dict[str, int | float | str]:
    """Sum up an arm's answers for the manifest.

    >>> count_answers([], "base")["base_tokens"]
    0
    """
    tokens = sum(answer.tokens for answer in answers)
    seconds = sum(answer.seconds for answer in answers)
    finishes = Counter(answer.finish for answer in answers)
    return {
        f"{arm}_tokens": tokens,
        f"{arm}_seconds": round(seconds, 3),
        f"{arm}_tokens_per_s": round(tokens / seconds, 1) if seconds else 0.0,
        **{f"{arm}_finish_{finish}": finishes[finish] for finish in get_args(Finish)},
        f"{arm}_led_out": sum(answer.lead_outs > 0 for answer in answers),
    }


def _read_examples(path: Path) -> list[Example]:
    examples = list(read_records(path, Example))
    twice = [row_id for row_id, count in Counter(example.id for example in examples).items() if count > 1]
    if twice:
        raise DataError(
            f"{path} holds the row {twice[0]} more than once; {len(twice)} ids are not unique.",
            hint="Run the source stage again, which removes duplicates.",
        )
    return examples


def _answer_arm(
    arm: str,
    *,
    backend: Backend,
    examples: Sequence[Example],
    limits: Limits,
    path: Path,
    language: Language,
    progress: Progress,
) -> tuple[list[Answer], list[Drop]]:
    asked = {example.id: example for example in examples}
    drops: dict[str, Drop] = {}
    with RecordLog(path, Answer) as log:
        answers = {answer.id: answer for answer in log.records if answer.id in asked}
        prompts = [_make_prompt(example, language) for example in examples if example.id not in answers]
        with progress.task(f"Answering ({arm})", total=len(examples), unit="answers", done=len(answers)) as task:
            for outcome in backend.generate(prompts, arm=arm, limits=limits, on_tokens=_show_speed(task)):
                if isinstance(outcome, Refusal):
                    drops[outcome.id] = _make_drop(outcome, arm)
                else:
                    answers[outcome.id] = _make_answer(outcome, asked[outcome.id], arm, language)
                    log.append([answers[outcome.id]])
                task.advance()
    return _sort(answers, examples), _sort(drops, examples)


def _sort(found: Mapping[str, RecordT], examples: Sequence[Example]) -> list[RecordT]:
    return [found[example.id] for example in examples if example.id in found]


def _show_speed(task: Task) -> Callable[[int], None]:
    started, made = time.monotonic(), 0

    def count(tokens: int) -> None:
        nonlocal made
        made += tokens
        speed = made / max(1e-6, time.monotonic() - started)
        task.advance(0, note=f"{made} tokens, {speed:.0f} tokens/s")

    return count


def _make_prompt(example: Example, language: Language) -> Prompt:
    return Prompt(
        id=example.id, system=example.system, text=example.prompt, template=example.template, language=language
    )


def _make_answer(generation: Generation, example: Example, arm: str, language: Language) -> Answer:
    parsed = parse_chain(generation.text, template=example.template, language=language, finish=generation.finish)
    sections = measure_sections(generation, parsed.spans)
    return Answer(
        id=generation.id,
        arm=arm,
        prompt=example.prompt,
        text=generation.text,
        finish=generation.finish,
        state=parsed.state,
        tokens=len(generation.token_ends),
        seconds=sum_seconds(sections),
        sections=sections,
        lead_outs=generation.lead_outs,
    )


def _make_drop(refusal: Refusal, arm: str) -> Drop:
    return Drop(id=refusal.id, stage="generate", reason=refusal.reason, detail=f"{arm}: {refusal.detail}")
