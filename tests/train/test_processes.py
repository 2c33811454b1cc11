"""Several processes: how they share a step's work, and that they learn what one process learns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from train_rows import make_options, read_curve, read_steps, train, write_run

from taco.errors import ModelError, RecipeError
from taco.train.checkpoints import SEAL, list_checkpoints, read_step
from taco.train.log import Evaluation, StepLog, read_evaluations
from taco.train.processes import MemoryLog, list_portions

FSDP = {
    "ACCELERATE_USE_FSDP": "true",
    "FSDP_VERSION": "2",
    "FSDP_AUTO_WRAP_POLICY": "TRANSFORMER_BASED_WRAP",
    "FSDP_TRANSFORMER_CLS_TO_WRAP": "LlamaDecoderLayer",
    "FSDP_RESHARD_AFTER_FORWARD": "true",
    "FSDP_STATE_DICT_TYPE": "SHARDED_STATE_DICT",
}
"""What `accelerate launch` sets for FSDP."""


@given(processes=st.integers(1, 6), micro_batches=st.integers(1, 20))
def test_every_micro_batch_counts_once_and_all_wait_for_each_other(processes: int, micro_batches: int) -> None:
    portions = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORLD_SIZE", str(processes))
        for rank in range(processes):
            patch.setenv("RANK", str(rank))
            portions.append(list(list_portions(micro_batches)))
    counted = sorted(number for portion in portions for number, counts in portion if counts)
    assert counted == list(range(micro_batches))
    assert len({len(portion) for portion in portions}) == 1


def test_early_stopping_needs_one_process(tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    options = make_options(evaluate_every_steps=1, patience=1)
    with pytest.raises(ModelError, match="needs one process"):
        train(tiny_base, write_run(tmp_path), tmp_path / "out", options)


def test_a_log_in_memory_keeps_and_writes_nothing() -> None:
    log: MemoryLog[Evaluation] = MemoryLog()
    log.append([Evaluation(step=1, rows=1, loss=2.0)])
    assert [look.step for look in log.records] == [1]


SCRIPT = """
import os, sys
from pathlib import Path
sys.path.insert(0, {helpers!r})
import accelerate.state
from accelerate.utils import DistributedType

# accelerate offers FSDP on accelerators alone, though gloo can do it; here the CPU is taken for one.
if os.environ.get("ACCELERATE_USE_FSDP") == "true":
    begin = accelerate.state.AcceleratorState.__init__

    def begin_sharded(self, *args, fsdp_plugin=None, **kwargs):
        begin(self, *args, fsdp_plugin=fsdp_plugin, **kwargs)
        if fsdp_plugin is not None:
            self.distributed_type, self.fsdp_plugin = DistributedType.FSDP, fsdp_plugin
            accelerate.state.PartialState._shared_state["distributed_type"] = DistributedType.FSDP

    accelerate.state.AcceleratorState.__init__ = begin_sharded
from train_rows import train
from taco.train.options import TrainOptions
base, chain, out, options = sys.argv[1:]
train(Path(base), Path(chain), Path(out), TrainOptions.model_validate_json(options))
"""


def launch(tmp_path: Path, base: Path, chain: Path, out: Path, options: str, **env: str) -> None:
    """Train in two processes on this machine, with torchrun."""
    script = tmp_path / "launched.py"
    script.write_text(SCRIPT.format(helpers=str(Path(__file__).parent)))
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone", str(script)]
    # Gloo's own search for a network interface fails on machines without a network.
    env = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo", "PYTHONWARNINGS": "ignore", **env}
    subprocess.run([*command, str(base), str(chain), str(out), options], check=True, env=env, timeout=110)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["copies", "sharded", "sharded-full"])
def test_two_processes_learn_what_one_does(tiny_base: Path, tmp_path: Path, form: str) -> None:
    """One process, two with a copy each (DDP), two with a part each (FSDP): the same losses and the same adapter."""
    from safetensors.torch import load_file

    chain = write_run(tmp_path / "run", rows=12)
    options = make_options(
        epochs=2, micro_batch_tokens=100, evaluate_every_steps=3, method="full" if form == "sharded-full" else "lora"
    )
    env = {} if form == "copies" else FSDP
    train(tiny_base, chain, tmp_path / "one", options)
    launch(tmp_path, tiny_base, chain, tmp_path / "two", options.model_dump_json(), **env)
    one, two = read_steps(tmp_path / "one"), read_steps(tmp_path / "two")
    assert len(one) == len(two) == 6
    for ours, theirs in zip(one, two, strict=True):
        check_equal(ours, theirs)
    looks = [read_evaluations(tmp_path / name / "evaluations.jsonl") for name in ("one", "two")]
    assert [look.loss for look in looks[0]] == pytest.approx([look.loss for look in looks[1]], rel=1e-4)
    name = "model.safetensors" if form == "sharded-full" else "adapter_model.safetensors"
    mine, found = (load_file(tmp_path / place / "adapter" / name) for place in ("one", "two"))
    assert found.keys() >= mine.keys()
    for key, weight in mine.items():
        assert found[key].shape == weight.shape
        assert float((found[key] - weight).abs().max()) < 1e-3, key
    checkpoints = list_checkpoints(tmp_path / "two" / "checkpoints")
    assert [read_step(folder) for folder in checkpoints] == [3, 6]
    assert any(checkpoints[-1].glob("pytorch_model_fsdp*")) == (form != "copies")


@pytest.mark.slow
@pytest.mark.parametrize("form", ["copies", "sharded"])
def test_two_processes_go_on_from_a_checkpoint(tiny_base: Path, tmp_path: Path, form: str) -> None:
    chain = write_run(tmp_path / "run", rows=12)
    options, env = make_options(epochs=2, micro_batch_tokens=100), {} if form == "copies" else FSDP
    out = tmp_path / "two"
    launch(tmp_path, tiny_base, chain, out, options.model_dump_json(), **env)
    before = read_curve(out)
    (out / "checkpoints" / "checkpoint-6" / SEAL).unlink()
    launch(tmp_path, tiny_base, chain, out, options.model_dump_json(), **env)
    assert [step.step for step in read_steps(out)] == list(range(1, 7))
    for ours, theirs in zip(before, read_curve(out), strict=True):
        assert theirs == pytest.approx(ours, rel=1e-5)


def check_equal(ours: StepLog, theirs: StepLog) -> None:
    assert (ours.step, ours.learning_rate, ours.supervised_tokens) == (
        theirs.step, theirs.learning_rate, theirs.supervised_tokens,
    )  # fmt: skip
    assert theirs.loss == pytest.approx(ours.loss, rel=1e-4)
    assert theirs.grad_norm == pytest.approx(ours.grad_norm, rel=1e-3)
    assert theirs.parts == pytest.approx(ours.parts, rel=1e-3)


RECIPE = """
name = "shared"
language = "gl"
[source]
path = {rows}
heldout = 2
[translate]
engine = "echo"
[gate]
drop = "none"
[model]
base = {base}
threads = 1
[train]
rank = 4
epochs = 1
effective_batch = 4
micro_batch_tokens = 100
[evaluate]
bootstrap_samples = 100
[generate]
max_new_tokens = 4
"""


@pytest.mark.slow
def test_the_command_trains_in_two_processes_and_the_run_goes_on(tiny_base: Path, tmp_path: Path) -> None:
    rows = [{"instruction": f"Name {index} things.", "input": "", "output": f"Thing {index}."} for index in range(12)]
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPE.format(rows=json.dumps(str(tmp_path / "rows.json")), base=json.dumps(str(tiny_base))))
    env = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo", "TACO_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "taco.cli.app"]
    launched = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone", *command[1:]]

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            arguments, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=110, check=False
        )

    refused = call(*command, "train", str(recipe))
    assert refused.returncode == RecipeError.exit_code
    assert "source, translate, gate, chain" in refused.stderr
    assert call(*command, "run", str(recipe), "--until", "chain", "--quiet").returncode == 0
    trained = call(*launched, "train", str(recipe), "--quiet")
    assert trained.returncode == 0, trained.stderr
    assert trained.stdout.splitlines() == ["runs/shared/train/adapter"]
    assert len(read_steps(tmp_path / "runs" / "shared" / "train")) == 3
    finished = call(*command, "run", str(recipe))
    assert finished.returncode == 0, finished.stderr
    assert "train: up to date" in finished.stderr
