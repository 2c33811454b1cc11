"""Packed rows and micro-batches give the loss and the gradient of plain, unbatched transformers + PEFT."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from taco.model.base import Base
from taco.model.load import load_model
from taco.train.adapter import add_adapter
from taco.train.attention import NAME
from taco.train.batches import pack_rows
from taco.train.objective import attention_of_rows, packs_exactly, sum_token_losses
from taco.train.options import TrainOptions
from taco.train.tokens import IGNORED, EncodedRow


def make_rows() -> list[EncodedRow]:
    chance = random.Random(3)
    rows = []
    for index, length in enumerate((9, 40, 17, 3, 28, 61, 12)):
        ids = tuple(chance.randrange(3, 300) for _ in range(length))
        prompt = chance.randrange(1, length)
        rows.append(EncodedRow(id=str(index), input_ids=ids, labels=(IGNORED,) * prompt + ids[prompt:]))
    return rows


@pytest.fixture
def tuned(tiny_base: Path) -> Any:
    """Return the tiny model with an adapter whose weights are all random, so that all of them get a gradient."""
    import torch

    torch.manual_seed(0)
    model = load_model(Base(name="tiny", path=tiny_base, digest="", licence=""), dtype="fp32")
    model = add_adapter(model, TrainOptions(rank=4, dropout=0.0), base_name="tiny")
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.1)
    return model.train()


def take_gradients(model: Any) -> dict[str, Any]:
    found = {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}
    model.zero_grad()
    return found


def reference(model: Any, rows: list[EncodedRow]) -> tuple[float, dict[str, Any]]:
    """Return loss and gradient row by row, as a mean over all learnt tokens, from transformers' logits.

    transformers' own loss rounds logits to fp32, whatever the model's type.
    """
    import torch
    from torch.nn.functional import cross_entropy

    learnt = sum(row.supervised_tokens for row in rows)
    total = 0.0
    for row in rows:
        logits = model(input_ids=torch.tensor([row.input_ids])).logits[0, :-1]
        loss = cross_entropy(logits, torch.tensor(row.labels[1:]), ignore_index=IGNORED, reduction="sum") / learnt
        loss.backward()
        total += float(loss.detach())
    return total, take_gradients(model)


@pytest.mark.parametrize("slots", [1, 32, 64, 1000])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-4), ("float64", 1e-9)])
def test_gradients_equal_the_unbatched_reference(tuned: Any, slots: int, dtype: str, tolerance: float) -> None:
    import torch

    model = tuned.to(getattr(torch, dtype))
    rows = make_rows()
    expected_loss, expected = reference(model, rows)
    learnt = sum(row.supervised_tokens for row in rows)
    found_loss = 0.0
    for micro_batch in pack_rows(rows, micro_batch_tokens=slots):
        loss = sum_token_losses(model, micro_batch) / learnt
        loss.backward()
        found_loss += float(loss.detach())
    found = take_gradients(model)
    assert found_loss == pytest.approx(expected_loss, rel=max(tolerance, 1e-6))
    assert found.keys() == expected.keys()
    assert len(found) == 16  # A and B of 4 layers in each of 2 blocks
    for name, gradient in expected.items():
        difference = torch.linalg.norm(found[name] - gradient) / torch.linalg.norm(gradient)
        assert float(difference) < tolerance, name


def test_packing_is_found_exact_or_not(tuned: Any) -> None:
    rows = make_rows()
    assert packs_exactly(tuned, rows)
    assert tuned.training
    assert packs_exactly(tuned, rows[:1])

    class Mixing:
        """A model that ignores where a row begins."""

        device, dtype, training = tuned.device, tuned.dtype, False

        def eval(self) -> None: ...
        def train(self, mode: bool) -> None: ...

        def forward(self, input_ids: Any, position_ids: Any, use_cache: bool) -> Any:
            return tuned(input_ids=input_ids, use_cache=use_cache)

        __call__ = forward

    assert not packs_exactly(Mixing(), rows)


def test_attention_row_by_row_gives_the_gradient_of_the_reference_and_is_left_again(tiny_base: Path) -> None:
    import torch

    torch.manual_seed(0)
    model = load_model(Base(name="tiny", path=tiny_base, digest="", licence=""), dtype="fp32")
    rows = make_rows()
    with attention_of_rows(model, rows) as is_used:
        assert is_used
        assert model.config._attn_implementation == NAME
        tuned = add_adapter(model, TrainOptions(rank=4, dropout=0.0), base_name="tiny").train()
        for name, weight in tuned.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weight, std=0.1)
        learnt = sum(row.supervised_tokens for row in rows)
        loss = sum(sum_token_losses(tuned, packed) for packed in pack_rows(rows, micro_batch_tokens=64)) / learnt
        loss.backward()
        found = take_gradients(tuned)
    assert model.config._attn_implementation == "sdpa"
    expected_loss, expected = reference(tuned, rows)
    assert float(loss.detach()) == pytest.approx(expected_loss, rel=1e-5)
    for name, gradient in expected.items():
        scale = gradient.abs().max()
        torch.testing.assert_close(found[name], gradient, rtol=1e-4, atol=float(1e-4 * scale), msg=name)


@pytest.mark.parametrize(
    "settings",
    [{"layer_types": ["sliding_attention"] * 2}, {"attention_dropout": 0.1}, {"attn_logit_softcapping": 30.0}],
)
def test_attention_that_is_more_than_plain_is_left_alone(tiny_base: Path, settings: dict[str, Any]) -> None:
    model = load_model(Base(name="tiny", path=tiny_base, digest="", licence=""), dtype="fp32")
    for name, value in settings.items():
        setattr(model.config, name, value)
    with attention_of_rows(model, make_rows()) as is_used:
        assert not is_used
        assert model.config._attn_implementation == "sdpa"


def test_attention_with_another_loss_is_left_alone(tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taco.train.attention._cut", lambda lengths: iter([(0, 0, sum(lengths))]))  # no row borders
    monkeypatch.setattr("taco.train.attention.BLOCK", 128)
    model = load_model(Base(name="tiny", path=tiny_base, digest="", licence=""), dtype="fp32")
    with attention_of_rows(model, make_rows()) as is_used:
        assert not is_used
