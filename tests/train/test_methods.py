"""Kinds of adapters and tuning: what is learnt, what is saved, and that others load it."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from train_rows import make_options, read_curve, read_steps, train, write_run

from taco.errors import ModelError
from taco.generate.adapter import load_tuned
from taco.model.base import Base
from taco.model.libraries import quiet_libraries
from taco.model.load import load_model
from taco.train.options import TrainOptions


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("run"), rows=8)


def read_base(folder: Path) -> Base:
    return Base(name="tiny", path=folder, digest="", licence="")


def predict(model: Any) -> Any:
    import torch

    with torch.no_grad():
        return model(torch.tensor([[5, 40, 77, 210, 9]])).logits


KINDS: dict[str, dict[str, object]] = {
    "rslora": {"rslora": True, "targets": ["gate_proj", "down_proj"]},
    "dora": {"dora": True},
    "seen": {"embeddings": "seen"},
    "all": {"embeddings": "all"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_plain_peft_loads_each_kind(tiny_base: Path, chain: Path, tmp_path: Path, kind: str) -> None:
    import torch
    from peft import PeftModel

    train(tiny_base, chain, tmp_path, make_options(epochs=2, **KINDS[kind]))
    losses = [step.loss for step in read_steps(tmp_path)]
    assert losses[-1] < losses[0]
    with quiet_libraries():
        model = load_model(read_base(tiny_base))
        before = predict(model)
        after = predict(PeftModel.from_pretrained(model, str(tmp_path / "adapter")))
        merged = predict(load_tuned(read_base(tiny_base), tmp_path / "adapter", dtype="fp32"))
    assert not torch.allclose(before, after, atol=1e-3)
    assert torch.allclose(after, merged, atol=1e-4)
    config = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())
    assert (config["use_rslora"], config["use_dora"]) == (kind == "rslora", kind == "dora")


def test_only_the_embeddings_of_seen_tokens_change(tiny_base: Path, chain: Path, tmp_path: Path) -> None:
    train(tiny_base, chain, tmp_path, make_options(epochs=1, embeddings="seen"))
    before = load_model(read_base(tiny_base)).get_input_embeddings().weight
    after = load_tuned(read_base(tiny_base), tmp_path / "adapter", dtype="fp32")
    changed = (after.get_input_embeddings().weight != before).any(dim=1).nonzero().flatten().tolist()
    config = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())
    (seen,) = config["trainable_token_indices"].values()
    assert set(changed) <= set(seen)
    assert len(changed) > 5
    assert len(seen) < before.shape[0]
    assert after.get_output_embeddings().weight is after.get_input_embeddings().weight  # tied, as the base is


def test_full_tuning_makes_a_model_that_loads_alone_and_goes_on_exactly(
    tiny_base: Path, chain: Path, tmp_path: Path
) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    options = make_options(method="full", epochs=2, learning_rate=1e-3)
    train(tiny_base, chain, tmp_path / "whole", options)
    adapter = tmp_path / "whole" / "adapter"
    with quiet_libraries():
        alone = AutoModelForCausalLM.from_pretrained(adapter)
        assert AutoTokenizer.from_pretrained(adapter).chat_template
    assert not torch.allclose(predict(alone), predict(load_model(read_base(tiny_base))), atol=1e-3)
    assert torch.allclose(predict(alone), predict(load_tuned(read_base(tiny_base), adapter, dtype="fp32")))
    assert "library_name: transformers" in (adapter / "README.md").read_text()
    curve = read_curve(tmp_path / "whole")
    for path in (tmp_path / "whole" / "checkpoints").glob("checkpoint-4/*"):
        path.unlink()
    train(tiny_base, chain, tmp_path / "whole", options)
    assert read_curve(tmp_path / "whole") == curve


def test_settings_of_later_versions_leave_the_key_alone() -> None:
    keyed = TrainOptions().select_deciding()
    assert keyed == TrainOptions(save_every_steps=7, recompute="always").select_deciding()
    assert set(keyed).isdisjoint({"method", "dora", "stages", "save_every_steps"})
    assert "dora" in TrainOptions(dora=True).select_deciding()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"method": "full", "dora": True}, "makes no adapter"),
        ({"method": "full", "embeddings": "seen"}, "learns all of them"),
        ({"patience": 2}, "evaluate_every_steps"),
        ({"stages": [{"name": "a"}, {"name": "a"}]}, "two have the name 'a'"),
        ({"stages": [{"name": "a", "weights": [1, 2]}]}, "one for each"),
        ({"stages": [{"name": "a", "epochs": 1, "steps": 2}]}, "not both"),
        ({"stages": [{"name": "a", "rows": ["chain", "chain"]}]}, "more than once"),
        ({"stages": [{"name": "a", "rows": ["english"], "replay": 0.1}]}, "English rows already"),
        ({"stages": [{"name": "a", "template": "tacos"}]}, "no chain"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        TrainOptions.model_validate(settings)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of bitsandbytes, on import
def test_quantised_weights_have_the_papers_form() -> None:
    pytest.importorskip("torch", reason="needs the extra [train]")
    import torch

    from taco.model import quantise

    if importlib.util.find_spec("bitsandbytes") is None:
        with pytest.raises(ModelError, match="needs bitsandbytes") as caught:
            quantise.build_quantisation(torch.bfloat16)
        assert "taco-llm[qlora]" in caught.value.hint
        return
    settings = quantise.build_quantisation(torch.bfloat16)
    assert (settings.bnb_4bit_quant_type, settings.bnb_4bit_use_double_quant) == ("nf4", True)
    assert settings.bnb_4bit_compute_dtype == torch.bfloat16


def test_the_form_of_quantised_weights_is_what_transformers_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch", reason="needs the extra [train]")
    from taco.model import quantise

    monkeypatch.setattr(quantise, "require_quantiser", lambda: None)
    settings = quantise.build_quantisation(torch.bfloat16).to_dict()
    assert settings["load_in_4bit"]
    assert (settings["bnb_4bit_quant_type"], settings["bnb_4bit_compute_dtype"]) == ("nf4", "bfloat16")


def test_quantised_training_without_the_library_says_what_to_install(
    tiny_base: Path, chain: Path, tmp_path: Path
) -> None:
    if importlib.util.find_spec("bitsandbytes") is not None:
        pytest.skip("bitsandbytes is installed")
    with pytest.raises(ModelError, match="needs bitsandbytes") as caught:
        train(tiny_base, chain, tmp_path, make_options(method="qlora"))
    assert "train.method" in caught.value.hint


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_quantised_training_learns(tiny_base: Path, chain: Path, tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes", reason="needs the extra [qlora]")
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    base = Path(shutil.copytree(tiny_base, tmp_path / "base"))
    config = LlamaConfig.from_pretrained(tiny_base)
    config.update({"hidden_size": 128, "intermediate_size": 128, "head_dim": 32})  # a row of weights is 64 or more
    torch.manual_seed(0)
    LlamaForCausalLM(config).save_pretrained(base)
    train(base, chain, tmp_path / "out", make_options(method="qlora", epochs=4))
    losses = [step.loss for step in read_steps(tmp_path / "out")]
    assert losses[-1] < losses[0]
    assert (tmp_path / "out" / "adapter" / "adapter_model.safetensors").is_file()
