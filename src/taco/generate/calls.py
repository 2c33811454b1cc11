"""Asking a server about many prompts at a time: it is waited for while it is busy, and given up where that does not help."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TypeVar

from taco.errors import ModelBusy, ModelError, ModelRejected
from taco.generate.backend import Prompt, Refusal
from taco.remote.pace import Clock, Pace

ReplyT = TypeVar("ReplyT")

BUSY_ATTEMPTS = 8
"""Times that a call is made before a busy server is given up; with `taco.remote.pace`'s waits that is some minutes."""

REJECTED_IN_A_ROW = 20
"""Prompts rejected one after the other, none answered between, after which a server is given up."""


@dataclass(slots=True)
class _Question:
    prompt: Prompt
    attempts: int = 0


@dataclass(slots=True)
class _Round:
    """What is to be done."""

    waiting: deque[_Question]
    under_way: dict[Future[object], _Question] = field(default_factory=dict)
    rejected_in_a_row: int = 0


def ask_all(
    prompts: Sequence[Prompt],
    *,
    ask: Callable[[Prompt], ReplyT],
    parallel_calls: int,
    pace: Pace,
    clock: Clock,
    say: Callable[[str], None],
) -> Iterator[tuple[Prompt, ReplyT | Refusal]]:
    """Yield what a server says to each prompt, in the order in which the answers come.

    Args:
        prompts: The questions.
        ask: Makes one call, in a thread of its own; raises `ModelBusy`, `ModelRejected` or `ModelError`.
        parallel_calls: Calls at a time.
        pace: When the next call may be made.
        clock: The time.
        say: Tells a user that the server is busy.

    Raises:
        ModelError: The server cannot go on, stays busy, or rejects prompt after prompt.
    """
    todo = _Round(deque(_Question(prompt) for prompt in prompts))
    with ThreadPoolExecutor(parallel_calls, thread_name_prefix="taco-ask") as pool:
        try:
            while todo.waiting or todo.under_way:
                _fill(todo, pool, ask, parallel_calls, pace=pace, clock=clock)
                done, _ = wait(todo.under_way, return_when=FIRST_COMPLETED)
                for future in done:
                    question = todo.under_way.pop(future)
                    outcome = _take_in(question, future, todo, pace=pace, clock=clock, say=say)
                    if outcome is not None:
                        yield question.prompt, outcome  # type: ignore[misc]  # what `ask` returned
        finally:
            for future in todo.under_way:
                future.cancel()


def _fill(
    todo: _Round,
    pool: ThreadPoolExecutor,
    ask: Callable[[Prompt], object],
    parallel_calls: int,
    *,
    pace: Pace,
    clock: Clock,
) -> None:
    while todo.waiting and len(todo.under_way) < parallel_calls:
        prompt = todo.waiting[0].prompt
        characters = len(prompt.system) + len(prompt.text)
        seconds = pace.find_wait(characters, now=clock.now())
        if seconds > 0 and todo.under_way:
            return  # take in what comes back meanwhile
        if seconds > 0:
            clock.wait(seconds)
        pace.note_call(characters, now=clock.now())
        todo.under_way[pool.submit(ask, prompt)] = todo.waiting.popleft()


def _take_in(
    question: _Question,
    future: Future[object],
    todo: _Round,
    *,
    pace: Pace,
    clock: Clock,
    say: Callable[[str], None],
) -> object | None:
    """Return an answer or a refusal; None where the question is asked again."""
    try:
        answer = future.result()
    except ModelBusy as error:
        question.attempts += 1
        if question.attempts >= BUSY_ATTEMPTS:
            raise ModelError(
                f"The server is still busy after {question.attempts} attempts. The last one: {error.message}",
                hint="All answers that came back are kept. Run the same command again later; it goes on from here.",
            ) from error
        seconds = pace.note_busy(error.retry_after_s, now=clock.now())
        say(f"The server is busy ({error.message}); trying again in {seconds:.0f} s")
        todo.waiting.append(question)
        return None
    except ModelRejected as error:
        pace.note_answer()
        todo.rejected_in_a_row += 1
        if todo.rejected_in_a_row >= REJECTED_IN_A_ROW:
            raise ModelError(
                f"The server rejected {todo.rejected_in_a_row} prompts in a row. The last one: {error.message}",
                hint="Look at the message, the model's name and the options, then run the same command again.",
            ) from error
        return Refusal(id=question.prompt.id, reason="rejected-by-server", detail=error.message[:200])
    pace.note_answer()
    todo.rejected_in_a_row = 0
    return answer
