"""Every row is seen once an epoch, in an order that the seed decides, in passes of bounded size."""

from __future__ import annotations

import math
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from taco.train.batches import pack_rows, plan_batches
from taco.train.tokens import IGNORED, EncodedRow

lengths = st.lists(st.integers(2, 60), min_size=1, max_size=40)


def make_rows(lengths: list[int]) -> list[EncodedRow]:
    return [
        EncodedRow(id=f"r{index}", input_ids=(1,) * length, labels=(IGNORED,) + (1,) * (length - 1))
        for index, length in enumerate(lengths)
    ]


@given(lengths=lengths, epochs=st.integers(1, 4), effective=st.integers(1, 9), slots=st.integers(1, 120))
def test_each_epoch_has_every_row_once(lengths: list[int], epochs: int, effective: int, slots: int) -> None:
    rows = make_rows(lengths)
    plan = plan_batches(rows, epochs=epochs, effective_batch=effective, micro_batch_tokens=slots, seed=7)
    steps = math.ceil(len(rows) / effective)
    assert [batch.step for batch in plan] == list(range(1, steps * epochs + 1))
    for epoch in range(epochs):
        part = plan[epoch * steps : (epoch + 1) * steps]
        assert Counter(row.id for batch in part for row in batch.rows) == Counter(row.id for row in rows)
        sizes = [len(batch.rows) for batch in part]
        assert max(sizes) <= effective
        assert max(sizes) - min(sizes) <= 1
        assert part[-1].epoch == epoch + 1


@given(lengths=lengths, slots=st.integers(1, 120))
def test_passes_hold_every_row_within_the_bound(lengths: list[int], slots: int) -> None:
    rows = make_rows(lengths)
    packed = pack_rows(rows, micro_batch_tokens=slots)
    assert Counter(row.id for rows in packed for row in rows) == Counter(row.id for row in rows)
    for micro_batch in packed:
        assert len(micro_batch) == 1 or sum(len(row.input_ids) for row in micro_batch) <= slots


@given(lengths=lengths, slots=st.integers(1, 120))
def test_the_size_of_a_pass_does_not_change_the_steps(lengths: list[int], slots: int) -> None:
    rows = make_rows(lengths)
    plans = [
        plan_batches(rows, epochs=2, effective_batch=4, micro_batch_tokens=size, seed=1) for size in (slots, 10_000)
    ]
    steps = [[sorted(row.id for row in batch.rows) for batch in plan] for plan in plans]
    assert steps[0] == steps[1]
    assert [b.supervised_tokens for b in plans[0]] == [b.supervised_tokens for b in plans[1]]


def test_the_seed_decides_the_order() -> None:
    rows = make_rows(list(range(2, 42)))

    def order(seed: int) -> list[list[str]]:
        plan = plan_batches(rows, epochs=2, effective_batch=4, micro_batch_tokens=50, seed=seed)
        return [sorted(row.id for row in batch.rows) for batch in plan]

    assert order(0) == order(0)
    assert order(0) != order(1)
    assert order(0)[:10] != order(0)[10:]


def test_a_part_of_an_epoch_ends_early() -> None:
    plan = plan_batches(make_rows([5] * 40), epochs=1.5, effective_batch=4, micro_batch_tokens=50, seed=0)
    assert len(plan) == 15
    assert plan[-1].epoch == 1.5
    short = plan_batches(make_rows([5] * 40), epochs=0.01, effective_batch=4, micro_batch_tokens=50, seed=0)
    assert len(short) == 1


def test_tokens_are_counted() -> None:
    (batch,) = plan_batches(make_rows([5, 7]), epochs=1, effective_batch=4, micro_batch_tokens=6, seed=0)
    assert (batch.tokens, batch.supervised_tokens, len(batch.micro_batches)) == (12, 10, 2)
