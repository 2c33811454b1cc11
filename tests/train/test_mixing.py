"""How many rows of each set an epoch has, which of them come next, and in which order."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.train.batches import Batch
from taco.train.curriculum import Pool, list_rates, plan_stages, shape_rate
from taco.train.mixing import Deck, Mixture, count_replayed, share_out
from taco.train.options import TrainOptions
from taco.train.rows import Origin
from taco.train.tokens import IGNORED, EncodedRow

CHAIN, ENGLISH, OTHER = Origin("chain"), Origin("english"), Origin("runs/eo")


def make_rows(count: int, name: str) -> list[EncodedRow]:
    """Make rows of lengths 2 to 12, not in the order of their length."""
    lengths = [2 + index * 7 % 11 for index in range(count)]
    return [
        EncodedRow(
            id=f"{name}{index}",
            input_ids=(1,) * length,
            labels=(IGNORED,) + (1,) * (length - 1),
            quality=(index * 13 % 20) / 20,
        )
        for index, length in enumerate(lengths)
    ]


POOL: Pool = {CHAIN: make_rows(20, "c"), ENGLISH: make_rows(30, "e"), OTHER: make_rows(5, "o")}


def plan(*stages: dict[str, object], slots: int = 30, seed: int = 1, **settings: object) -> list[Batch]:
    options = TrainOptions.model_validate({"stages": stages, "effective_batch": 4, "epochs": 1, **settings})
    return plan_stages(options, POOL, micro_batch_tokens=slots, seed=seed)


def list_ids(batches: list[Batch]) -> list[str]:
    return [row.id for batch in batches for row in batch.rows]


@given(
    sizes=st.lists(st.integers(1, 5000), min_size=1, max_size=6),
    temperature=st.floats(1, 50),
    data=st.data(),
)
def test_shares_add_up_and_lean_towards_the_small(sizes: list[int], temperature: float, data: st.DataObject) -> None:
    counts = share_out(sizes, temperature=temperature)
    assert sum(counts) == sum(sizes)
    assert share_out(sizes) == sizes
    smallest, largest = sizes.index(min(sizes)), sizes.index(max(sizes))
    assert counts[smallest] >= sizes[smallest] - 1
    assert counts[largest] <= sizes[largest] + 1
    weights = data.draw(st.lists(st.floats(0.1, 10), min_size=len(sizes), max_size=len(sizes)))
    assert sum(share_out(sizes, weights=weights, temperature=temperature)) == sum(sizes)


def test_the_shares_of_a_temperature_are_those_of_its_formula() -> None:
    # 1000^0.3 = 7.943, 10^0.3 = 1.995 (arXiv 1911.02116, alpha = 0.3): 80 % and 20 % of 1010
    assert share_out([1000, 10], temperature=1 / 0.3) == [807, 203]


@given(size=st.integers(1, 30), count=st.integers(0, 70), epochs=st.integers(1, 5))
def test_a_deck_gives_every_row_before_any_again(size: int, count: int, epochs: int) -> None:
    deck = Deck(rows=make_rows(size, "r"), count=count, key="k")
    drawn = [row.id for epoch in range(epochs) for row in deck.draw(epoch)]
    assert len(drawn) == count * epochs
    for start in range(0, len(drawn) - size + 1, size):
        assert len(set(drawn[start : start + size])) == size


def test_a_stage_of_one_set_sees_every_row_once_an_epoch() -> None:
    batches = plan({"name": "a", "epochs": 2})
    assert [batch.step for batch in batches] == list(range(1, 11))
    assert Counter(list_ids(batches)) == {f"c{index}": 2 for index in range(20)}
    assert batches[-1].epoch == 2
    assert list_ids(batches[:5]) != list_ids(batches[5:])


def test_replay_is_that_share_of_the_rows() -> None:
    ids = list_ids(plan({"name": "a", "replay": 0.2}))
    assert sum(one.startswith("e") for one in ids) == count_replayed(20, 0.2) == 5
    assert len(ids) == 25
    two = list_ids(plan({"name": "a", "replay": 0.2, "epochs": 2}))
    assert len({one for one in two if one.startswith("e")}) == 10  # others in the second epoch


def test_stages_follow_each_other() -> None:
    batches = plan({"name": "english", "rows": ["english"], "steps": 3}, {"name": "chain"})
    assert [batch.stage for batch in batches] == ["english"] * 3 + ["chain"] * 5
    assert [batch.step for batch in batches] == list(range(1, 9))
    assert all(one.startswith("e") for one in list_ids(batches[:3]))
    assert batches[3].epoch == 0.2


def test_small_languages_come_more_often_at_a_temperature() -> None:
    counted = Counter(one[0] for one in list_ids(plan({"name": "a", "rows": ["chain", "runs/eo"], "temperature": 5})))
    assert counted["o"] == share_out([20, 5], temperature=5)[1] == 11
    assert counted["c"] == 14


@pytest.mark.parametrize("slots", [1, 13, 1000])
def test_the_order_by_length_is_kept_under_batching(slots: int) -> None:
    batches = plan({"name": "a", "order": "length", "epochs": 2}, slots=slots)
    for epoch in (batches[:5], batches[5:]):
        spans = [sorted(len(row.input_ids) for row in batch.rows) for batch in epoch]
        for before, after in itertools.pairwise(spans):
            assert before[-1] <= after[0]


@pytest.mark.parametrize("slots", [1, 13, 1000])
def test_the_order_by_quality_is_kept_under_batching(slots: int) -> None:
    batches = plan({"name": "a", "order": "quality"}, slots=slots)
    values = [sorted((row.quality for row in batch.rows), reverse=True) for batch in batches]
    for before, after in itertools.pairwise(values):
        assert before[-1] >= after[0]


@pytest.mark.parametrize("slots", [1, 13, 1000])
def test_the_given_order_is_kept_under_batching(slots: int) -> None:
    batches = plan({"name": "a", "order": "given"}, slots=slots)
    assert [sorted(row.id for row in batch.rows) for batch in batches] == [
        sorted(f"c{place}" for place in range(start, start + 4)) for start in range(0, 20, 4)
    ]


def test_the_size_of_a_pass_and_nothing_else_may_change() -> None:
    stages = ({"name": "a", "rows": ["english"], "steps": 4}, {"name": "b", "replay": 0.3, "order": "length"})
    plans = [[sorted(row.id for row in batch.rows) for batch in plan(*stages, slots=slots)] for slots in (1, 500)]
    assert plans[0] == plans[1]
    other = [sorted(row.id for row in batch.rows) for batch in plan(*stages, seed=2)]
    assert other != plans[0]


def test_rates_of_a_stage_are_those_of_a_training_of_its_own() -> None:
    torch = pytest.importorskip("torch", reason="needs the extra [train]")
    from transformers import get_scheduler

    names = {"cosine": "cosine", "linear": "linear", "constant": "constant_with_warmup"}
    for schedule, name in names.items():
        options = TrainOptions(schedule=schedule, warmup_ratio=0.2)  # type: ignore[arg-type]
        optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
        theirs = get_scheduler(name, optimizer, num_warmup_steps=2, num_training_steps=10)
        for place in range(10):
            assert shape_rate(options, place, 10) == pytest.approx(theirs.get_last_lr()[0])
            optimizer.step()
            theirs.step()


def test_each_stage_has_its_own_highest_rate() -> None:
    settings = {
        "learning_rate": 1e-3,
        "warmup_ratio": 0.2,
        "stages": [{"name": "a", "epochs": 2, "learning_rate": 2e-3}, {"name": "b", "steps": 10}],
    }
    options = TrainOptions.model_validate({**settings, "effective_batch": 4})
    batches = plan_stages(options, POOL, micro_batch_tokens=50, seed=0)
    rates = list_rates(options, batches)
    assert [max(rates[:10]), max(rates[10:])] == [2.0, 1.0]
    assert (rates[0], rates[10]) == (0.0, 0.0)


def test_rows_without_a_figure_come_last() -> None:
    figures = {"r1": 0.5, "r3": 0.9}
    rows = [dataclasses.replace(row, quality=figures.get(row.id, 0.0)) for row in make_rows(4, "r")]
    mixture = Mixture(decks=[Deck(rows=rows, count=4, key="k")], order="quality", key="k")
    assert [row.id for row in next(mixture.list_epochs())][:2] == ["r3", "r1"]
