"""The LoRA adapter: put onto a base model, saved in PEFT's format, with a card that says where it comes from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from taco.errors import ModelError
from taco.model.base import Base
from taco.model.libraries import quiet_libraries
from taco.store.files import disk_faults, write_atomically
from taco.train.options import TrainOptions


def add_adapter(model: Any, options: TrainOptions, *, base_name: str) -> Any:
    """Return the model with a new LoRA adapter, whose weights are all that will be trained.

    Args:
        model: The base model; its layers are replaced in place.
        options: Rank, alpha, dropout and targets.
        base_name: The base model's name, for the adapter's config.

    Raises:
        ModelError: The model has none of the target layers.
    """
    import torch
    from peft import LoraConfig, get_peft_model

    from taco.train.dropout import seed_dropouts

    linear = {name.rpartition(".")[2] for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)}
    missing = [target for target in options.targets if target not in linear]
    if missing:
        raise ModelError(
            f"The base model {base_name} has no linear layer named {', '.join(missing)}.",
            hint=f"Set train.targets to some of: {', '.join(sorted(linear))}.",
        )
    config = LoraConfig(
        r=options.rank,
        lora_alpha=options.alpha,
        lora_dropout=options.dropout,
        target_modules=list(options.targets),
        bias="none",
        task_type="CAUSAL_LM",
    )
    with quiet_libraries():
        tuned = get_peft_model(model, config)
    seed_dropouts(tuned)
    tuned.peft_config["default"].base_model_name_or_path = base_name
    return tuned


def write_adapter(model: Any, folder: Path) -> None:
    """Write adapter_config.json and adapter_model.safetensors into a folder; equal weights give equal bytes."""
    from peft import get_peft_model_state_dict
    from safetensors.torch import save_file

    with disk_faults(folder):
        folder.mkdir(parents=True, exist_ok=True)
        # The embeddings are frozen; left to itself PEFT asks the hub whether they were resized.
        state = get_peft_model_state_dict(model, save_embedding_layers=False)
        tensors = {name: weight.detach().cpu().contiguous() for name, weight in sorted(state.items())}
        save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    settings = {**model.peft_config["default"].to_dict(), "inference_mode": True}
    plain = {name: sorted(value) if isinstance(value, set) else value for name, value in settings.items()}
    text = json.dumps(plain, indent=2, sort_keys=True)
    write_atomically(folder / "adapter_config.json", [text.encode(), b"\n"])


def save_adapter(model: Any, folder: Path, *, card: str) -> None:
    """Save the adapter and its card, all or nothing.

    Args:
        model: The tuned model.
        folder: The adapter's folder; replaced where it exists.
        card: Text of its README.md.

    Raises:
        StoreError: The folder cannot be written.
    """
    work = folder.with_name(folder.name + ".partial")
    with disk_faults(folder):
        shutil.rmtree(work, ignore_errors=True)
        write_adapter(model, work)
        (work / "README.md").write_text(card, encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        work.replace(folder)


def render_card(base: Base, *, options: TrainOptions, facts: Mapping[str, object]) -> str:
    """Render the adapter's README.md: its base, its rows and its settings.

    Args:
        base: The base model.
        options: How it was tuned.
        facts: Further lines of the table, such as the digest of the rows.
    """
    lines = ["---", f"base_model: {json.dumps(base.name, ensure_ascii=False)}", "library_name: peft"]
    lines += ["tags:", "- lora", "- taco", "---", "", "# LoRA adapter tuned with TaCo", ""]
    lines += [
        "Answers as a chain: the instruction in English, a response in English, and the response in the language."
    ]
    lines += ["", "| | |", "|---|---|", f"| base model | {base.name} |", f"| SHA-256 of the base | {base.digest} |"]
    lines += [f"| licence of the base | {base.licence or 'not stated'} |"]
    lines += [f"| {name} | {value} |" for name, value in facts.items()]
    lines += ["", "Settings:", "", "```json", options.model_dump_json(indent=1), "```", ""]
    return "\n".join(lines)
