"""Answers that other engines make together: their tokens, their time, and the end of work that nobody wants any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taco.errors import ModelError
from taco.generate.aside import Outbox, run_aside
from taco.generate.backend import Generation, Limits, Prompt
from taco.generate.guarded_row import GuardedRow
from taco.generate.shared_clock import SharedClock
from taco.generate.streamed import Speech, fit_prompts, grow_row
from taco.generate.waves import Waves
from taco.languages.table import find_language

END = 0


class Letters:
    """A tokenizer whose tokens are letters, the first of them the end."""

    eos_token_id = END
    chat_template = None

    def decode(self, tokens: Sequence[int], **_: Any) -> str:
        return "".join(chr(96 + token) for token in tokens)


class Script:
    """An engine that goes round in a circle of so many tokens as the prompt's first one says, or ends after it.

    A forbidden token is stepped over. A prompt that begins with 20 or more ends after as many tokens as are above 20.
    """

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.forbidden = 0

    def find_next(self, tokens: Sequence[int]) -> int:
        first, made = tokens[0], len(tokens) - 1
        if first >= 20:
            return END if made >= first - 20 else 1 + made % 19
        return 1 + (tokens[-1] if made else 0) % first

    def stream(
        self, tokens: Sequence[int], *, limit: int, forbidden: int | None = None, penalty: float = 1.0
    ) -> Iterator[int]:
        said = list(tokens)
        for _ in range(limit if forbidden is None else 1):
            token = self.find_next(said)
            if token == forbidden:
                self.forbidden += 1
                token = 19
            said.append(token)
            yield token

    def decode(
        self,
        prompts: Sequence[Sequence[int]],
        *,
        limit: int,
        on_token: Callable[[int, int], bool],
        penalty: float = 1.0,
    ) -> None:
        said, live = [list(prompt) for prompt in prompts], list(range(len(prompts)))
        self.batches.append([len(prompt) for prompt in prompts])
        for _ in range(limit):
            for place in list(live):
                said[place].append(self.find_next(said[place]))
                if not on_token(place, said[place][-1]) or said[place][-1] == END:
                    live.remove(place)


def make_rows(firsts: Sequence[int], *, guard: bool, most: int = 100, lead_outs: int = 2) -> list[GuardedRow]:
    speech = Speech(tokenizer=Letters(), ends=frozenset({END}), context=10_000)
    limits = Limits(max_new_tokens=most, loop_guard=guard, lead_outs=lead_outs)
    language = find_language("gl")
    return [
        GuardedRow(
            Prompt(id=f"{number:03}", system="", text="", template="taco", language=language),
            [first],
            speech=speech,
            limits=limits,
        )
        for number, first in enumerate(firsts)
    ]


def in_waves(engine: Script, rows: Sequence[GuardedRow], size: int) -> dict[str, Generation]:
    return {one.id: one for one in run_aside([Waves(engine, rows, size=size).run], threads=1, on_tokens=lambda n: None)}


def one_by_one(engine: Script, rows: Sequence[GuardedRow], threads: int) -> dict[str, Generation]:
    clock = SharedClock()

    def grow(row: GuardedRow, outbox: Outbox) -> None:
        grow_row(engine, row, clock=clock, outbox=outbox)

    return {
        one.id: one
        for one in run_aside([partial(grow, row) for row in rows], threads=threads, on_tokens=lambda n: None)
    }


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(2, 60), min_size=1, max_size=12), st.integers(1, 5), st.booleans())
def test_answers_do_not_depend_on_how_they_are_put_together(firsts: list[int], size: int, guard: bool) -> None:
    wanted = one_by_one(Script(), make_rows(firsts, guard=guard), 1)
    for found in (
        in_waves(Script(), make_rows(firsts, guard=guard), size),
        one_by_one(Script(), make_rows(firsts, guard=guard), size),
    ):
        assert {key: (one.text, one.finish, one.lead_outs, list(one.token_ends)) for key, one in found.items()} == {
            key: (one.text, one.finish, one.lead_outs, list(one.token_ends)) for key, one in wanted.items()
        }


def test_a_row_in_a_loop_is_led_out_in_later_batches() -> None:
    engine = Script()
    found = in_waves(engine, make_rows([3, 40, 41], guard=True, most=300), 2)
    assert found["000"].lead_outs == 2
    assert found["000"].finish == "loop"
    assert engine.forbidden == 2
    assert (found["001"].finish, found["002"].finish) == ("stop", "stop")
    assert all(len(batch) <= 2 for batch in engine.batches)
    assert len(found["000"].token_ends) == len(found["000"].token_seconds)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("jlr"), st.floats(0, 10)), max_size=40))
def test_shared_seconds_add_up_to_those_that_passed(moves: list[tuple[str, float]]) -> None:
    now = 0.0
    clock = SharedClock(lambda: now)
    joined: list[float] = []
    spent, busy = 0.0, 0.0
    for move, seconds in moves:
        now += seconds
        busy += seconds if joined else 0.0
        if move == "j":
            joined.append(clock.join())
        elif move == "l" and joined:
            spent += clock.read() - joined.pop()
            clock.leave()
    spent += sum(clock.read() - start for start in joined)
    assert spent == pytest.approx(busy, abs=1e-6)


def test_tokens_are_counted_in_the_thread_that_asked() -> None:
    counts: list[int] = []
    rows = make_rows([25, 70, 90], guard=False)
    answers = list(run_aside([Waves(Script(), rows, size=2).run], threads=1, on_tokens=counts.append))
    assert sum(counts) == sum(len(one.token_ends) for one in answers) == 6 + 51 + 71


def test_an_engine_that_fails_or_says_nothing_is_an_error() -> None:
    class Silent(Script):
        def decode(self, prompts: Sequence[Sequence[int]], **_: Any) -> None:
            pass

        def stream(self, tokens: Sequence[int], **_: Any) -> Iterator[int]:
            return (token for token in ())

    with pytest.raises(ModelError, match="gave no token"):
        in_waves(Silent(), make_rows([5], guard=False), 1)
    with pytest.raises(ModelError, match="gave no token"):
        one_by_one(Silent(), make_rows([5], guard=False), 1)


def test_work_that_nobody_wants_ends() -> None:
    rows = make_rows([3] * 50, guard=False, most=10_000)
    engine = Script()
    with closing(run_aside([Waves(engine, rows, size=1).run], threads=1, on_tokens=lambda n: None)) as answers:  # type: ignore[type-var]
        next(answers)  # type: ignore[call-overload]
    assert len(engine.batches) < 50


def test_a_context_that_is_too_small_refuses_prompts(tiny_base: Any, ask: Any) -> None:
    from transformers import AutoTokenizer

    speech = Speech(tokenizer=AutoTokenizer.from_pretrained(tiny_base), ends=frozenset({END}), context=40)
    fitting, refused = fit_prompts(ask(["a", "b" * 500, "cc"]), speech)
    assert [prompt.id for prompt, _ in fitting] == ["0", "2"]
    assert [(one.id, one.reason) for one in refused] == [("1", "prompt-too-long")]


def test_memory_bounds_the_number_of_answers_together() -> None:
    speech = Speech(tokenizer=None, ends=frozenset(), context=100, token_bytes=2**20)
    assert speech.count_rows(10, most=64, cache_mib=100) == 10
    assert speech.count_rows(1000, most=64, cache_mib=100) == 1
    assert speech.count_rows(1, most=64, cache_mib=100) == 64
