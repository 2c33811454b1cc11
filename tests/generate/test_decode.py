"""Decoding in batches gives each row what it would have got alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch", reason="needs the extra [train]")

import torch

from taco.errors import ModelError
from taco.generate.adapter import merge_adapter
from taco.generate.decode import CHECK_EVERY, Batch, DecodedRow, decode_batch, fill_holes
from taco.generate.kv_cache import RoomyLayer, build_cache, estimate_token_bytes
from taco.generate.loop_guard import LoopGuard
from taco.generate.loops import LEAD_OUT_SPAN, MIN_SPAN
from taco.generate.packed import PackedLinear, pack_model
from taco.generate.prefix import PrefixMemory, read_prefix
from taco.model.base import Base
from taco.model.load import load_model

PROMPTS = [[1, 40, 41, 42], [50], [60, 61, 62, 63, 64, 65, 66, 67, 68], [70, 71], [80, 81, 82, 83, 84]]
LIMIT = 40


@pytest.fixture(scope="module")
def model(tiny_base: Path, tiny_adapter: Path) -> Any:
    base = Base(name="tiny", path=tiny_base, digest="", licence="")
    return merge_adapter(load_model(base, dtype="fp32"), tiny_adapter)


def decode(model: Any, prompts: Sequence[list[int]], *, limits: Sequence[int] = (), **more: Any) -> list[DecodedRow]:
    options: dict[str, Any] = {"ends": (), "guard": None, "on_tokens": lambda count: None} | more
    rows = decode_batch(model, prompts, limits=limits or [LIMIT] * len(prompts), **options)
    return sorted(rows, key=lambda row: row.index)


def decode_alone(model: Any, prompt: list[int], limit: int = LIMIT) -> list[int]:
    """Decode with transformers' own greedy search, without any end token."""
    with torch.inference_mode():
        ids = torch.tensor([prompt])
        found = model.generate(ids, attention_mask=ids.ne(-1), max_new_tokens=limit, do_sample=False, eos_token_id=-1)
    return found[0, len(prompt) :].tolist()


def test_a_batch_is_as_transformers_decodes_one_by_one(model: Any) -> None:
    rows = decode(model, PROMPTS)
    assert [row.tokens for row in rows] == [decode_alone(model, prompt) for prompt in PROMPTS]
    assert {row.finish for row in rows} == {"length"}
    assert len({tuple(row.tokens) for row in rows}) == len(PROMPTS)  # the rows are told apart


def test_rows_that_finish_early_leave_the_others_as_they_are(model: Any) -> None:
    limits = [3, 40, 1, 17, 25]
    rows = decode(model, PROMPTS, limits=limits)
    for row, prompt, limit in zip(rows, PROMPTS, limits, strict=True):
        assert row.tokens == decode_alone(model, prompt, limit)


def test_rows_are_handed_over_as_soon_as_they_are_finished(model: Any) -> None:
    made = 0

    def count(tokens: int) -> None:
        nonlocal made
        made += tokens

    rows = decode_batch(model, PROMPTS, limits=[5, 2, 9, 2, 7], ends=(), guard=None, on_tokens=count)
    found = [(row.index, made) for row in rows]
    assert found == [(1, 10), (3, 10), (0, 19), (4, 23), (2, 25)]  # and finished rows cost nothing more


def test_an_end_token_ends_its_own_row_only(model: Any) -> None:
    alone = [decode_alone(model, prompt) for prompt in PROMPTS]
    end = alone[0][6]
    for row, tokens in zip(decode(model, PROMPTS, ends={end}), alone, strict=True):
        if end in tokens:
            assert (row.tokens, row.finish) == (tokens[: tokens.index(end) + 1], "stop")
        else:
            assert (row.tokens, row.finish) == (tokens, "length")


def never(index: int, tokens: Sequence[int]) -> bool:
    return False


def test_a_second_answer_ends_its_own_row_only(model: Any) -> None:
    guard = LoopGuard(
        find_period=lambda tokens, span: 0,
        has_restarted=lambda index, tokens: index == 3 and len(tokens) >= CHECK_EVERY,
        lead_outs=0,
    )
    rows = decode(model, PROMPTS, guard=guard)
    assert [row.finish for row in rows] == ["length", "length", "length", "label", "length"]
    assert rows[3].tokens == decode_alone(model, PROMPTS[3])[:CHECK_EVERY]


def test_the_loop_guard_ends_its_own_row_only(model: Any) -> None:
    marked = decode_alone(model, PROMPTS[2])[:CHECK_EVERY]
    guard = LoopGuard(
        has_restarted=never, find_period=lambda tokens, span: int(tokens[:CHECK_EVERY] == marked), lead_outs=0
    )
    rows = decode(model, PROMPTS, guard=guard)
    assert [row.finish for row in rows] == ["length", "length", "loop", "length", "length"]
    assert rows[2].tokens == marked
    assert rows[3].tokens == decode_alone(model, PROMPTS[3])


def test_a_row_is_led_out_of_a_loop_before_it_is_given_up(model: Any) -> None:
    alone = decode_alone(model, PROMPTS[2])
    spans: list[int] = []

    def find_period(tokens: Sequence[int], span: int) -> int:
        if list(tokens[:3]) != alone[:3]:
            return 0
        spans.append(span)
        return 1

    rows = decode(model, PROMPTS, guard=LoopGuard(find_period=find_period, has_restarted=never, lead_outs=2))
    assert spans == [LEAD_OUT_SPAN, LEAD_OUT_SPAN, MIN_SPAN]
    assert (rows[2].lead_outs, rows[2].finish, len(rows[2].tokens)) == (2, "loop", 3 * CHECK_EVERY)
    for last in (CHECK_EVERY, 2 * CHECK_EVERY):  # what would have gone on with the loop did not come
        assert rows[2].tokens[last] != rows[2].tokens[last - 1]
    for index in (0, 1, 3, 4):
        assert (rows[index].tokens, rows[index].lead_outs) == (decode_alone(model, PROMPTS[index]), 0)


def test_a_forbidden_token_does_not_come_next(model: Any) -> None:
    from taco.generate.decode import Batch

    free = Batch(model, PROMPTS, room=40).step([None] * len(PROMPTS))
    held = Batch(model, PROMPTS, room=40).step([free[0], None, free[2], None, None])
    assert held[0] != free[0]
    assert held[2] != free[2]
    assert [held[1], *held[3:]] == [free[1], *free[3:]]


def test_every_token_has_its_share_of_the_time(model: Any) -> None:
    for row in decode(model, PROMPTS, limits=[3, 40, 1, 17, 25]):
        assert len(row.seconds) == len(row.tokens)
        assert all(second > 0 for second in row.seconds)


def test_numbers_that_overflow_are_an_error(tiny_base: Path) -> None:
    broken = load_model(Base(name="tiny", path=tiny_base, digest="", licence=""), dtype="fp32")
    with torch.no_grad():
        broken.model.norm.weight.fill_(float("nan"))
    with pytest.raises(ModelError, match="not finite"):
        decode(broken, PROMPTS)


@given(st.lists(st.booleans(), max_size=30))
def test_holes_are_filled_with_as_few_moves_as_possible(is_finished: list[bool]) -> None:
    order = fill_holes(is_finished)
    left = [place for place, done in enumerate(is_finished) if not done]
    assert sorted(order) == left
    assert sum(place != old for place, old in enumerate(order)) == sum(is_finished[: len(left)])


def test_packed_layers_compute_the_same(model: Any, tiny_base: Path, tiny_adapter: Path) -> None:
    packed = merge_adapter(
        load_model(Base(name="t", path=tiny_base, digest="", licence=""), dtype="fp32"), tiny_adapter
    )
    if not pack_model(packed):
        pytest.skip("this machine's CPU or torch cannot pack weights")
    assert sum(isinstance(layer, PackedLinear) for layer in packed.modules()) == 2 * 7 + 1
    with torch.inference_mode():
        ids = torch.tensor([PROMPTS[2]])
        torch.testing.assert_close(packed(ids).logits, model(ids).logits, rtol=1e-4, atol=1e-4)
    assert [row.tokens for row in decode(packed, PROMPTS)] == [row.tokens for row in decode(model, PROMPTS)]


def test_a_failing_operator_leaves_the_model_as_it_is(tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = load_model(Base(name="tiny", path=tiny_base, digest="", licence=""), dtype="fp32")
    monkeypatch.setattr(PackedLinear, "forward", lambda self, inputs: torch.zeros(2, 3, self.weight.shape[0]))
    assert not pack_model(plain)
    assert not any(isinstance(layer, PackedLinear) for layer in plain.modules())


def test_windows_of_attention_keep_their_own_cache() -> None:
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    config = Gemma3TextConfig(
        vocab_size=128,
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        sliding_window=8,
        layer_types=["sliding_attention", "full_attention"],
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        windowed = Gemma3ForCausalLM(config).eval()
    assert [isinstance(layer, RoomyLayer) for layer in build_cache(config, room=9).layers] == [False, True]
    rows = decode(windowed, PROMPTS, limits=[3, 30, 1, 17, 25])
    for row, prompt, limit in zip(rows, PROMPTS, [3, 30, 1, 17, 25], strict=True):
        assert row.tokens == decode_alone(windowed, prompt, limit)


def test_positions_are_counted_from_the_first_token_of_each_row() -> None:
    # Llama's rotary positions only see differences; GPT-2 learns each position.
    from transformers import GPT2Config, GPT2LMHeadModel

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        config = GPT2Config(vocab_size=128, n_positions=64, n_embd=32, n_layer=2, n_head=2, initializer_range=0.5)
        model = GPT2LMHeadModel(config).eval()
    for row, prompt in zip(decode(model, PROMPTS), PROMPTS, strict=True):
        assert row.tokens == decode_alone(model, prompt)


def test_memory_of_a_token_is_estimated(model: Any) -> None:
    # 2 layers x (keys and values) x 2 heads x 8 numbers x 4 bytes
    assert estimate_token_bytes(model.config, bytes_per_number=4) == 256


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_rows_that_join_get_what_they_would_get_alone(model: Any, at_once: int) -> None:
    limits = [3, 40, 1, 17, 25]
    made: list[int] = []
    rows = decode(model, PROMPTS, limits=limits, at_once=at_once, on_tokens=made.append)
    assert [row.tokens for row in rows] == [
        decode_alone(model, prompt, limit) for prompt, limit in zip(PROMPTS, limits, strict=True)
    ]
    assert max(made) <= at_once
    assert sum(made) == sum(limits)


def test_a_prefix_that_was_read_before_changes_nothing(model: Any) -> None:
    shared = [7, 30, 31, 32, 33, 34, 35]
    prompts = [[*shared, *prompt] for prompt in PROMPTS]
    for prefix in (read_prefix(model, shared), read_prefix(model, [*shared, 9, 9]).cut(len(shared)), None):  # type: ignore[union-attr]
        rows = decode(model, prompts, prefix=prefix, at_once=3)
        assert [row.tokens for row in rows] == [decode_alone(model, prompt) for prompt in prompts]
    other = decode(model, PROMPTS, prefix=read_prefix(model, shared))  # begins otherwise: it is not used
    assert [row.tokens for row in other] == [decode_alone(model, prompt) for prompt in PROMPTS]


def test_a_prefix_saves_reading(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shared, read = list(range(20, 60)), []
    prefix = read_prefix(model, shared)
    whole = model.forward
    monkeypatch.setattr(
        model, "forward", lambda *given, **named: (read.append(named["input_ids"].shape[1]), whole(*given, **named))[1]
    )
    batch = Batch(model, [[*shared, 1, 2], [*shared, 3]], room=50, prefix=prefix)
    batch.step([None, None])
    assert read == [2]


def test_what_prompts_share_is_learnt_from_them(model: Any) -> None:
    memory, system = PrefixMemory(), list(range(100, 120))
    assert memory.find(model, "a", [[*system, 1, 2, 3, 4]]) is None  # one prompt alone shares nothing
    same = memory.find(model, "a", [[*system, 1, 2, 3, 4]])
    assert same is not None
    assert same.tokens == [*system, 1, 2, 3]
    shorter = memory.find(model, "a", [[*system, 9, 9], [*system, 8]])
    assert shorter is not None
    assert shorter.tokens == system
    assert memory.find(model, "a", [[5, 6, 7]]) is None
    assert memory.find(model, "a", [[*system, 5]]) is shorter
    assert memory.find(model, "b", [[*system, 5]]) is None  # another adapter has other keys and values
    assert memory.find(model, "c", [[1, 2, 3], [1, 2, 4]]) is None  # too little to be worth it


def test_packed_weights_of_16_bits_answer_alike(tiny_base: Path) -> None:
    base = Base(name="tiny", path=tiny_base, digest="", licence="")
    plain, packed = load_model(base, dtype="bf16"), load_model(base, dtype="bf16")
    if not pack_model(packed):
        pytest.skip("this machine packs no weights")
    ids = torch.tensor([[1, 40, 41, 42]])
    with torch.inference_mode():
        wanted, found = (one(ids).logits.float() for one in (plain, packed))
    assert torch.allclose(wanted, found, rtol=0.05, atol=0.05)
