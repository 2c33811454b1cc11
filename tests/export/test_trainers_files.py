"""The rows and settings for other trainers: the same tokens as taco's own training."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from taco.errors import ModelError, PublishError
from taco.export.tuned_run import TunedRun
from taco.model.base import Base
from taco.model.convert.gguf import convert_adapter, find_extras
from taco.model.load import load_tokenizer
from taco.model.prompt import encode_completion, encode_prompt, end_token_id
from tuned_runs import build_tuned_run

Export = Callable[..., bool]


def read_yaml(path: Path) -> dict[str, object]:
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    return {name: json.loads(value) for name, value in (line.split(": ", 1) for line in lines)}


def test_axolotl_encodes_what_taco_trains_on(kept_run: Path, tiny_base: Path, export: Export, tmp_path: Path) -> None:
    export(kept_run, "axolotl", out=tmp_path / "out")
    tokenizer = load_tokenizer(Base(name="", path=tiny_base, digest="", licence=""))
    rows = [json.loads(line) for line in (tmp_path / "out" / "train.jsonl").read_text().splitlines()]
    examples = list(TunedRun.from_folder(kept_run).read_examples("train"))
    assert len(rows) == len(examples) == 8
    for row, example in zip(rows, examples, strict=True):
        prompt, answer = row["segments"]
        assert (prompt["label"], answer["label"]) == (False, True)
        ids = [tokenizer(part["text"], add_special_tokens=False)["input_ids"] for part in row["segments"]]
        assert ids[0] == encode_prompt(tokenizer, system=example.system, prompt=example.prompt)
        assert ids[1] == encode_completion(tokenizer, example.completion, end=end_token_id(tokenizer))
    settings = read_yaml(tmp_path / "out" / "axolotl.yaml")
    assert (settings["lora_r"], settings["lora_alpha"], settings["lora_target_modules"]) == (4, 8, ["q_proj", "v_proj"])
    assert settings["base_model"] == f"./{tiny_base.name}"  # of a local model its name, not its place


def test_llama_factory_gets_messages(kept_run: Path, export: Export, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(kept_run, "llama-factory", out=out)
    table = json.loads((out / "dataset_info.json").read_text())["taco_train"]
    rows = json.loads((out / table["file_name"]).read_text())
    examples = list(TunedRun.from_folder(kept_run).read_examples("train"))
    assert [[message["content"] for message in row["messages"]] for row in rows] == [
        [example.system, example.prompt, example.completion] for example in examples
    ]
    settings = read_yaml(out / "llama_factory.yaml")
    assert settings["dataset"] == "taco_train"
    assert "template" not in settings
    assert settings["lora_target"] == "q_proj,v_proj"
    assert settings["warmup_steps"] == 1  # a tenth of 6 steps: 8 rows, 6 in a step, 3 epochs


def test_rows_that_would_be_cut_are_left_out(kept_run: Path, tiny_base: Path, export: Export, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(Base(name="", path=tiny_base, digest="", licence=""))
    sizes = []
    for example in TunedRun.from_folder(kept_run).read_examples("train"):
        prompt = encode_prompt(tokenizer, system=example.system, prompt=example.prompt)
        sizes.append(len(prompt) + len(encode_completion(tokenizer, example.completion, end=0)))
    limit = sorted(sizes)[3]
    run = build_tuned_run(tmp_path / "run", tiny_base, max_row_tokens=limit)
    export(run, "axolotl", out=tmp_path / "axolotl")
    export(run, "llama-factory", out=tmp_path / "factory")
    fitting = sum(size <= limit for size in sizes)
    assert 0 < fitting < 8
    assert len((tmp_path / "axolotl" / "train.jsonl").read_text().splitlines()) == fitting
    assert len(json.loads((tmp_path / "factory" / "train.json").read_text())) == fitting


def test_methods_are_carried_over_or_refused(tiny_base: Path, export: Export, tmp_path: Path) -> None:
    run = build_tuned_run(tmp_path / "run", tiny_base, rslora=True, schedule="constant")
    export(run, "axolotl", out=tmp_path / "axolotl")
    export(run, "llama-factory", out=tmp_path / "factory")
    axolotl = read_yaml(tmp_path / "axolotl" / "axolotl.yaml")
    factory = read_yaml(tmp_path / "factory" / "llama_factory.yaml")
    assert (axolotl["peft_use_rslora"], factory["use_rslora"]) == (True, True)
    # transformers' own "constant" has no warm-up
    assert axolotl["lr_scheduler"] == factory["lr_scheduler_type"] == "constant_with_warmup"
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["recipe"]["train"]["stages"] = [{"name": "one"}]
    (run / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(PublishError, match="has stages"):
        export(run, "axolotl", out=tmp_path / "axolotl")


def test_adapters_that_gguf_cannot_hold_are_refused(run: Path) -> None:
    path = run / "train" / "adapter" / "adapter_config.json"
    assert find_extras(path.parent) == ""
    for name, value in (("use_rslora", True), ("use_dora", True), ("modules_to_save", ["embed_tokens"])):
        settings = json.loads(path.read_text())
        path.write_text(json.dumps({**settings, name: value}))
        with pytest.raises(ModelError, match=name):
            convert_adapter(path.parent, run / "x.gguf", base=run)
        path.write_text(json.dumps(settings))


@pytest.mark.parametrize(("form", "file"), [("axolotl", "axolotl.yaml"), ("llama-factory", "llama_factory.yaml")])
def test_the_seed_is_that_of_the_training(
    form: str, file: str, tiny_base: Path, export: Export, tmp_path: Path
) -> None:
    run = build_tuned_run(tmp_path / "run", tiny_base, seed=123)
    export(run, form, out=tmp_path / "out")
    assert read_yaml(tmp_path / "out" / file)["seed"] == 123
