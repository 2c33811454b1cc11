"""How many threads share the work changes neither gradients nor dropout."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from taco.errors import ModelError
from taco.model.base import Base
from taco.model.load import load_model
from taco.train.adapter import add_adapter
from taco.train.batches import Batch, plan_batches
from taco.train.options import TrainOptions
from taco.train.tokens import IGNORED, EncodedRow


@pytest.fixture
def batch() -> Batch:
    chance = random.Random(5)
    rows = []
    for index in range(9):
        ids = tuple(chance.randrange(3, 300) for _ in range(chance.randrange(4, 40)))
        rows.append(EncodedRow(id=str(index), input_ids=ids, labels=(IGNORED, IGNORED, *ids[2:])))
    (batch,) = plan_batches(rows, epochs=1, effective_batch=9, micro_batch_tokens=40, seed=0)
    assert len(batch.micro_batches) > 3
    return batch


@pytest.fixture
def tuned(tiny_base: Path) -> Any:
    import torch

    torch.manual_seed(0)
    model = load_model(Base(name="tiny", path=tiny_base, digest="", licence=""), dtype="fp32")
    return add_adapter(model, TrainOptions(rank=4, dropout=0.3), base_name="tiny").train()


def find_gradients(model: Any, batch: Batch, *, threads: int, seed: int = 0) -> list[Any]:
    import torch

    from taco.train.workers import Workers

    model.zero_grad()
    before = torch.get_num_threads()
    with Workers(threads, most=len(batch.micro_batches), on_cpu=True) as workers:
        losses = workers.add_gradients(model, batch, seed=seed)
    assert torch.get_num_threads() == before
    return [losses.mean, losses.parts, *(weight.grad.clone() for weight in model.parameters() if weight.requires_grad)]


def are_equal(left: list[Any], right: list[Any]) -> bool:
    return all(bool((a == b).all()) for a, b in zip(left, right, strict=True))


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_do_not_change_a_bit(tuned: Any, batch: Batch, threads: int) -> None:
    alone = find_gradients(tuned, batch, threads=1)
    assert are_equal(alone, find_gradients(tuned, batch, threads=threads))
    assert not are_equal(alone, find_gradients(tuned, batch, threads=1, seed=1))  # other dropout


def test_gradients_are_added_to_those_there(tuned: Any, batch: Batch) -> None:
    import torch

    from taco.train.workers import Workers

    once = find_gradients(tuned, batch, threads=1)[2:]
    with Workers(1, most=9, on_cpu=True) as workers:
        workers.add_gradients(tuned, batch, seed=0)
    twice = [weight.grad for weight in tuned.parameters() if weight.requires_grad]
    assert all(torch.allclose(two, 2 * one) for one, two in zip(once, twice, strict=True))


def test_a_fault_in_a_thread_comes_out(tuned: Any, batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    from taco.train import workers

    def fail(model: Any, rows: Any, most_logits: Any) -> Any:
        raise ModelError("broken")

    monkeypatch.setattr(workers, "measure_losses", fail)
    with pytest.raises(ModelError, match="broken"):
        find_gradients(tuned, batch, threads=2)


def test_threads_are_shared_out() -> None:
    pytest.importorskip("torch", reason="needs the extra [train]")
    from taco.train.workers import Workers

    assert Workers(2, most=6, on_cpu=True).count == 2
    assert Workers(16, most=6, on_cpu=True).count == 6
    assert Workers(16, most=6, on_cpu=False).count == 1


def test_dropout_drops_its_share_and_keeps_the_mean() -> None:
    torch = pytest.importorskip("torch", reason="needs the extra [train]")
    from taco.train.dropout import SeededDropout, seeded_dropout

    dropout = SeededDropout(0.05)
    hidden = torch.ones(1001, 997)
    with seeded_dropout("a", device="cpu"):
        first, second = dropout(hidden), dropout(hidden)
    assert float((first == 0).float().mean()) == pytest.approx(0.05, abs=0.001)
    assert float(first.mean()) == pytest.approx(1, abs=0.001)
    assert not torch.equal(first, second)
    with seeded_dropout("a", device="cpu"):
        assert torch.equal(dropout(hidden), first)
    with seeded_dropout("b", device="cpu"):
        assert not torch.equal(dropout(hidden), first)
    assert torch.equal(dropout.eval()(hidden), hidden)


def test_the_adapters_own_dropouts_are_replaced(tuned: Any) -> None:
    from taco.train.dropout import SeededDropout

    kinds = [type(module) for name, module in tuned.named_modules() if ".lora_dropout.default" in name]
    assert kinds == [SeededDropout] * 8  # 4 layers in each of 2 blocks
