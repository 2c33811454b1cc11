"""Names of base models lead to a folder with a digest, or to an error that says what to do."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import pytest

from taco.errors import ModelError
from taco.model import weights
from taco.model.base import Base, resolve_base
from taco.model.load import load_model, load_tokenizer
from taco.model.options import ModelOptions
from taco.progress import SilentProgress


def resolve(base: Path | str, cache: Path) -> Base:
    return resolve_base(ModelOptions(base=str(base)), cache=cache, progress=SilentProgress())


@pytest.fixture
def copied_base(tiny_base: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_base, tmp_path / "model"))


def test_a_folder_is_found_and_loads(tiny_base: Path, tmp_path: Path) -> None:
    base = resolve(tiny_base, tmp_path)
    assert (base.path, base.name, len(base.digest)) == (tiny_base, str(tiny_base), 64)
    model = load_model(base, dtype="auto")
    assert str(model.dtype) == "torch.float32"
    assert not model.training
    assert model.get_input_embeddings().num_embeddings == len(load_tokenizer(base))


def test_digest_follows_the_content(copied_base: Path, tmp_path: Path) -> None:
    before = resolve(copied_base, tmp_path).digest
    assert resolve(copied_base, tmp_path).digest == before
    path = copied_base / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert resolve(copied_base, tmp_path).digest != before


def test_unchanged_weights_are_read_once(copied_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = resolve(copied_base, tmp_path).digest
    monkeypatch.setattr(weights, "digest_file", lambda path: pytest.fail(f"{path} was read again"))
    assert resolve(copied_base, tmp_path).digest == before


def test_a_damaged_memo_is_made_again(copied_base: Path, tmp_path: Path) -> None:
    before = resolve(copied_base, tmp_path).digest
    (tmp_path / "models" / "digests.json").write_text('{"a": 1')
    assert resolve(copied_base, tmp_path).digest == before


def test_licence_is_read_from_the_card(copied_base: Path, tmp_path: Path) -> None:
    assert resolve(copied_base, tmp_path).licence == ""
    (copied_base / "README.md").write_text("---\nlanguage: en\nlicense: apache-2.0\n---\nlicense: none\n")
    assert resolve(copied_base, tmp_path).licence == "apache-2.0"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("smollm2-135m-instruc", "did you mean 'smollm2-135m-instruct'"),
        ("my-model", "no base model 'my-model'"),
        ("./nowhere", "there is nothing"),
        ("/nowhere/at/all", "there is nothing"),
    ],
)
def test_unknown_names_are_explained(name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=said):
        resolve(name, tmp_path)


def test_a_file_or_an_empty_folder_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="there is a file"):
        resolve(tmp_path / "file", tmp_path)
    with pytest.raises(ModelError, match=r"no config\.json"):
        resolve(tmp_path / "empty", tmp_path)


@pytest.mark.parametrize(
    ("name", "said"),
    [("pytorch_model.bin", "a pickle"), ("model.gguf", "cannot be tuned"), ("x.txt", "no .*safetensors")],
)
def test_weights_of_another_form_are_refused(copied_base: Path, tmp_path: Path, name: str, said: str) -> None:
    (copied_base / "model.safetensors").rename(copied_base / name)
    with pytest.raises(ModelError, match=said):
        resolve(copied_base, tmp_path)


def test_a_missing_shard_is_named(copied_base: Path, tmp_path: Path) -> None:
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (copied_base / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelError, match=r"lacks model-00002-of-00002\.safetensors"):
        resolve(copied_base, tmp_path)


def test_damaged_weights_and_tokenizer_are_explained(copied_base: Path, tmp_path: Path) -> None:
    base = resolve(copied_base, tmp_path)
    (copied_base / "model.safetensors").write_bytes(b"\x10" * 100)
    with pytest.raises(ModelError, match="weights of the base model"):
        load_model(base)
    (copied_base / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match="tokenizer of the base model"):
        load_tokenizer(base)


def test_missing_libraries_are_named(tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = resolve(tiny_base, tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "peft" else object())
    with pytest.raises(ModelError, match="needs peft") as caught:
        load_model(base)
    assert "taco-llm[train]" in caught.value.hint
