"""The wheel's GGUF file becomes a model folder once, whatever interrupts it."""

from __future__ import annotations

import hashlib
import json
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest

from taco.errors import ModelError
from taco.model import embedded
from taco.model.base import Base, resolve_base
from taco.model.embedded import MEMBER, WHEEL, prepare_embedded
from taco.model.load import load_model, load_tokenizer
from taco.model.options import ModelOptions
from taco.model.prompt import encode_prompt, end_token_id
from taco.model.wheel import Wheel
from taco.progress import SilentProgress
from taco.store.cache import cache_folder

GGUF_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


@pytest.fixture(scope="module")
def small_wheel(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a wheel with the tiny model in the place of the real one."""
    folder = tmp_path_factory.mktemp("wheel")
    _write_gguf(tiny_base, folder / "model.gguf")
    with zipfile.ZipFile(folder / WHEEL.file_name, "w") as wheel:
        wheel.write(folder / "model.gguf", MEMBER)
    return folder / WHEEL.file_name


@pytest.fixture
def cache(small_wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a cache folder in which that wheel lies, put there by hand."""
    content = small_wheel.read_bytes()
    wheel = Wheel(
        requirement=WHEEL.requirement,
        file_name=WHEEL.file_name,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
    )
    monkeypatch.setattr(embedded, "WHEEL", wheel)
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / WHEEL.file_name).write_bytes(content)
    return tmp_path


@pytest.fixture
def conversions(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the list in which every conversion that takes place is noted."""
    made: list[Path] = []
    convert = embedded._convert

    def noted(wheel: Path, ready: Path, progress: Any) -> None:
        made.append(ready)
        convert(wheel, ready, progress)

    monkeypatch.setattr(embedded, "_convert", noted)
    return made


def test_the_model_is_converted_once_and_loads(cache: Path, conversions: list[Path], tiny_base: Path) -> None:
    import torch

    base = resolve_base(ModelOptions(), cache=cache, progress=SilentProgress())
    assert (base.name, base.licence, len(base.digest)) == ("smollm2-135m-instruct", "Apache-2.0", 64)
    assert resolve_base(ModelOptions(), cache=cache, progress=SilentProgress()) == base
    assert len(conversions) == 1
    original = load_model(Base(name="", path=tiny_base, digest="", licence=""))
    ids = torch.tensor([[5, 80, 90, 100]])
    with torch.no_grad():
        assert torch.allclose(load_model(base)(ids).logits, original(ids).logits, atol=1e-4)


def test_digits_are_tokens_of_their_own(cache: Path) -> None:
    tokenizer = load_tokenizer(resolve_base(ModelOptions(), cache=cache, progress=SilentProgress()))
    pieces = tokenizer.backend_tokenizer.pre_tokenizer.pre_tokenize_str("a\n\n12. b")
    assert [piece for piece, _ in pieces] == ["a", "ĊĊ", "1", "2", ".", "Ġb"]


@pytest.mark.parametrize("damage", ["flip", "cut", "remove", "unseal"])
def test_a_damaged_conversion_is_made_again(cache: Path, conversions: list[Path], damage: str) -> None:
    folder = prepare_embedded(cache, SilentProgress())
    weights = folder / "model.safetensors"
    content = weights.read_bytes()
    if damage == "flip":
        weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "cut":
        weights.write_bytes(content[:-1])
    elif damage == "remove":
        weights.unlink()
    else:
        (folder / "taco-conversion.json").unlink()
    assert prepare_embedded(cache, SilentProgress()) == folder
    assert weights.read_bytes() == content
    assert len(conversions) == 2


def test_an_interrupted_conversion_leaves_nothing_that_looks_ready(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(work: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(embedded, "_save_tokenizer", interrupt)
        with pytest.raises(KeyboardInterrupt):
            prepare_embedded(cache, SilentProgress())
    killed = cache / "models" / "smollm2-135m-instruct" / "making-1"
    killed.mkdir()  # what a kill, which no code can tidy up after, leaves behind
    folder = prepare_embedded(cache, SilentProgress())
    assert list(folder.parent.iterdir()) == [folder]
    assert (folder / "tokenizer.json").is_file()


def test_two_at_once_convert_once(cache: Path, conversions: list[Path]) -> None:
    found: list[Path] = []
    workers = [
        threading.Thread(target=lambda: found.append(prepare_embedded(cache, SilentProgress()))) for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(found) == 2
    assert len(conversions) == 1


def test_a_wheel_without_the_model_is_refused(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "MEMBER", "elsewhere.gguf")
    with pytest.raises(ModelError, match=r"does not hold elsewhere\.gguf"):
        prepare_embedded(cache, SilentProgress())


@pytest.mark.embedded
def test_the_real_model_is_as_documented() -> None:
    if not (cache_folder() / "downloads" / WHEEL.file_name).is_file():
        pytest.skip("the embedded base model was not fetched on this machine")
    base = resolve_base(ModelOptions(), cache=cache_folder(), progress=SilentProgress())
    tokenizer = load_tokenizer(base)
    assert tokenizer.convert_ids_to_tokens(end_token_id(tokenizer)) == "<|im_end|>"
    # The card of HuggingFaceTB/SmolLM2-135M-Instruct: ChatML, and a system message of its own where none is given.
    assert tokenizer.decode(encode_prompt(tokenizer, system="", prompt="Hi")) == (
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    )
    assert tokenizer.decode(encode_prompt(tokenizer, system="Be brief.", prompt="Hi")).count("system") == 1
    assert tokenizer.tokenize("x\n\n12") == ["x", "ĊĊ", "1", "2"]


def _write_gguf(folder: Path, path: Path) -> None:
    """Write a model folder as llama.cpp's converter does, in 32-bit numbers."""
    from gguf import GGUFWriter
    from safetensors.torch import load_file

    config = json.loads((folder / "config.json").read_text())
    writer = GGUFWriter(path, "llama")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    writer.add_rope_dimension_count(config["hidden_size"] // config["num_attention_heads"])
    writer.add_vocab_size(config["vocab_size"])
    _write_tokenizer(folder, writer)
    for name, weight in load_file(folder / "model.safetensors").items():
        array = weight.numpy()
        if name.startswith("model.layers."):
            _, _, layer, rest = name.split(".", 3)
            part = rest.removesuffix(".weight")
            if part.endswith(("q_proj", "k_proj")):
                heads = config["num_attention_heads" if part.endswith("q_proj") else "num_key_value_heads"]
                # llama.cpp stores the two halves of each head's rotation interleaved
                array = array.reshape(heads, 2, -1, array.shape[1]).swapaxes(1, 2).reshape(array.shape)
            writer.add_tensor(f"blk.{layer}.{GGUF_NAMES[part]}.weight", array)
        else:
            writer.add_tensor({"model.embed_tokens.weight": "token_embd.weight"}.get(name, "output_norm.weight"), array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _write_tokenizer(folder: Path, writer: Any) -> None:
    bpe = json.loads((folder / "tokenizer.json").read_text())["model"]
    pieces = sorted(bpe["vocab"], key=bpe["vocab"].get)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(pieces)
    writer.add_token_types([3 if piece.startswith("<|") else 1 for piece in pieces])
    writer.add_token_merges([" ".join(merge) if isinstance(merge, list) else merge for merge in bpe["merges"]])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    writer.add_chat_template((folder / "chat_template.jinja").read_text())
