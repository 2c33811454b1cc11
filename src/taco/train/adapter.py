"""The LoRA adapter: put onto a base model, saved in PEFT's format."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from taco.errors import ModelError
from taco.model.libraries import quiet_libraries
from taco.store.files import disk_faults, write_atomically
from taco.train.options import TrainOptions


def add_adapter(model: Any, options: TrainOptions, *, base_name: str, seen: Sequence[int] = ()) -> Any:
    """Return the model with a new LoRA adapter, whose weights are all that will be trained.

    Args:
        model: The base model; its layers are replaced in place.
        options: Rank, alpha, dropout, targets and the kind of adapter.
        base_name: The base model's name, for the adapter's config.
        seen: Tokens whose embeddings are learnt too, where `options.embeddings` is "seen".

    Raises:
        ModelError: The model has none of the target layers.
    """
    from peft import get_peft_model

    from taco.train.dropout import seed_dropouts

    _check_targets(model, options, base_name)
    if options.method == "qlora":
        _prepare_quantised(model)
    config = build_config(model, options, seen=seen)
    with quiet_libraries():
        tuned = get_peft_model(model, config)
    seed_dropouts(tuned)
    tuned.peft_config["default"].base_model_name_or_path = base_name
    return tuned


def build_config(model: Any, options: TrainOptions, *, seen: Sequence[int] = ()) -> Any:
    """Return PEFT's config of the adapter."""
    from peft import LoraConfig

    embed, head = (_find_name(model, part) for part in (model.get_input_embeddings(), model.get_output_embeddings()))
    config = LoraConfig(
        r=options.rank,
        lora_alpha=options.alpha,
        lora_dropout=options.dropout,
        target_modules=list(options.targets),
        use_rslora=options.rslora,
        use_dora=options.dora,
        bias="none",
        task_type="CAUSAL_LM",
    )
    if options.embeddings == "seen":
        # Where the head shares the embedding's weights PEFT carries the change over to it.
        config.trainable_token_indices = {embed: sorted(set(seen))}
    elif options.embeddings == "all":
        config.modules_to_save = [embed] if _is_tied(model) else [embed, head]
        config.ensure_weight_tying = _is_tied(model)
    return config


def write_adapter(model: Any, folder: Path, *, state: Mapping[str, Any] | None = None) -> None:
    """Write adapter_config.json and adapter_model.safetensors into a folder; equal weights give equal bytes.

    Args:
        model: The tuned model.
        folder: Made where missing.
        state: All its weights by name, where the model itself holds only a part of them.
    """
    from peft import get_peft_model_state_dict
    from safetensors.torch import save_file

    with disk_faults(folder):
        folder.mkdir(parents=True, exist_ok=True)
        # Embeddings that are learnt are among the weights anyway; left to itself PEFT asks the hub for their size.
        found = get_peft_model_state_dict(model, state_dict=state, save_embedding_layers=False)
        save_file(part_tensors(found), folder / "adapter_model.safetensors", metadata={"format": "pt"})
    settings = {**model.peft_config["default"].to_dict(), "inference_mode": True}
    plain = {name: sorted(value) if isinstance(value, set) else value for name, value in settings.items()}
    text = json.dumps(plain, indent=2, sort_keys=True)
    write_atomically(folder / "adapter_config.json", [text.encode(), b"\n"])


def part_tensors(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return weights by name, on the CPU; those that share memory, such as tied embeddings, are copied apart."""
    tensors: dict[str, Any] = {}
    places: set[int] = set()
    for name, weight in sorted(state.items()):
        tensor = weight.detach().cpu().contiguous()
        tensors[name] = tensor.clone() if tensor.data_ptr() in places else tensor
        places.add(tensor.data_ptr())
    return tensors


def _check_targets(model: Any, options: TrainOptions, base_name: str) -> None:
    import torch

    linear = {name.rpartition(".")[2] for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)}
    missing = [target for target in options.targets if target not in linear]
    if missing:
        raise ModelError(
            f"The base model {base_name} has no linear layer named {', '.join(missing)}.",
            hint=f"Set train.targets to some of: {', '.join(sorted(linear))}.",
        )


def _prepare_quantised(model: Any) -> None:
    """Freeze the weights and bring the norms to fp32, as QLoRA (arXiv 2305.14314) does."""
    from peft import prepare_model_for_kbit_training

    prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)


def _is_tied(model: Any) -> bool:
    head = model.get_output_embeddings()
    return head is None or head.weight is model.get_input_embeddings().weight


def _find_name(model: Any, wanted: Any) -> str:
    return next((name.rpartition(".")[2] for name, module in model.named_modules() if module is wanted), "")
