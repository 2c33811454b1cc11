"""Loading what was tuned: the base model with a LoRA adapter merged into it, or a model tuned as a whole."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from taco.errors import ModelError
from taco.model.base import Base
from taco.model.libraries import quiet_libraries
from taco.model.load import DtypeName, load_model

_TUNE = "Run the train stage first: taco run RECIPE."


def load_tuned(base: Base, folder: Path, *, dtype: DtypeName) -> Any:
    """Load the tuned model.

    Args:
        base: The base model.
        folder: What the train stage wrote: an adapter, or a whole model.
        dtype: See `load_model`.

    Raises:
        ModelError: It is missing, damaged, or made for another model.
    """
    if is_whole_model(folder):
        return load_model(dataclasses.replace(base, path=folder), dtype=dtype)
    return merge_adapter(load_model(base, dtype=dtype), folder)


def is_whole_model(folder: Path) -> bool:
    """Whether a folder holds a model of which all weights were tuned."""
    return (folder / "config.json").is_file() and (folder / "model.safetensors").is_file()


def merge_adapter(model: Any, adapter: Path) -> Any:
    """Add an adapter's weights to those of the model and return the model; the one passed in is used up.

    Decoding a token then costs the same with and without the adapter. Sums are rounded once more than with the adapter
    beside the model, so that in rare near ties another token may win.

    Args:
        model: The base model as loaded by `taco.model.load.load_model`.
        adapter: Folder that PEFT saved the adapter to.

    Raises:
        ModelError: The adapter is missing, damaged, or made for another model.
    """
    check_adapter(adapter)
    from peft import PeftModel
    from safetensors import SafetensorError

    try:
        with quiet_libraries():
            tuned = PeftModel.from_pretrained(model, str(adapter), is_trainable=False)
            merged = tuned.merge_and_unload(safe_merge=True)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelError(
            f"The adapter {adapter} does not fit the base model or is damaged: {first_line}",
            hint="Tune it again for this base model: taco run RECIPE --again train.",
        ) from error
    return merged.eval()


def check_adapter(adapter: Path) -> None:
    """Check that an adapter's files are there.

    Raises:
        ModelError: They are not.
    """
    if not adapter.is_dir():
        raise ModelError(f"There is no adapter in {adapter}.", hint=_TUNE)
    if is_whole_model(adapter):
        return
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        if not (adapter / name).is_file():
            raise ModelError(f"The adapter {adapter} holds no {name}.", hint=_TUNE)
