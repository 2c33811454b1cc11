"""Looks at rows that are not learnt: what they find, what they stop, and that a stop changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from train_rows import StoppedError, Stopping, make_options, read_adapter, read_curve, read_steps, train, write_run

from taco.errors import ModelError
from taco.records import StageCount
from taco.store.jsonl import read_records
from taco.train.log import Evaluation

LOOKING = {"evaluate_every_steps": 2, "epochs": 2}
STOPPING = {"evaluate_every_steps": 2, "patience": 2, "epochs": 30, "learning_rate": 0.05, "warmup_ratio": 0.0}


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def stopped(tiny_base: Path, chain: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, StageCount]:
    out = tmp_path_factory.mktemp("stopped")
    return out, train(tiny_base, chain, out, make_options(**STOPPING))


def read_looks(out: Path) -> list[Evaluation]:
    return list(read_records(out / "evaluations.jsonl", Evaluation))


def test_looking_changes_nothing_of_what_is_learnt(tiny_base: Path, chain: Path, tmp_path: Path) -> None:
    train(tiny_base, chain, tmp_path / "looking", make_options(**LOOKING))
    train(tiny_base, chain, tmp_path / "plain", make_options(epochs=2))
    assert read_curve(tmp_path / "looking") == read_curve(tmp_path / "plain")
    looks = read_looks(tmp_path / "looking")
    assert [look.step for look in looks] == [0, 2, 4, 6, 8]
    assert all(look.rows == 4 and look.english is not None for look in looks)
    assert looks[-1].loss < looks[0].loss
    assert set(looks[0].parts) == {"instruction_en", "response_en", "response", "other"}
    assert not (tmp_path / "plain" / "evaluations.jsonl").exists()


def test_a_look_is_the_plain_loss_of_transformers(tiny_base: Path, chain: Path, tmp_path: Path) -> None:
    import torch

    from taco.model.base import Base
    from taco.model.load import load_model, load_tokenizer
    from taco.records import Example
    from taco.train.tokens import encode_examples

    train(tiny_base, chain, tmp_path, make_options(**LOOKING))
    base = Base(name="", path=tiny_base, digest="", licence="")
    model = load_model(base)
    examples = read_records(chain / "heldout.jsonl", Example)
    rows, _ = encode_examples(examples, load_tokenizer(base), max_row_tokens=2048)
    total = 0.0
    with torch.no_grad():
        for row in rows:
            loss = model(input_ids=torch.tensor([row.input_ids]), labels=torch.tensor([row.labels])).loss
            total += float(loss) * row.supervised_tokens
    assert read_looks(tmp_path)[0].loss == pytest.approx(total / sum(row.supervised_tokens for row in rows), rel=1e-4)


def test_the_parts_of_a_step_make_up_its_loss(stopped: tuple[Path, StageCount], tiny_base: Path, chain: Path) -> None:
    first = read_steps(stopped[0])[0]
    low, high = min(first.parts.values()), max(first.parts.values())
    assert low <= first.loss <= high
    assert len(first.parts) == 4


def test_a_training_that_gets_no_better_stops_with_its_best_weights(stopped: tuple[Path, StageCount]) -> None:
    out, count = stopped
    looks = read_looks(out)
    best = min(looks, key=lambda look: look.loss)
    assert looks[-1].step == best.step + 4 == len(read_steps(out)) < 120
    assert count.counters["best_step"] == best.step
    assert count.counters["rows_kept_back"] == 1
    assert f"| best step | {best.step} |" in (out / "adapter" / "README.md").read_text()


def test_the_weights_kept_are_those_of_the_lowest_loss(
    stopped: tuple[Path, StageCount], tiny_base: Path, chain: Path, tmp_path: Path
) -> None:
    from safetensors.torch import load_file

    weights = "adapter_model.safetensors"
    (best,) = (stopped[0] / "best").glob("checkpoint-*")
    kept, found = load_file(stopped[0] / "adapter" / weights), load_file(best / weights)
    assert all(bool((kept[name] == found[name]).all()) for name in found)


@pytest.mark.parametrize("after", [1, 8])
def test_a_stop_between_looks_changes_nothing(
    stopped: tuple[Path, StageCount], tiny_base: Path, chain: Path, tmp_path: Path, after: int
) -> None:
    options = make_options(**STOPPING)
    with pytest.raises(StoppedError):
        train(tiny_base, chain, tmp_path, options, progress=Stopping(after=after))
    train(tiny_base, chain, tmp_path, options)
    assert read_curve(tmp_path) == read_curve(stopped[0])
    assert read_looks(tmp_path) == read_looks(stopped[0])
    assert read_adapter(tmp_path) == read_adapter(stopped[0])


def test_a_training_that_was_stopped_early_is_over(
    stopped: tuple[Path, StageCount], tiny_base: Path, chain: Path, tmp_path: Path
) -> None:
    import shutil

    out = Path(shutil.copytree(stopped[0], tmp_path / "out"))
    shutil.rmtree(out / "adapter")
    train(tiny_base, chain, out, make_options(**STOPPING))
    assert read_curve(out) == read_curve(stopped[0])
    assert read_adapter(out) == read_adapter(stopped[0])
    shutil.rmtree(out / "best")
    with pytest.raises(ModelError, match="best ones"):
        train(tiny_base, chain, out, make_options(**STOPPING))


def test_a_run_without_held_out_rows_is_not_looked_at(tiny_base: Path, tmp_path: Path) -> None:
    chain = write_run(tmp_path / "run", rows=8, heldout=0)
    train(tiny_base, chain, tmp_path / "out", make_options(**LOOKING))
    assert not (tmp_path / "out" / "evaluations.jsonl").exists()


def test_a_loss_worse_than_guessing_names_the_rows() -> None:
    pytest.importorskip("torch", reason="needs the extra [train]")
    from taco.train.batches import plan_batches
    from taco.train.tokens import EncodedRow
    from taco.train.trainer import check_loss

    rows: list[Any] = [EncodedRow(id=name, input_ids=(1, 2), labels=(-100, 2)) for name in ("first", "second")]
    (batch,) = plan_batches(rows, epochs=1, effective_batch=2, micro_batch_tokens=9, seed=0)
    check_loss(batch, loss=5.9, norm=1.0, vocabulary=384)  # ln 384 = 5.95
    for loss, norm in ((12.0, 1.0), (float("nan"), 1.0), (2.0, float("inf"))):
        with pytest.raises(ModelError, match=r"diverged at step 1: .*first, second|second, first"):
            check_loss(batch, loss=loss, norm=norm, vocabulary=384)
