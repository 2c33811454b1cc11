"""Fused layers and the loss behind a frozen output layer: the numbers of PEFT and transformers, in fewer steps."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from taco.train.tokens import IGNORED, EncodedRow

torch = pytest.importorskip("torch", reason="needs the extra [train]")

SETTINGS: dict[str, dict[str, Any]] = {
    "dropout": {"dropout": 0.3},
    "no dropout": {"dropout": 0.0},
    "rank-stabilised": {"rslora": True},
    "all layers": {"targets": ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")},
}
KINDS = [("float64", 1e-9), ("float32", 1e-4)]


def make_model(options: dict[str, Any], *, dtype: str = "float64", **settings: Any) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    from taco.train.adapter import add_adapter
    from taco.train.options import TrainOptions

    config = LlamaConfig(
        vocab_size=300,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        **settings,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = LlamaForCausalLM(config).to(getattr(torch, dtype))
        tuned = add_adapter(model, TrainOptions(rank=4, **options), base_name="tiny").train()
        for name, weight in tuned.named_parameters():
            if "lora_B" in name or name.endswith("bias"):
                torch.nn.init.normal_(weight, std=0.1)
    return tuned.to(getattr(torch, dtype))


def make_rows() -> list[EncodedRow]:
    chance = random.Random(5)
    rows = []
    for index, length in enumerate((90, 40, 70)):
        ids = tuple(chance.randrange(300) for _ in range(length))
        rows.append(EncodedRow(id=str(index), input_ids=ids, labels=(IGNORED,) * 10 + ids[10:]))
    return rows


def take_gradients(model: Any, run: Callable[[], Any]) -> tuple[float, dict[str, Any]]:
    from taco.train.dropout import seeded_dropout

    with seeded_dropout("17/0/0", device="cpu"):
        loss = run()
    loss.backward()
    found = {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}
    model.zero_grad()
    return float(loss.detach()), found


def compare(model: Any, *, tolerance: float, most_logits: int | None, fused: bool = True) -> int:
    """Hold loss and gradients inside the context against those outside; return the number of fused layers."""
    from taco.train.fused import fused_layers
    from taco.train.objective import sum_token_losses

    rows = make_rows()
    expected_loss, expected = take_gradients(model, lambda: sum_token_losses(model, rows, most_logits=None))
    with fused_layers(model) if fused else nullcontext(0) as count:
        loss, found = take_gradients(model, lambda: sum_token_losses(model, rows, most_logits=most_logits))
    assert loss == pytest.approx(expected_loss, rel=max(tolerance / 10, 1e-12))
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        assert float(torch.linalg.norm(found[name] - gradient) / torch.linalg.norm(gradient)) < tolerance, name
    return count


@pytest.mark.parametrize(("dtype", "tolerance"), KINDS)
@pytest.mark.parametrize("options", SETTINGS.values(), ids=SETTINGS)
def test_gradients_are_those_of_peft(options: dict[str, Any], dtype: str, tolerance: float) -> None:
    model = make_model(options, dtype=dtype)
    assert compare(model, tolerance=tolerance, most_logits=1 << 26) == 2 * 7


def test_frozen_biases_are_added() -> None:
    model = make_model({}, attention_bias=True, mlp_bias=True)
    assert compare(model, tolerance=1e-9, most_logits=None) == 2 * 7


def test_layers_that_are_more_than_two_products_stay_as_they_are() -> None:
    dora = make_model({"dora": True})
    assert compare(dora, tolerance=1e-9, most_logits=None) == 2 * 3  # the three that no adapter is on
    hooked = make_model({})
    layer = hooked.get_base_model().model.layers[0]
    for module in (layer.self_attn.q_proj, layer.mlp.up_proj):
        module.register_forward_hook(lambda module, given, made: made * 1.5)
    assert compare(hooked, tolerance=1e-9, most_logits=None) == 2 * 7 - 2


def test_layers_are_left_as_they_were() -> None:
    from taco.train.fused import fused_layers

    model = make_model({})
    with pytest.raises(KeyError), fused_layers(model):
        layer = model.get_base_model().model.layers[0]
        assert "forward" in vars(layer.self_attn.q_proj)
        raise KeyError
    assert not any("forward" in vars(module) for module in model.modules())


def test_an_adapter_that_is_switched_off_is_off() -> None:
    from taco.train.fused import fused_layers

    model, ids = make_model({}).eval(), torch.arange(9)[None]
    with torch.no_grad(), fused_layers(model):
        tuned = model(input_ids=ids).logits
        with model.disable_adapter():
            bare = model(input_ids=ids).logits
    with torch.no_grad(), model.disable_adapter():
        assert torch.allclose(bare, model(input_ids=ids).logits, rtol=1e-10)
    assert not torch.allclose(bare, tuned, rtol=1e-3)


def test_activations_made_again_have_the_same_dropout() -> None:
    from taco.train.tuning import recompute_activations

    model = make_model({"dropout": 0.3})
    recompute_activations(model)
    compare(model, tolerance=1e-9, most_logits=1 << 26)


@pytest.mark.parametrize(("dtype", "tolerance"), KINDS)
@pytest.mark.parametrize("most_logits", [1, 300 * 7, 1 << 26])
def test_the_output_layers_gradient_is_that_of_all_logits_together(
    most_logits: int, dtype: str, tolerance: float
) -> None:
    compare(make_model({}, dtype=dtype), tolerance=tolerance, most_logits=most_logits, fused=False)


@example(size=1, sure=9.0, seed=74)
@given(size=st.integers(1, 9), sure=st.floats(0.0, 12.0), seed=st.integers(0, 99))
def test_sure_predictions_keep_the_digits_of_their_gradient(size: int, sure: float, seed: int) -> None:
    """Where p is near 1 the gradient is 1 - p: as a difference, or of logits less their logarithmic sum, it loses its digits."""
    from taco.train.head import sum_at_head

    chance = torch.Generator().manual_seed(seed)
    head = torch.nn.Linear(6, 50, bias=False).requires_grad_(False)
    head.weight.copy_(torch.randn(50, 6, generator=chance))
    targets = torch.randint(50, (5,), generator=chance)
    hidden = (head.weight[targets] * sure).requires_grad_()
    sum_at_head(head, hidden, targets, tokens=size)[0].backward()  # type: ignore[no-untyped-call]
    exact = hidden.detach().double().requires_grad_()
    loss = torch.nn.functional.cross_entropy(exact @ head.weight.double().t(), targets, reduction="sum")
    loss.backward()
    assert hidden.grad is not None
    assert exact.grad is not None
    assert float((hidden.grad - exact.grad).norm()) <= 1e-4 * float(exact.grad.norm()) + 1e-7


def test_nothing_is_made_for_a_gradient_that_nobody_asks_for() -> None:
    from taco.train.head import sum_at_head

    head = torch.nn.Linear(6, 50).requires_grad_(False)
    hidden, targets = torch.randn(5, 6), torch.arange(5)
    total, each = sum_at_head(head, hidden, targets)
    assert not total.requires_grad
    expected = torch.nn.functional.cross_entropy(head(hidden), targets, reduction="none")
    assert torch.allclose(each, expected, rtol=1e-5)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.booleans(), st.booleans())
def test_products_are_those_of_linear(rows: int, wide: int, out: int, has_bias: bool, turned: bool) -> None:
    from taco.train.products import multiply

    weight = torch.randn(wide, out).t() if turned else torch.randn(out, wide)
    given_rows, bias = torch.randn(rows, wide), torch.randn(out) if has_bias else None
    expected = torch.nn.functional.linear(given_rows.double(), weight.double(), None if bias is None else bias.double())
    assert torch.allclose(multiply(given_rows, weight, bias).double(), expected, atol=1e-4)


@pytest.mark.parametrize(
    ("machine", "maker", "takes_onednn"),
    [("x86_64", "AuthenticAMD", True), ("x86_64", "GenuineIntel", False), ("x86_64", "", False), ("arm64", "", False)],
)
def test_the_library_follows_from_the_processor(
    machine: str, maker: str, takes_onednn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from taco.train import products

    monkeypatch.setattr(products.platform, "machine", lambda: machine)
    monkeypatch.setattr(products, "_read_maker", lambda: maker)
    found = products.prefers_onednn.__wrapped__()
    assert found == (takes_onednn and torch.backends.mkldnn.is_available())


def test_a_torch_without_the_product_keeps_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from taco.train import products

    def refuse(*_: Any) -> Any:
        raise RuntimeError("no such operator")

    monkeypatch.setattr(products, "_read_maker", lambda: "AuthenticAMD")
    monkeypatch.setattr(torch.ops.mkldnn, "_linear_pointwise", refuse)
    assert not products.prefers_onednn.__wrapped__()


def test_the_maker_is_read_where_linux_tells_it(tmp_path: Path) -> None:
    from taco.train.products import _read_maker

    if Path("/proc/cpuinfo").is_file() and "vendor_id" in Path("/proc/cpuinfo").read_text():
        assert _read_maker()
        assert _read_maker() in Path("/proc/cpuinfo").read_text()
