"""A model is converted once; what was killed, half written or pickled never passes for a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny_translators import save_nllb

from taco.errors import EngineError
from taco.translate.neural import convert
from taco.translate.neural.folder import CONVERTED, find_model


def find(folder: Path, cache: Path, *, allows_pickles: bool = False) -> Any:
    return find_model(str(folder), revision=None, allows_pickles=allows_pickles, cache=cache)


@pytest.fixture
def tiny(one_thread: None, tmp_path: Path) -> Path:
    return save_nllb(tmp_path / "model")


def list_shelf(cache: Path) -> list[str]:
    return sorted(path.name for path in (cache / "translators").iterdir() if path.is_dir())


def test_a_model_is_converted_once_for_each_number_format(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model, cache = find(tiny, tmp_path), tmp_path
    made = convert.convert_model(model, quantization="int8", cache=cache)
    assert (made / CONVERTED).is_file()
    assert "Converting model to CTranslate2's form (int8), once." in capsys.readouterr().err
    assert convert.convert_model(model, quantization="float32", cache=cache) != made
    monkeypatch.setattr(convert, "_write", lambda *_: pytest.fail("converted again"))
    assert convert.convert_model(model, quantization="int8", cache=cache) == made
    assert capsys.readouterr().err.count("once") == 1


def test_a_killed_conversion_leaves_nothing_that_looks_like_a_model(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    model, write = find(tiny, tmp_path), convert._write

    def write_half(*args: Any) -> None:
        write(*args)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(convert, "_write", write_half)
        with pytest.raises(Killed):
            convert.convert_model(model, quantization="int8", cache=tmp_path)
    assert list_shelf(tmp_path) == []
    # What SIGKILL would leave: a folder under its working name, and one that was renamed by hand.
    name = f"{model.digest[:24]}-int8-form{convert.FORM}"
    for left_over in (f"{name}.making-1", name):
        (tmp_path / "translators" / left_over).mkdir()
        (tmp_path / "translators" / left_over / CONVERTED).write_bytes(b"half")
    made = convert.convert_model(model, quantization="int8", cache=tmp_path)
    assert list_shelf(tmp_path) == [name] == [made.name]
    assert (made / CONVERTED).stat().st_size > 1000


def test_m2m_languages_are_in_the_converted_vocabulary_at_their_own_ids(
    tiny_models: dict[str, Path], tmp_path: Path
) -> None:
    import json

    from transformers import AutoTokenizer

    made = convert.convert_model(find(tiny_models["m2m100"], tmp_path), quantization="int8", cache=tmp_path)
    vocabulary = json.loads((made / "shared_vocabulary.json").read_text())
    tokenizer = AutoTokenizer.from_pretrained(tiny_models["m2m100"])
    assert len(tokenizer.lang_token_to_id) == 100
    assert all(vocabulary[number] == token for token, number in tokenizer.lang_token_to_id.items())


def test_pickled_weights_are_refused_unless_asked_for_and_never_run_code(tiny: Path, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    weights = load_file(tiny / "model.safetensors")
    (tiny / "model.safetensors").unlink()
    torch.save(weights, tiny / "pytorch_model.bin")
    with pytest.raises(EngineError, match=r"pytorch_model.bin, a pickle") as caught:
        find(tiny, tmp_path)
    assert "weights-only" in caught.value.hint
    model = find(tiny, tmp_path, allows_pickles=True)
    assert (convert.convert_model(model, quantization="int8", cache=tmp_path) / CONVERTED).is_file()

    class Hostile:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "code-ran",)

    torch.save({"model.shared.weight": Hostile()}, tiny / "pytorch_model.bin")
    hostile = find(tiny, tmp_path, allows_pickles=True)
    assert hostile.digest != model.digest
    with pytest.raises(EngineError, match="cannot be converted"):
        convert.convert_model(hostile, quantization="int8", cache=tmp_path)
    assert not (tmp_path / "code-ran").exists()


def test_without_torch_it_is_said_what_to_install(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convert, "_NEEDED", ("torch", "no_such_library"))
    with pytest.raises(EngineError, match="no_such_library") as caught:
        convert.convert_model(find(tiny, tmp_path), quantization="int8", cache=tmp_path)
    assert "taco-llm[neural,train]" in caught.value.hint
