"""Prompts in, one arm's answers in a file out: asked once each, whatever happens on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from taco.chain.formats import find_template
from taco.chain.parse import parse_chain
from taco.errors import RecipeError
from taco.generate.backend import BACKENDS, Backend, Generation, Limits, Prompt, Refusal, Setup
from taco.generate.guard import is_faulty, repair_answers
from taco.generate.guard_options import GUARD_OFF, GuardOptions
from taco.generate.modes import check_mode
from taco.generate.options import GenerateOptions
from taco.generate.relay import NO_RELAY, Asked, Relay, open_relay
from taco.generate.sections import measure_sections, sum_seconds
from taco.languages.table import Language, find_language
from taco.progress import Progress, Task
from taco.records import Answer, Drop, EnginePart, Example
from taco.store.jsonl import RecordLog, write_records
from taco.translate.run import Means

RecordT = TypeVar("RecordT")

Earlier = Mapping[str, Sequence[tuple[str, str]]]
"""Id of a prompt -> what was said before it; see `taco.generate.backend.Prompt`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What answers, and how.

    Attributes:
        backend: The open backend.
        limits: When an answer is stopped.
        language: The target language.
        progress: Where to say how far it is.
        relay: Does the steps that are an engine's.
        guard: What is repaired.
    """

    backend: Backend
    limits: Limits
    language: Language
    progress: Progress
    relay: Relay = NO_RELAY
    guard: GuardOptions = GUARD_OFF

    def guard_of(self, arm: str) -> GuardOptions:
        """Return what is repaired of an arm: the base model never learnt the chain, nor did an engine that writes a part."""
        return self.guard if arm == "tuned" and self.relay.mode == "chain" else GUARD_OFF


def choose_relay(
    options: GenerateOptions,
    examples: Sequence[Example],
    *,
    means: Means | None,
    language: Language,
    progress: Progress,
) -> Relay:
    """Return what does the steps that are an engine's.

    Args:
        options: The mode, and its engines.
        examples: What is asked.
        means: How texts are translated.
        language: The target language.
        progress: Where to say how far it is.

    Raises:
        RecipeError: The mode needs sections that the chains do not have, or means that were not given.
    """
    if options.mode == "chain":
        return NO_RELAY
    for name in dict.fromkeys(example.template for example in examples):
        check_mode(options.mode, find_template(name))
    if means is None:
        raise RecipeError(f"The mode {options.mode} needs a translation engine, and none was given.")
    return open_relay(options.relay, options.mode, means=means, language=language, progress=progress)


@contextmanager
def open_asking(
    options: GenerateOptions, setup: Setup, *, language: Language, relay: Relay = NO_RELAY
) -> Iterator[Asking]:
    """Open a backend, and close it in the end.

    Args:
        options: Which backend, when an answer is stopped, and what is repaired.
        setup: Base model, adapter, cache and progress.
        language: The target language.
        relay: Does the steps that are an engine's.

    Raises:
        ModelError: The model or the adapter cannot be used.
    """
    backend: Backend = BACKENDS.load_implementation(options.backend)(options.backend_options, setup=setup)
    try:
        yield Asking(
            backend=backend,
            limits=options.make_limits(),
            language=language,
            progress=setup.progress,
            relay=relay,
            guard=options.guard,
        )
    finally:
        backend.close()


def answer_arm(
    arm: str,
    examples: Sequence[Example],
    *,
    asking: Asking,
    path: Path,
    earlier: Earlier | None = None,
    title: str = "",
) -> tuple[list[Answer], list[Drop]]:
    """Let one arm answer prompts into a file, in their order; what the file holds is not asked again.

    Answers are written as they are finished, and once more with their repairs.

    Args:
        arm: "base" or "tuned".
        examples: What is asked.
        asking: What answers.
        path: The file of answers.
        earlier: What was said before, of prompts that are not the first of a conversation.
        title: What the progress says is answered.

    Returns:
        The answers, and the prompts that the backend refused.
    """
    asked = {example.id: example for example in examples}
    said = earlier or {}
    prompts = {example.id: _make_prompt(example, said.get(example.id, ())) for example in examples}
    made: dict[str, Generation] = {}
    with RecordLog(path, Answer) as log:
        answers = _keep_answers(arm, log.records, prompts, asking)
        prepared = asking.relay.prepare([prompt for key, prompt in prompts.items() if key not in answers], arm=arm)
        ready = {one.prompt.id: one for one in prepared if isinstance(one, Asked)}
        drops = {one.id: _make_drop(one, arm) for one in prepared if isinstance(one, Refusal)}
        left = [one.prompt for one in ready.values()]
        done = len(answers) + len(drops)
        title = title or f"Answering ({arm})"
        with asking.progress.task(title, total=len(examples), unit="answers", done=done) as task:
            on_tokens = _show_speed(task)
            for outcome in asking.backend.generate(left, arm=arm, limits=asking.limits, on_tokens=on_tokens):
                if isinstance(outcome, Refusal):
                    drops[outcome.id] = _make_drop(outcome, arm)
                else:
                    made[outcome.id] = outcome
                    answers[outcome.id] = make_answer(outcome, asked[outcome.id], arm, ready[outcome.id])
                    log.append([answers[outcome.id]])
                task.advance()
            repaired = _repair(arm, made, answers, ready, asking, on_tokens)
        log.append(repaired.values())
    answers |= repaired
    templates = {example.id: example.template for example in examples}
    found = asking.relay.complete(_sort(answers, examples), template=templates, language=asking.language)
    write_records(path, found)
    return found, _sort(drops, examples)


def _keep_answers(
    arm: str, records: Sequence[Answer], prompts: Mapping[str, Prompt], asking: Asking
) -> dict[str, Answer]:
    """Return the answers that are there and whole; one that still needs a repair is made again."""
    guard = asking.guard_of(arm)
    kept = {answer.id: answer for answer in records if answer.id in prompts}
    return {
        key: answer
        for key, answer in kept.items()
        if not is_faulty(answer, prompts[key], options=guard, limits=asking.limits)
    }


def _repair(
    arm: str,
    made: Mapping[str, Generation],
    answers: Mapping[str, Answer],
    ready: Mapping[str, Asked],
    asking: Asking,
    on_tokens: Callable[[int], None],
) -> dict[str, Answer]:
    guard = asking.guard_of(arm)
    if not guard.is_on:
        return {}
    found = repair_answers(
        made,
        {key: ready[key].prompt for key in made},
        backend=asking.backend,
        options=guard,
        arm=arm,
        limits=asking.limits,
        on_tokens=on_tokens,
    )
    return {key: replace(answers[key], repairs=repairs) for key, repairs in found.items()}


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


def _make_prompt(example: Example, earlier: Sequence[tuple[str, str]]) -> Prompt:
    return Prompt(
        id=example.id,
        system=example.system,
        text=example.prompt,
        template=example.template,
        language=find_language(example.language),
        earlier=earlier,
    )


def make_answer(generation: Generation, example: Example, arm: str, asked: Asked) -> Answer:
    """Return what was generated as an answer, what an engine wrote in front of it included."""
    text, given = asked.given + generation.text, len(asked.given)
    parsed = parse_chain(text, template=example.template, language=asked.prompt.language, finish=generation.finish)
    sections = measure_sections(generation, parsed.spans, given=given)
    return Answer(
        id=generation.id,
        arm=arm,
        prompt=example.prompt,
        text=text,
        finish=generation.finish,
        state=parsed.state,
        tokens=len(generation.token_ends),
        seconds=sum_seconds(sections),
        sections=sections,
        lead_outs=generation.lead_outs,
        engine_parts=(EnginePart(start=0, end=given, engine=asked.engine),) if given else (),
    )


def _make_drop(refusal: Refusal, arm: str) -> Drop:
    return Drop(id=refusal.id, stage="generate", reason=refusal.reason, detail=f"{arm}: {refusal.detail}")
