"""Logits are made a part of the tokens at a time: same loss, same gradient, and memory that no vocabulary drives up."""

from __future__ import annotations

import random
from typing import Any

import pytest

from taco.train.tokens import IGNORED, EncodedRow

torch = pytest.importorskip("torch", reason="needs the extra [train]")

HIDDEN = 8


def make_model(vocabulary: int, *, tied: bool = True, **settings: Any) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=HIDDEN,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        tie_word_embeddings=tied,
        **settings,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return LlamaForCausalLM(config)


def make_rows(vocabulary: int, lengths: tuple[int, ...] = (90, 40, 170)) -> list[EncodedRow]:
    chance = random.Random(5)
    rows = []
    for index, length in enumerate(lengths):
        ids = tuple(chance.randrange(vocabulary) for _ in range(length))
        rows.append(EncodedRow(id=str(index), input_ids=ids, labels=(IGNORED,) * 10 + ids[10:]))
    return rows


def adapt(model: Any) -> Any:
    from taco.train.adapter import add_adapter
    from taco.train.options import TrainOptions

    tuned = add_adapter(model, TrainOptions(rank=2, dropout=0.2), base_name="tiny").train()
    for name, weight in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.1, generator=torch.Generator().manual_seed(1))
    return tuned


def measure_largest(call: Any) -> int:
    """Return the bytes of the largest tensor that operations made inside a call."""
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    largest = 0

    class Recording(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            nonlocal largest
            made = func(*args, **(kwargs or {}))
            weights = {tensor.untyped_storage().data_ptr() for tensor in tree_leaves(args) if torch.is_tensor(tensor)}
            for tensor in tree_leaves(made):
                if torch.is_tensor(tensor) and tensor.untyped_storage().data_ptr() not in weights:  # no view
                    largest = max(largest, tensor.untyped_storage().nbytes())
            return made

    with Recording():
        call()
    return largest


def learn(model: Any, rows: list[EncodedRow], most_logits: int | None) -> float:
    from taco.train.dropout import seeded_dropout
    from taco.train.objective import sum_token_losses

    with seeded_dropout("a", device="cpu"):
        loss = sum_token_losses(model, rows, most_logits=most_logits)
    loss.backward()
    return float(loss.detach())


def test_memory_does_not_follow_the_vocabulary() -> None:
    largest: dict[tuple[int, int | None], int] = {}
    for vocabulary in (8_192, 262_144):
        model, rows = adapt(make_model(vocabulary)), make_rows(vocabulary, (20, 14))
        for bound in (None, 1 << 20):
            largest[vocabulary, bound] = measure_largest(lambda: learn(model, rows, bound))  # noqa: B023
    learnt = sum(row.supervised_tokens for row in rows)
    assert largest[262_144, None] >= learnt * 262_144 * 4  # what a plain forward pass holds: 15 MB
    assert largest[8_192, 1 << 20] <= (1 << 20) * 4
    assert largest[262_144, 1 << 20] <= (1 << 20) * 4


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-12)])
def test_chunks_change_neither_loss_nor_gradient(tied: bool, dtype: str, tolerance: float) -> None:
    model = make_model(500, tied=tied).to(getattr(torch, dtype)).train()
    rows = make_rows(500)
    found = {}
    for bound in (None, 500, 500 * 37, 10**9):
        loss = learn(model, rows, bound)
        found[bound] = (loss, {name: weight.grad.clone() for name, weight in model.named_parameters()})
        model.zero_grad()
    expected_loss, expected = found[None]
    for loss, gradients in found.values():
        assert loss == pytest.approx(expected_loss, rel=max(tolerance, 1e-6))
        for name, gradient in expected.items():
            difference = torch.linalg.norm(gradients[name] - gradient) / torch.linalg.norm(gradient)
            assert float(difference) < tolerance, name


def test_dropout_in_the_output_layer_is_the_same_when_done_again() -> None:
    from taco.train.adapter import add_adapter
    from taco.train.options import TrainOptions

    options = TrainOptions(rank=2, dropout=0.4, targets=("lm_head",))
    model = add_adapter(make_model(500, tied=False).double(), options, base_name="tiny").train()
    head = model.get_base_model().lm_head
    torch.nn.init.normal_(head.lora_B["default"].weight, std=0.5, generator=torch.Generator().manual_seed(1))
    rows, weight = make_rows(500)[:1], head.lora_A["default"].weight
    learn(model, rows, 500 * 16)
    gradient = weight.grad.clone()
    step, losses = 1e-3, []  # logits are fp32 whatever the weights are, so a smaller step would drown in rounding
    with torch.no_grad():
        for move in (step, -2 * step):
            weight[0, 0] += move
            losses.append(measure(model, rows))
    assert float(gradient[0, 0]) == pytest.approx((losses[0] - losses[1]) / (2 * step), rel=1e-2)


def measure(model: Any, rows: list[EncodedRow]) -> float:
    from taco.train.dropout import seeded_dropout
    from taco.train.objective import sum_token_losses

    with seeded_dropout("a", device="cpu"):
        return float(sum_token_losses(model, rows, most_logits=500 * 16))


def test_a_model_that_caps_its_logits_is_found() -> None:
    from transformers import Gemma2Config, Gemma2ForCausalLM

    from taco.train.objective import chunks_exactly

    config = Gemma2Config(
        vocab_size=300,
        hidden_size=HIDDEN,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=4,
        final_logit_softcapping=0.5,
    )
    torch.manual_seed(0)
    model = Gemma2ForCausalLM(config)
    torch.nn.init.normal_(model.model.embed_tokens.weight, std=1.0)
    assert not chunks_exactly(model, make_rows(300))
    assert chunks_exactly(make_model(300), make_rows(300))


def test_activations_computed_again_give_the_same_gradient() -> None:
    from taco.train.tuning import recompute_activations

    model, rows = adapt(make_model(500)), make_rows(500)
    learn(model, rows, None)
    plain = {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}
    model.zero_grad()
    recompute_activations(model)
    learn(model, rows, None)
    for name, weight in model.named_parameters():
        if name in plain:
            assert torch.equal(weight.grad, plain[name]), name
