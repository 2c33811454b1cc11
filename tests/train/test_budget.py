"""A training by tokens: the same tokens and steps whatever the rows, and an order that is kept."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from train_rows import make_options, train, write_run

from taco.train.budget import cut_by_tokens, draw_rows, plan_budget
from taco.train.curriculum import count_earlier_steps
from taco.train.log import read_log
from taco.train.options import TrainOptions
from taco.train.rows import Origin, list_last_origins, list_origins
from taco.train.stage import CHAIN
from taco.train.tokens import EncodedRow

LENGTHS = st.lists(st.integers(2, 60), min_size=1, max_size=30)


def make_rows(lengths: list[int], *, name: str = "r") -> list[EncodedRow]:
    return [
        EncodedRow(id=f"{name}{number:02}", input_ids=tuple(range(length)), labels=(-100, *range(length - 1)))
        for number, length in enumerate(lengths)
    ]


@settings(deadline=None)
@given(LENGTHS, st.integers(1, 900), st.integers(0, 5))
def test_drawing_stops_at_the_first_row_that_reaches_the_budget(lengths: list[int], most: int, seed: int) -> None:
    placed = draw_rows([(0, row) for row in make_rows(lengths)], max_tokens=most, seed=seed)
    drawn = [row for _, row in placed]
    tokens = [len(row.input_ids) for row in drawn]
    assert sum(tokens[:-1]) < most <= sum(tokens)
    seen = Counter(row.id for row in drawn)
    # No row comes again before all the others came.
    assert max(seen.values()) - (min(seen.values()) if len(seen) == len(lengths) else 0) <= 1


@given(LENGTHS, st.data())
def test_parts_hold_every_row_once_in_order_and_none_is_empty(lengths: list[int], data: st.DataObject) -> None:
    rows = make_rows(lengths)
    parts = cut_by_tokens(rows, data.draw(st.integers(1, len(rows))))
    assert [row for part in parts for row in part] == rows
    assert all(parts)


@settings(deadline=None)
@given(st.lists(st.integers(5, 20), min_size=1, max_size=9), st.lists(st.integers(30, 60), min_size=1, max_size=9))
def test_long_and_short_rows_get_the_same_steps(short: list[int], long: list[int]) -> None:
    options = TrainOptions(max_tokens=6000, batch_tokens=600)
    plans = [
        plan_budget([make_rows(lengths)], options, max_tokens=6000, micro_batch_tokens=256, seed=1)
        for lengths in (short, long)
    ]
    for plan in plans:
        assert len(plan) == 10
        assert 6000 <= sum(batch.tokens for batch in plan) < 6060
        assert all(450 <= batch.tokens <= 750 for batch in plan)


def test_order_by_templates_has_the_same_examples_as_shuffled_with_the_first_ones_first() -> None:
    sets = [make_rows([30, 20, 10, 40], name="q"), make_rows([60, 50, 20, 80], name="c")]
    plans = {
        order: plan_budget(
            sets,
            TrainOptions(max_tokens=300, order=order, effective_batch=1),
            max_tokens=300,
            micro_batch_tokens=64,
            seed=4,
        )
        for order in ("shuffled", "templates")
    }
    learnt = {order: [row.id for batch in plan for row in batch.rows] for order, plan in plans.items()}
    assert Counter(learnt["shuffled"]) == Counter(learnt["templates"])
    steps = [{row.id[0] for row in batch.rows} for batch in plans["templates"]]
    assert steps[0] == {"q"}
    assert steps[-1] == {"c"}
    assert sum(len(kinds) == 2 for kinds in steps) <= 1


@pytest.mark.parametrize(("first", "earlier"), [(6, 3), (5, 3), (4, 2)])
def test_looks_before_the_last_template_decide_nothing(first: int, earlier: int) -> None:
    """Twelve rows in steps of two; a step with a row of the first template is none of the last one's."""
    names = ("question-translation", "taco")
    rows = [make_rows([9] * first, name="q"), make_rows([9] * (12 - first), name="c")]
    pool = {Origin(CHAIN, name): found for name, found in zip(names, rows, strict=True)}
    for order, expected in (("templates", earlier), ("shuffled", 0)):
        options = TrainOptions(max_tokens=108, batch_tokens=18, templates=names, order=order)
        batches = plan_budget(rows, options, max_tokens=108, micro_batch_tokens=64, seed=2)
        assert len(batches) == 6
        assert count_earlier_steps(options, pool, batches) == expected


@pytest.mark.parametrize("names", [("plug", "taco"), ("plug", "taco", "plug"), ()])
def test_a_template_that_is_named_twice_is_learnt_where_it_is_named_first(names: tuple[str, ...]) -> None:
    options = TrainOptions(max_tokens=108, templates=names, order="templates")
    assert list_last_origins(options) == (Origin(CHAIN, "taco" if names else ""),)
    assert list_last_origins(options)[0] == list_origins(options)[-1]


def test_templates_are_learnt_from_the_same_rows(tiny_base: Path, tmp_path: Path) -> None:
    chain = write_run(tmp_path / "run", rows=6)
    options = make_options(max_tokens=2500, templates=["question-translation", "taco"], order="templates")
    train(tiny_base, chain, tmp_path / "run" / "train", options)
    parts = [step.parts for step in read_log(tmp_path / "run" / "train" / "log.jsonl")]
    assert "response" not in parts[0]
    assert "response" in parts[-1]


def test_no_checkpoint_is_left_where_none_is_asked_for(tiny_base: Path, tmp_path: Path) -> None:
    chain = write_run(tmp_path / "run", rows=4)
    out = tmp_path / "run" / "train"
    train(tiny_base, chain, out, make_options(max_tokens=900, keep_checkpoints=0, save_every_steps=1))
    assert not list((out / "checkpoints").glob("checkpoint-*"))
    assert (out / "adapter" / "adapter_model.safetensors").is_file()


def test_the_budget_is_what_is_learnt(tiny_base: Path, tmp_path: Path) -> None:
    chain = write_run(tmp_path / "run", rows=6)
    options = make_options(max_tokens=2500, batch_tokens=500)
    count = train(tiny_base, chain, tmp_path / "run" / "train", options)
    log = read_log(tmp_path / "run" / "train" / "log.jsonl")
    assert len(log) == count.counters["steps"] == 5
    assert 2500 <= int(count.counters["tokens"]) < 3000


@pytest.mark.parametrize(
    "given_settings",
    [
        {"batch_tokens": 10},
        {"order": "templates"},
        {"templates": ["taco"]},
        {"max_tokens": 10, "stages": [{"name": "one"}]},
        {"max_tokens": 0},
    ],
)
def test_a_budget_that_means_nothing_is_refused(given_settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="max_tokens"):
        TrainOptions.model_validate(given_settings)


def test_settings_of_before_have_the_key_of_before() -> None:
    assert not {"max_tokens", "batch_tokens", "templates", "order", "seed"} & set(TrainOptions().select_deciding())
