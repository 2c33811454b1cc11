"""Trackers are told what the log holds, and nothing is told where none is asked for."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from train_rows import make_options, read_steps, train, write_run

from taco.errors import ModelError
from taco.train.log import read_evaluations
from taco.train.trackers import MODULES, check_trackers


def test_a_tracker_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match="wandb") as caught:
        check_trackers(make_options(trackers=["wandb"]))
    assert "pip install wandb" in caught.value.hint
    check_trackers(make_options())


def test_a_tracker_is_told_every_loss(tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import TrainerCallback
    from transformers.integrations import integration_utils

    told: list[tuple[int, dict[str, Any]]] = []

    class Recording(TrainerCallback):
        """Stands where transformers' callback for TensorBoard would."""

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            told.append((state.global_step, dict(logs)))

    monkeypatch.setitem(integration_utils.INTEGRATION_TO_CALLBACK, "tensorboard", Recording)
    monkeypatch.setitem(MODULES, "tensorboard", ("json",))
    chain = write_run(tmp_path / "run", rows=8)
    settings = {"epochs": 1, "evaluate_every_steps": 2}
    train(tiny_base, chain, tmp_path / "told", make_options(trackers=["tensorboard"], **settings))
    steps = read_steps(tmp_path / "told")
    losses = [(step, logs) for step, logs in told if "loss" in logs]
    assert [(step, logs["loss"]) for step, logs in losses] == [(step.step, step.loss) for step in steps]
    assert all(logs["loss_response"] == line.parts["response"] for (_, logs), line in zip(losses, steps, strict=True))
    looks = read_evaluations(tmp_path / "told" / "evaluations.jsonl")
    assert [logs["heldout_loss"] for _, logs in told if "heldout_loss" in logs] == [look.loss for look in looks]
    assert [logs["english_loss"] for _, logs in told if "english_loss" in logs] == [look.english for look in looks]
    told.clear()
    train(tiny_base, chain, tmp_path / "untold", make_options(**settings))
    assert told == []
    assert read_steps(tmp_path / "untold")[0].loss == steps[0].loss


def test_tensorboard_writes_into_the_run(tiny_base: Path, tmp_path: Path) -> None:
    if not any(map(importlib.util.find_spec, MODULES["tensorboard"])):
        pytest.skip("needs tensorboard or tensorboardX")
    chain = write_run(tmp_path / "run", rows=4)
    train(tiny_base, chain, tmp_path / "out", make_options(trackers=["tensorboard"], epochs=1))
    assert list((tmp_path / "out").rglob("events.out.tfevents*"))
