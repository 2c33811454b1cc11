"""No minute has more characters or calls than allowed, and a busy engine is waited for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from taco.remote.pace import FIRST_WAIT_S, LONGEST_WAIT_S, MINUTE_S, Pace
from taco.translate.engine import Limits


@given(
    st.lists(st.tuples(st.integers(1, 50), st.floats(0, 40)), max_size=60),
    st.none() | st.integers(50, 200),
    st.none() | st.integers(1, 10),
)
def test_no_minute_exceeds_its_limits(
    calls: list[tuple[int, float]], characters: int | None, number: int | None
) -> None:
    pace = Pace(Limits(characters_per_minute=characters, calls_per_minute=number))
    now, made = 0.0, []
    for length, pause in calls:
        now += pause
        now += pace.find_wait(length, now=now)
        assert pace.find_wait(length, now=now + 1e-6) == 0
        now += 1e-6
        pace.note_call(length, now=now)
        made.append((now, length))
    for start, _ in made:
        window = [length for at, length in made if start <= at < start + MINUTE_S - 1e-3]
        assert characters is None or sum(window) <= characters
        assert number is None or len(window) <= number


def test_without_limits_there_is_no_wait() -> None:
    pace = Pace(Limits())
    for _ in range(1000):
        pace.note_call(10**6, now=0.0)
    assert pace.find_wait(10**6, now=0.0) == 0


def test_waits_double_until_an_answer_comes() -> None:
    pace = Pace(Limits())
    now, waits = 0.0, []
    for _ in range(12):
        waits.append(pace.note_busy(None, now=now))
        assert pace.find_wait(1, now=now) == waits[-1]
        now += waits[-1]
    for number, wait in enumerate(waits):
        longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**number)
        assert longest / 2 <= wait <= longest
    pace.note_answer()
    assert pace.note_busy(None, now=now) <= FIRST_WAIT_S


def test_calls_that_were_under_way_together_count_as_one() -> None:
    pace = Pace(Limits())
    first = pace.note_busy(None, now=0.0)
    for _ in range(20):
        assert pace.note_busy(None, now=first / 2) <= FIRST_WAIT_S


def test_what_the_engine_asks_for_is_waited() -> None:
    pace = Pace(Limits())
    assert pace.note_busy(600.0, now=5.0) == 600.0
    assert pace.find_wait(1, now=5.0) == 600.0
