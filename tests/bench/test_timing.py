"""Speed is that of calls: side by side counts once, waits and memory do not count; money is a hard stop."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.bench.timing import Call, Purse, choose_calls, measure_seconds
from taco.errors import EngineError


def make_call(started_s: float = 0.0, seconds: float = 1.0, *, run: str = "r", signature: str = "s") -> Call:
    return Call(
        run=run, label="l", pair="en-gl", signature=signature, texts=1, characters=9, started_s=started_s,
        seconds=seconds, usd=0.0,
    )  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=12))
def test_seconds_are_those_in_which_a_call_was_under_way(spans: list[tuple[int, int]]) -> None:
    covered = {second for start, length in spans for second in range(start, start + length)}
    assert measure_seconds(make_call(start, length) for start, length in spans) == pytest.approx(len(covered))


def test_speed_is_that_of_the_last_run_that_called_this_very_engine() -> None:
    calls = [
        make_call(run="old"),
        make_call(run="new"),
        make_call(run="new", signature="upgraded"),
        make_call(run="new"),
    ]
    assert choose_calls(calls, label="l", pair="en-gl", signature="s") == [calls[1], calls[3]]
    assert choose_calls(calls, label="l", pair="gl-en", signature="s") == []


def test_a_purse_is_a_hard_stop() -> None:
    purse = Purse(1.0, spent_usd=0.5)
    purse.take(0.4)
    with pytest.raises(EngineError, match=r"about 0\.2000 USD, and 0\.9000 of 1 USD are spent"):
        purse.take(0.2)
    purse.give(0.3)
    purse.take(0.2)


def test_an_empty_purse_does_not_stop_what_is_free() -> None:
    Purse(0.0, spent_usd=2.0).take(0.0)
