"""From a model folder to one of CTranslate2, for decoding on CPUs in 8-bit integers."""

from __future__ import annotations

import importlib
import os
import shutil
from pathlib import Path
from typing import Any

from taco.errors import ModelError
from taco.model.convert.weights import Ct2Weights
from taco.model.libraries import quiet_libraries, require_libraries
from taco.store.files import disk_faults

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "generation_config.json",
    "vocab.json",
    "merges.txt",
)
"""What is copied beside the weights, so that the folder needs no other."""


def convert_model(folder: Path, out: Path, *, weights: Ct2Weights) -> None:
    """Write a model in CTranslate2's form, its tokenizer beside it.

    Args:
        folder: The model in the form of transformers, with safetensors weights.
        out: The folder to write; must not exist.
        weights: Number format.

    Raises:
        ModelError: The extra [ctranslate2] is not installed, or CTranslate2 does not know the model.
        StoreError: The folder cannot be written.
    """
    require_libraries()
    converters = import_ctranslate2("ctranslate2.converters")
    try:
        with quiet_libraries(), disk_faults(out):
            converters.TransformersConverter(str(folder)).convert(str(out), quantization=weights)
    except (ValueError, KeyError, TypeError, RuntimeError, AttributeError) as error:
        first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelError(
            f"{folder} cannot be converted for CTranslate2: {first_line}",
            hint="CTranslate2 must know this kind of model; see its page on transformers. GGUF is the other way.",
        ) from error
    with disk_faults(out):
        for name in TOKENIZER_FILES:
            if (folder / name).is_file():
                shutil.copyfile(folder / name, out / name)


def import_ctranslate2(module: str = "ctranslate2") -> Any:
    """Import CTranslate2, or a module of it.

    Raises:
        ModelError: It is not installed.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that spin slow each other down where others work too
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ModelError(
            f"CTranslate2 cannot be imported: {error}.",
            hint='Install taco-llm[ctranslate2]: pip install "taco-llm[ctranslate2]"',
        ) from error
