"""Writing what was tuned, an adapter or a whole model, and putting weights back where training left them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from taco.store.files import disk_faults
from taco.train.adapter import part_tensors, write_adapter

WHOLE = "model.safetensors"
"""The weights of a model of which all were tuned."""

RESULT_FILES = ("adapter_config.json", "adapter_model.safetensors", "config.json", "generation_config.json", WHOLE)
"""What `write_weights` writes."""


def is_adapted(model: Any) -> bool:
    """Whether the model has an adapter, which alone is saved; a model without one is saved whole."""
    return hasattr(model, "peft_config")


def write_weights(model: Any, folder: Path, *, state: Mapping[str, Any] | None = None) -> None:
    """Write the tuned weights into a folder, in the form of PEFT or of transformers; no pickle.

    Args:
        model: The tuned model.
        folder: Made where missing.
        state: All its weights by name, where the model itself holds only a part of them.
    """
    if is_adapted(model):
        write_adapter(model, folder, state=state)
        return
    from safetensors.torch import save_file, save_model

    with disk_faults(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if state is None:
            save_model(model, str(folder / WHOLE), metadata={"format": "pt"})
        else:
            save_file(part_tensors(state), folder / WHOLE, metadata={"format": "pt"})
        model.config.save_pretrained(folder)
        if model.generation_config is not None:
            model.generation_config.save_pretrained(folder)


def load_weights(model: Any, folder: Path) -> None:
    """Put weights back that `write_weights` wrote for the same model."""
    from safetensors.torch import load_file, load_model

    if is_adapted(model):
        from peft import set_peft_model_state_dict

        set_peft_model_state_dict(model, load_file(folder / "adapter_model.safetensors"))
    else:
        load_model(model, str(folder / WHOLE))


def save_result(model: Any, folder: Path, *, card: str, tokenizer: Any, last: Path | None = None) -> None:
    """Save the tuned weights and their card, all or nothing.

    Args:
        model: The tuned model.
        folder: Replaced where it exists.
        card: Text of its README.md.
        tokenizer: Saved too where the whole model is, so that the folder loads by itself.
        last: The last checkpoint, whose weights are copied where the model itself holds only a part of them.

    Raises:
        StoreError: The folder cannot be written.
    """
    work = folder.with_name(folder.name + ".partial")
    with disk_faults(folder):
        shutil.rmtree(work, ignore_errors=True)
        if last is None:
            write_weights(model, work)
        else:
            work.mkdir(parents=True)
            for name in RESULT_FILES:
                if (last / name).is_file():
                    shutil.copyfile(last / name, work / name)
        if not is_adapted(model):
            tokenizer.save_pretrained(work)
        (work / "README.md").write_text(card, encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        work.replace(folder)
