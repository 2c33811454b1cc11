"""Putting a tuned LoRA adapter into a base model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from taco.errors import ModelError
from taco.model.libraries import quiet_libraries

_TUNE = "Run the train stage first: taco run RECIPE."


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
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        if not (adapter / name).is_file():
            raise ModelError(f"The adapter {adapter} holds no {name}.", hint=_TUNE)
