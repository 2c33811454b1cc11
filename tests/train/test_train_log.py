"""The log of a resumed training has every step once."""

from __future__ import annotations

from pathlib import Path

from taco.train.log import StepLog, continue_log, read_log


def make_line(step: int, loss: float = 2.0) -> StepLog:
    return StepLog(
        step=step,
        epoch=step / 10,
        loss=loss,
        learning_rate=1e-3,
        grad_norm=0.5,
        supervised_tokens=10,
        tokens=20,
        tokens_per_s=5.0,
        seconds=4.0,
    )


def test_steps_after_the_checkpoint_are_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with continue_log(path, StepLog, after_step=0) as log:
        log.append([make_line(step) for step in (1, 2, 3)])
    with path.open("a") as torn:
        torn.write('{"step": 4, "lo')
    with continue_log(path, StepLog, after_step=2) as log:
        log.append([make_line(3, loss=1.0)])
    assert [(line.step, line.loss) for line in read_log(path)] == [(1, 2.0), (2, 2.0), (3, 1.0)]


def test_a_new_start_empties_the_log(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with continue_log(path, StepLog, after_step=0) as log:
        log.append([make_line(1)])
    continue_log(path, StepLog, after_step=0).close()
    assert read_log(path) == []
