"""The whole stage on the tiny model: files, counts, resuming, and what it refuses."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from taco.errors import DataError, ModelError
from taco.model.options import ModelOptions
from taco.progress import SilentProgress, Task
from taco.records import Chain, Drop, Example, StageCount
from taco.store.files import digest_file
from taco.store.jsonl import read_records, write_records
from taco.train.checkpoints import list_checkpoints, read_step, seal_checkpoint
from taco.train.log import read_log
from taco.train.options import TrainOptions
from taco.train.run import run_train

OPTIONS = TrainOptions(
    rank=4, epochs=2, effective_batch=4, micro_batch_tokens=512, save_every_steps=3, learning_rate=5e-3
)


class StoppedError(Exception):
    """Stands for a kill, inside the process."""


class Watching(SilentProgress):
    """Keeps what is said and raises `StoppedError` when the training bar has moved `stop_after` times."""

    def __init__(self, *, stop_after: int | None = None) -> None:
        self.lines: list[str] = []
        self.notes: list[str] = []
        self.starts: list[tuple[int | None, int]] = []
        self.stop_after = stop_after

    def say(self, line: str) -> None:
        self.lines.append(line)

    @contextmanager
    def task(self, title: str, *, total: int | None, unit: str, done: int = 0) -> Iterator[Task]:
        if title != "Training":
            with super().task(title, total=total, unit=unit, done=done) as task:
                yield task
            return
        self.starts.append((total, done))
        watching = self

        class Counting:
            def advance(self, amount: int = 1, *, note: str = "") -> None:
                watching.notes.append(note)
                if len(watching.notes) == watching.stop_after:
                    raise StoppedError

        yield Counting()


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chain")
    write_records(folder / "train.jsonl", [make_example(index) for index in range(16)])
    return folder


@pytest.fixture(scope="module")
def undisturbed(tiny_base: Path, chain: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, StageCount]:
    out = tmp_path_factory.mktemp("undisturbed")
    return out, train(tiny_base, chain, out)


def make_example(index: int) -> Example:
    sections = Chain(
        instruction_en=f"Name {index} things.",
        response_en="One. " * (1 + index % 5),
        response="Unha. " * (1 + index % 7),
    )
    return Example(
        id=f"row-{index}",
        language="gl",
        category="",
        template="taco",
        system="Translate.",
        prompt=f"Nomea {index} cousas.",
        completion=f"{sections.instruction_en}\n\n{sections.response_en}\n\n{sections.response}",
        chain=sections,
    )


def train(
    base: Path,
    chain: Path,
    out: Path,
    *,
    options: TrainOptions = OPTIONS,
    progress: Watching | None = None,
    seed: int = 3,
) -> StageCount:
    return run_train(
        options,
        model=ModelOptions(base=str(base), threads=1),
        chain=chain,
        out=out,
        cache=out / "cache",
        seed=seed,
        progress=progress or Watching(),
    )


def read_curve(out: Path) -> list[tuple[int, float, float, float]]:
    return [(line.step, line.loss, line.learning_rate, line.grad_norm) for line in read_log(out / "log.jsonl")]


def read_adapter(out: Path) -> dict[str, str]:
    return {path.name: digest_file(path) for path in (out / "adapter").iterdir()}


def test_the_stage_counts_and_logs_its_steps(undisturbed: tuple[Path, StageCount], tiny_base: Path) -> None:
    out, count = undisturbed
    assert count.is_balanced()
    assert (count.rows_in, count.rows_kept) == (16, 16)
    lines = read_log(out / "log.jsonl")
    assert [line.step for line in lines] == list(range(1, 9)) == list(range(1, int(count.counters["steps"]) + 1))
    assert lines[-1].epoch == 2.0
    assert lines[-1].loss < lines[0].loss
    assert max(line.learning_rate for line in lines) <= OPTIONS.learning_rate
    assert sum(line.supervised_tokens for line in lines) == count.counters["supervised_tokens"]
    assert sum(line.tokens for line in lines) == count.counters["tokens"]
    assert {"final_loss", "tokens_per_s", "seconds", "base_digest", "peak_rss_mb", "threads"} <= count.counters.keys()
    assert list(read_records(out / "dropped.jsonl", Drop)) == []


def test_the_adapter_loads_with_plain_peft_and_changes_the_model(
    undisturbed: tuple[Path, StageCount], tiny_base: Path
) -> None:
    import torch
    from peft import PeftModel

    from taco.model.base import Base
    from taco.model.libraries import quiet_libraries
    from taco.model.load import load_model

    out, count = undisturbed
    base = Base(name="", path=tiny_base, digest="", licence="")
    ids = torch.tensor([[5, 6, 7]])
    with quiet_libraries(), torch.no_grad():
        before = load_model(base)(ids).logits
        after = PeftModel.from_pretrained(load_model(base), str(out / "adapter"))(ids).logits
    assert not torch.allclose(before, after, atol=1e-3)
    config = json.loads((out / "adapter" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == str(tiny_base)
    assert config["target_modules"] == sorted(OPTIONS.targets)
    card = (out / "adapter" / "README.md").read_text()
    assert str(count.counters["base_digest"]) in card
    assert str(tiny_base) in card


def test_the_card_names_the_rows(undisturbed: tuple[Path, StageCount], chain: Path) -> None:
    assert digest_file(chain / "train.jsonl") in (undisturbed[0] / "adapter" / "README.md").read_text()


def test_no_pickle_of_arguments_is_kept_and_few_checkpoints(undisturbed: tuple[Path, StageCount]) -> None:
    out, _ = undisturbed
    assert [read_step(path) for path in list_checkpoints(out / "checkpoints")] == [6, 8]
    assert not list(out.rglob("training_args.bin"))


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(
    undisturbed: tuple[Path, StageCount], tiny_base: Path, chain: Path, tmp_path: Path
) -> None:
    out, _ = undisturbed
    train(tiny_base, chain, tmp_path / "same")
    assert read_adapter(tmp_path / "same") == read_adapter(out)
    assert read_curve(tmp_path / "same") == read_curve(out)
    train(tiny_base, chain, tmp_path / "other", seed=4)
    assert read_adapter(tmp_path / "other") != read_adapter(out)


@pytest.mark.parametrize("stop_after", [1, 3, 5, 8])
def test_a_stopped_training_goes_on_as_if_nothing_had_happened(
    undisturbed: tuple[Path, StageCount], tiny_base: Path, chain: Path, tmp_path: Path, stop_after: int
) -> None:
    out, count = undisturbed
    with pytest.raises(StoppedError):
        train(tiny_base, chain, tmp_path, progress=Watching(stop_after=stop_after))
    progress = Watching()
    resumed = train(tiny_base, chain, tmp_path, progress=progress)
    # The bar moves before the checkpoint of a step is saved, so a stop at step 3 has none yet.
    assert progress.starts == [(8, (stop_after - 1) // 3 * 3)]
    assert read_curve(tmp_path) == read_curve(out)
    assert read_adapter(tmp_path) == read_adapter(out)
    assert resumed.counters["tokens"] == count.counters["tokens"]


def test_a_finished_training_is_not_trained_again(
    undisturbed: tuple[Path, StageCount], tiny_base: Path, chain: Path, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(undisturbed[0], tmp_path / "out"))
    shutil.rmtree(out / "adapter")
    progress = Watching()
    train(tiny_base, chain, out, progress=progress)
    assert progress.notes == []
    assert read_adapter(out) == read_adapter(undisturbed[0])
    assert read_curve(out) == read_curve(undisturbed[0])


def test_a_damaged_checkpoint_is_passed_over(
    undisturbed: tuple[Path, StageCount], tiny_base: Path, chain: Path, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(undisturbed[0], tmp_path / "out"))
    (out / "checkpoints" / "checkpoint-8" / "optimizer.pt").write_bytes(b"nothing")
    progress = Watching()
    train(tiny_base, chain, out, progress=progress)
    assert progress.starts == [(8, 6)]
    assert "optimizer.pt is damaged" in progress.lines[0]
    assert read_curve(out) == read_curve(undisturbed[0])
    assert read_adapter(out) == read_adapter(undisturbed[0])


def test_without_any_whole_checkpoint_training_starts_anew(
    undisturbed: tuple[Path, StageCount], tiny_base: Path, chain: Path, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(undisturbed[0], tmp_path / "out"))
    for checkpoint in list_checkpoints(out / "checkpoints"):
        (checkpoint / "taco-checkpoint.json").unlink()
    progress = Watching()
    train(tiny_base, chain, out, progress=progress)
    assert progress.starts == [(8, 0)]
    assert "starts at step 0" in progress.lines[-1]
    assert read_curve(out) == read_curve(undisturbed[0])


def test_checkpoints_of_other_settings_are_not_used(
    undisturbed: tuple[Path, StageCount], tiny_base: Path, chain: Path, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(undisturbed[0], tmp_path / "out"))
    progress = Watching()
    train(tiny_base, chain, out, options=OPTIONS.model_copy(update={"dropout": 0.2}), progress=progress)
    assert progress.starts == [(8, 0)]
    assert "other rows or settings" in progress.lines[0]


def test_code_in_a_checkpoint_is_not_run(
    undisturbed: tuple[Path, StageCount], tiny_base: Path, chain: Path, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(undisturbed[0], tmp_path / "out"))
    newest = out / "checkpoints" / "checkpoint-8"
    plan = json.loads((newest / "taco-checkpoint.json").read_text())["plan"]
    trace = tmp_path / "trace"

    class Harmful:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (trace,))

    (newest / "optimizer.pt").write_bytes(pickle.dumps(Harmful()))
    seal_checkpoint(newest, plan=plan)
    with pytest.raises(pickle.UnpicklingError):
        train(tiny_base, chain, out)
    assert not trace.exists()


def test_long_rows_are_dropped_with_a_reason(tiny_base: Path, chain: Path, tmp_path: Path) -> None:
    lengths = OPTIONS.model_copy(update={"max_row_tokens": 75, "epochs": 1.0})
    count = train(tiny_base, chain, tmp_path, options=lengths)
    drops = list(read_records(tmp_path / "dropped.jsonl", Drop))
    assert 0 < len(drops) < 16
    assert count.dropped == {"too-long": len(drops)}
    assert count.is_balanced()


def test_a_stage_without_rows_is_refused(tiny_base: Path, chain: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="None of the 16 rows"):
        train(tiny_base, chain, tmp_path, options=OPTIONS.model_copy(update={"max_row_tokens": 16}))


def test_unknown_targets_are_refused(tiny_base: Path, chain: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no linear layer named c_attn") as caught:
        train(tiny_base, chain, tmp_path, options=OPTIONS.model_copy(update={"targets": ("q_proj", "c_attn")}))
    assert "down_proj" in caught.value.hint


def test_a_loss_that_is_no_number_names_the_rows(tiny_base: Path, chain: Path, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    broken = Path(shutil.copytree(tiny_base, tmp_path / "broken"))
    weights = load_file(broken / "model.safetensors")
    weights["model.norm.weight"][0] = torch.inf
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"diverged at step 1: .*row-\d+, row-\d+") as caught:
        train(broken, chain, tmp_path / "out")
    assert "train.learning_rate" in caught.value.hint
    assert not (tmp_path / "out" / "adapter").exists()


@pytest.mark.slow
def test_a_killed_process_leaves_a_training_that_goes_on(
    undisturbed: tuple[Path, StageCount], tiny_base: Path, chain: Path, tmp_path: Path
) -> None:
    out, _ = undisturbed
    script = (
        "import sys; from pathlib import Path; from taco.train.run import run_train; from taco.progress import *;"
        "from taco.train.options import TrainOptions; from taco.model.options import ModelOptions;"
        "base, chain, out, options = sys.argv[1:]; out = Path(out);"
        "run_train(TrainOptions.model_validate_json(options), model=ModelOptions(base=base, threads=1), chain=Path(chain),"
        "out=out, cache=out / 'cache', seed=3, progress=SilentProgress())"
    )
    command = [sys.executable, "-c", script, str(tiny_base), str(chain), str(tmp_path), OPTIONS.model_dump_json()]
    with subprocess.Popen(command) as process:
        while process.poll() is None and not (tmp_path / "checkpoints" / "checkpoint-3").exists():
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, "it ended before it could be killed"
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "5"})
    assert read_curve(tmp_path) == read_curve(out)
    assert read_adapter(tmp_path) == read_adapter(out)
