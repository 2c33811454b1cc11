"""A checkpoint is used when it is whole and of this training; the next older one otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from said import Said
from taco.train.checkpoints import SEAL, find_checkpoint, list_checkpoints, remove_old_checkpoints, seal_checkpoint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for step in (5, 10, 100):
        checkpoint = tmp_path / f"checkpoint-{step}"
        checkpoint.mkdir()
        (checkpoint / "adapter_model.safetensors").write_text(f"weights {step}")
        (checkpoint / "optimizer.pt").write_text("moments")
        seal_checkpoint(checkpoint, plan="this")
    return tmp_path


def test_the_newest_is_found_by_number(folder: Path) -> None:
    progress = Said()
    assert find_checkpoint(folder, plan="this", progress=progress) == folder / "checkpoint-100"
    assert progress.lines == []


DAMAGES: dict[str, Callable[[Path], object]] = {
    "was not finished": lambda checkpoint: (checkpoint / SEAL).unlink(),
    "optimizer.pt is damaged": lambda checkpoint: (checkpoint / "optimizer.pt").unlink(),
    "adapter_model.safetensors is damaged": lambda checkpoint: (checkpoint / "adapter_model.safetensors").write_text(
        "x"
    ),
    "seal is damaged": lambda checkpoint: (checkpoint / SEAL).write_text('{"plan": "this"'),
    "other rows or settings": lambda checkpoint: seal_checkpoint(checkpoint, plan="other"),
}


@pytest.mark.parametrize("said", list(DAMAGES))
def test_a_bad_one_is_passed_over_and_said(folder: Path, said: str) -> None:
    DAMAGES[said](folder / "checkpoint-100")
    progress = Said()
    assert find_checkpoint(folder, plan="this", progress=progress) == folder / "checkpoint-10"
    assert len(progress.lines) == 1
    assert said in progress.lines[0]
    assert "checkpoint-100" in progress.lines[0]
    assert not (folder / "checkpoint-100").exists()


def test_when_none_is_left_training_starts_anew(folder: Path) -> None:
    progress = Said()
    assert find_checkpoint(folder, plan="another", progress=progress) is None
    assert progress.lines[-1] == "No checkpoint can be used; training starts at step 0."
    assert len(progress.lines) == 4


def test_a_first_run_says_nothing(tmp_path: Path) -> None:
    progress = Said()
    assert find_checkpoint(tmp_path / "checkpoints", plan="this", progress=progress) is None
    assert progress.lines == []


def test_old_ones_are_removed_by_number(folder: Path) -> None:
    (folder / "notes").mkdir()
    remove_old_checkpoints(folder, keep=2)
    assert [path.name for path in list_checkpoints(folder)] == ["checkpoint-10", "checkpoint-100"]
    assert (folder / "notes").is_dir()
