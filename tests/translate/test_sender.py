"""Whatever an engine does, each text has one right answer or a reason, and nothing is sent without need."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from translate_fakes import FakeClock, FaultyEngine, Notes

from taco.errors import BudgetError, EngineBusy, EngineError, EngineRejected
from taco.store.memory import Budget, TranslationMemory
from taco.translate.batches import make_batches
from taco.translate.engine import Limits, Price, Translation
from taco.translate.sender import BUSY_ATTEMPTS, REFUSALS_IN_A_ROW, Account, Sender

TEXTS = [f"text number {number}" for number in range(40)]
RUN = "a-run"


class Bench:
    """A sender on a memory of its own."""

    def __init__(
        self, folder: Path, engine: FaultyEngine, *, characters: int = 100, budget: Budget | None = None
    ) -> None:
        self.engine, self.clock, self.notes = engine, FakeClock(), Notes()
        self.memory = TranslationMemory(folder / "memory.sqlite", source="en", target="gl", signature=engine.signature)
        self.sender = Sender(
            engine,
            self.memory,
            limits=engine.limits,
            account=Account(run=RUN, budget=budget),
            batch_characters=characters,
            meter=self.notes,
            clock=self.clock,
        )

    def send(self, texts: Sequence[str] = TEXTS) -> dict[str, Translation]:
        return self.sender.send(texts)

    def check_all_translated(self) -> None:
        answers = self.send()
        assert {text: answer.text for text, answer in answers.items()} == {
            text: " ".join(f"x{word}" if word.isalpha() else word for word in text.split()) for text in TEXTS
        }


def test_nothing_is_sent_twice(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FaultyEngine())
    bench.check_all_translated()
    sent = list(bench.engine.sent)
    assert sorted(sent) == sorted(TEXTS)
    bench.check_all_translated()
    assert bench.engine.sent == sent
    ledger = bench.memory.read_ledger(RUN)
    assert (ledger.segments, ledger.lost_segments, ledger.failed_segments) == (len(TEXTS), 0, 0)
    assert bench.notes.expected == bench.notes.back == sum(map(len, TEXTS))


def test_what_the_run_paid_is_told_from_what_was_there(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FaultyEngine())
    assert all(answer.is_paid for answer in bench.send(TEXTS[:5]).values())
    assert all(answer.is_paid for answer in bench.send(TEXTS[:5]).values())  # its own, also after a kill
    other = Bench(tmp_path, FaultyEngine())
    other.sender._account = Account(run="another-run")
    paid = {text: answer.is_paid for text, answer in other.send(TEXTS[:8]).items()}
    assert paid == {text: number >= 5 for number, text in enumerate(TEXTS[:8])}


@pytest.mark.parametrize("parallel", [1, 3])
def test_a_busy_engine_is_asked_again(tmp_path: Path, parallel: int) -> None:
    busy = EngineBusy("429 Too Many Requests", retry_after_s=7)
    bench = Bench(tmp_path, FaultyEngine([busy, None, busy, busy], limits=Limits(parallel_calls=parallel)))
    bench.check_all_translated()
    assert sum(bench.clock.waits) >= 7
    assert any("429" in line for line in bench.notes.lines)
    ledger = bench.memory.read_ledger(RUN)
    assert (ledger.failed_batches, ledger.lost_batches) == (3, 0)
    assert ledger.segments - ledger.failed_segments == len(TEXTS)


def test_an_engine_that_stays_busy_is_given_up_and_nothing_is_lost(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FaultyEngine([None, None, *[EngineBusy("503 Service Unavailable")] * BUSY_ATTEMPTS]))
    with pytest.raises(EngineError, match=r"still busy after 8 attempts.*503") as caught:
        bench.send()
    assert not isinstance(caught.value, EngineBusy)
    assert "goes on from here" in caught.value.hint
    kept = sum(bench.engine.sizes[:2])
    assert len(bench.memory.look_up(TEXTS)) == kept
    again = Bench(tmp_path, FaultyEngine())
    again.check_all_translated()
    assert len(again.engine.sent) == len(TEXTS) - kept


@given(st.sets(st.sampled_from(TEXTS), max_size=12))
def test_texts_that_are_minded_are_found_and_the_others_translated(
    tmp_path_factory: pytest.TempPathFactory, minded: set[str]
) -> None:
    def reject(texts: Sequence[str]) -> BaseException | None:
        return EngineRejected("400 Bad Request") if minded & set(texts) else None

    bench = Bench(tmp_path_factory.mktemp("memory"), FaultyEngine(rejects=reject))
    answers = bench.send()
    assert set(answers) == set(TEXTS)
    assert {text for text, answer in answers.items() if answer.refusal} == minded
    assert set(bench.memory.look_up(TEXTS)) == set(TEXTS) - minded  # refusals are not remembered


@pytest.mark.parametrize("wrong", [lambda answers: answers[:-1], lambda answers: [*answers, answers[0]], lambda _: []])
def test_a_wrong_count_of_answers_keeps_no_wrong_row(tmp_path: Path, wrong: object) -> None:
    bench = Bench(tmp_path, FaultyEngine([wrong, None, wrong]))  # type: ignore[list-item]
    bench.check_all_translated()


def test_an_engine_that_refuses_everything_is_given_up(tmp_path: Path) -> None:
    engine = FaultyEngine(rejects=lambda texts: EngineRejected("400: target language not supported", hint="Look."))
    many = [f"text {number}" for number in range(3 * REFUSALS_IN_A_ROW)]
    with pytest.raises(EngineError, match=r"refused 50 texts in a row.*target language") as caught:
        Bench(tmp_path, engine).send(many)
    assert caught.value.hint == "Look."
    assert len(engine.sizes) < 4 * REFUSALS_IN_A_ROW


def test_no_access_ends_the_run_at_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FaultyEngine([None, EngineError("403 Forbidden: the key is not valid")]))
    with pytest.raises(EngineError, match="403"):
        bench.send()
    assert len(bench.engine.sizes) == 2
    assert bench.clock.waits == []


def test_a_text_over_the_engine_s_limit_is_refused_unsent(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FaultyEngine(limits=Limits(characters_per_text=20)))
    answers = bench.send(["short", "long " * 10])
    assert "longer than the engine's 20 characters" in answers["long " * 10].refusal
    assert bench.engine.sent == ["short"]


def test_a_budget_is_a_hard_stop_that_can_be_gone_on_from(tmp_path: Path) -> None:
    price = Price(usd_per_million_characters=1_000_000)  # a dollar a character
    total = sum(map(len, TEXTS))
    spent = 0
    for number, usd in enumerate((0, 150, 150, 400, total)):
        bench = Bench(tmp_path, FaultyEngine(price=price), budget=Budget(account="mine", usd=usd))
        if usd < total:
            with pytest.raises(BudgetError, match="The budget of") as caught:
                bench.send()
            assert "larger --budget" in caught.value.hint
        else:
            bench.check_all_translated()
        characters, dollars = bench.memory.read_spending("mine")
        assert dollars == characters <= usd, number
        assert characters >= spent
        spent = characters
    assert spent == total
    other = Bench(tmp_path, FaultyEngine(price=price), budget=Budget(account="other", usd=0))
    other.check_all_translated()  # all of it is in the memory: that costs nothing


def test_what_the_engine_says_that_it_cost_counts(tmp_path: Path) -> None:
    def charge(answers: list[Translation]) -> list[Translation]:
        return [Translation(text=answer.text, words=answer.words, cost_usd=0.5) for answer in answers]

    budget = Budget(account="mine", usd=100)
    bench = Bench(tmp_path, FaultyEngine([charge], price=Price(usd_per_million_characters=1)), characters=10**6)
    bench.sender._account = Account(run=RUN, budget=budget)
    bench.send()
    assert bench.memory.read_spending("mine")[1] == pytest.approx(0.5 * len(TEXTS))
    assert bench.memory.read_ledger(RUN).usd == pytest.approx(0.5 * len(TEXTS))


def test_limits_of_a_minute_are_kept(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FaultyEngine(limits=Limits(characters_per_minute=200)), characters=100)
    bench.check_all_translated()
    assert sum(bench.clock.waits) >= 60 * (sum(map(len, TEXTS)) // 200 - 1)


@given(st.lists(st.text(min_size=1, max_size=30), unique=True), st.integers(1, 60), st.integers(1, 5))
def test_batches_hold_every_text_once_in_order(texts: list[str], characters: int, most: int) -> None:
    limits = Limits(characters_per_call=50, texts_per_call=most)
    batches = list(make_batches(texts, limits, characters=characters))
    assert [text for batch in batches for text in batch] == texts
    for batch in batches:
        assert len(batch) <= most
        assert len(batch) == 1 or sum(map(len, batch)) <= min(50, characters)
