"""The steps of one answer that an engine does, and what a client is told where it cannot."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from taco.chain.template import Template
from taco.errors import BudgetError
from taco.generate.modes import ASKS_ENGLISH, find_until
from taco.generate.options import Mode
from taco.generate.relay import render_given, render_response
from taco.languages.table import Language
from taco.serve.answer import ANSWER
from taco.serve.engine import QueueFull
from taco.serve.errors import RequestFault, refuse_full
from taco.serve.relays import NO_ENGINES, EngineThread, RunRelay
from taco.translate.texts import TextTranslation

Count = Callable[[str, str], None]
"""Told the step, "question" or "answer", and what became of it: "translated", "refused" or "failed"."""


@dataclass(slots=True, kw_only=True)
class Steps:
    """What engines do for one answer.

    Attributes:
        mode: Which steps.
        relay: The run's engines.
        given: What the answer begins with: the question in English with its labels; "" where the model writes it.
        engines: Section -> signature of the engine that wrote it.
        fault: Why the engine has no translation of the answer; "" where it has one, or none was asked for.
    """

    mode: Mode = "chain"
    relay: RunRelay = NO_ENGINES
    given: str = ""
    engines: dict[str, str] = field(default_factory=dict)
    fault: str = ""

    @property
    def until(self) -> str:
        """The section at whose label the model is to end; "" for none."""
        return find_until(self.mode)


def choose_mode(relay: RunRelay, asked: Mode | None) -> Mode:
    """Return the mode of a request.

    Raises:
        RequestFault: The server has no engines open for the one that is asked for.
    """
    mode = asked or relay.modes[0]
    if mode not in relay.offered:
        known = ", ".join(relay.offered)
        raise RequestFault(
            400, f"this run is not served in that mode; known: {known}", code="mode_not_served", param="taco.mode"
        )
    return mode


async def begin_steps(
    relay: RunRelay,
    asked: Mode | None,
    *,
    question: str,
    template: Template,
    language: Language,
    timeout_s: float,
    count: Count,
) -> Steps:
    """Do step 1 where it is an engine's.

    Args:
        relay: The run's engines.
        asked: The mode that the request names; None for the run's own.
        question: The question in the target language.
        template: The template of the chain.
        language: The target language.
        timeout_s: Seconds that it may take.
        count: See `Count`.

    Raises:
        RequestFault: The mode is not served, the engine has no translation of the question, or it fails.
    """
    steps = Steps(mode=choose_mode(relay, asked), relay=relay)
    if steps.mode not in ASKS_ENGLISH:
        return steps
    assert relay.to_english is not None
    deadline = time.monotonic() + timeout_s
    found = await translate(relay.to_english, question, deadline=deadline, count=lambda what: count("question", what))
    if found.fault:
        raise RequestFault(
            400,
            f"the engine has no translation of the question into English: {found.fault}",
            code="question-not-translated",
            param="messages",
        )
    steps.given = render_given(found.text, template, language)
    steps.engines["instruction_en"] = found.engine
    return steps


async def say_response(
    steps: Steps, *, before: str, text_en: str, template: Template, language: Language, deadline: float, count: Count
) -> str:
    """Do step 3: return what comes behind the chain so far; "" where the engine has no translation of the answer.

    Args:
        steps: What was done before; takes up who did this.
        before: The chain so far.
        text_en: The answer in English.
        template, language, count: See `begin_steps`.
        deadline: When it is given up, by `time.monotonic`.

    Raises:
        RequestFault: The engine fails.
    """
    assert steps.relay.to_target is not None
    found = await translate(steps.relay.to_target, text_en, deadline=deadline, count=lambda what: count("answer", what))
    if found.fault:
        steps.fault = found.fault
        return ""
    steps.engines[ANSWER] = found.engine
    return render_response(before, found.text, template, language)


async def translate(
    thread: EngineThread, text: str, *, deadline: float, count: Callable[[str], None]
) -> TextTranslation:
    """Wait for an engine's translation of a text, which is taken back where nobody waits any more.

    Raises:
        RequestFault: Too many texts wait, or the engine fails or takes too long.
    """
    try:
        pending = asyncio.wrap_future(thread.submit(text))
    except QueueFull:
        raise refuse_full() from None
    try:
        async with asyncio.timeout_at(asyncio.get_running_loop().time() + deadline - time.monotonic()):
            found = await pending
    except TimeoutError:
        count("failed")
        raise RequestFault(504, "the translation engine took too long", code="engine_timeout") from None
    except BudgetError:
        count("failed")
        raise RequestFault(503, "the budget for translations is spent", code="budget_spent") from None
    except Exception:  # the engine's thread has said which
        count("failed")
        raise RequestFault(
            502, "the translation engine failed; the server's log says more", code="engine_failed"
        ) from None
    count("refused" if found.fault else "translated")
    return found
