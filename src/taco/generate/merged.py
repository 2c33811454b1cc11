"""The tuned model as one folder: base and adapter in the same weights, with all that other engines must know."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Literal

from taco.generate.adapter import load_tuned
from taco.model.base import Base
from taco.model.chat_form import complete_chat_template
from taco.model.libraries import quiet_libraries
from taco.model.load import load_model, load_tokenizer
from taco.model.prompt import end_token_id
from taco.store.files import disk_faults

SENTENCEPIECE = "tokenizer.model"
"""transformers 5 does not save it; llama.cpp's converter makes up the order of merges where it is missing."""

MergedWeights = Literal["fp32", "fp16", "bf16"]


def write_merged(base: Base, adapter: Path | None, folder: Path, *, weights: MergedWeights = "fp32") -> None:
    """Write a model folder of transformers: safetensors, config, tokenizer, chat template and generation config.

    The adapter is merged in 32 bits and the sum rounded once. The chat template is completed so that it says what taco's
    own prompts say, and every token that ends an answer is named in generation_config.json.

    Args:
        base: The base model.
        adapter: What the train stage wrote; None for the base model itself.
        folder: Where to; made where missing.
        weights: Number format.

    Raises:
        ModelError: The model or the adapter cannot be used.
        StoreError: The folder cannot be written.
    """
    import torch

    tokenizer = load_tokenizer(base)
    model = load_model(base, dtype="fp32") if adapter is None else load_tuned(base, adapter, dtype="fp32")
    ends = find_ends(tokenizer, model)
    complete_chat_template(tokenizer)
    kinds = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
    model = model.to(kinds[weights])
    _settle_generation(model, tokenizer, sorted(ends))
    with quiet_libraries(), disk_faults(folder):
        folder.mkdir(parents=True, exist_ok=True)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        if (base.path / SENTENCEPIECE).is_file():
            shutil.copyfile(base.path / SENTENCEPIECE, folder / SENTENCEPIECE)


def find_ends(tokenizer: Any, model: Any) -> frozenset[int]:
    """Return the ids of all tokens that end an answer of a model."""
    named = model.generation_config.eos_token_id
    listed = named if isinstance(named, list) else [named]
    ends = {end_token_id(tokenizer), tokenizer.eos_token_id, *listed}
    return frozenset(int(token) for token in ends if token is not None)


def _settle_generation(model: Any, tokenizer: Any, ends: list[int]) -> None:
    """Have the saved model decode greedily and stop where taco stops."""
    settings = model.generation_config
    settings.eos_token_id = ends if len(ends) > 1 else ends[0]
    settings.do_sample = False
    for name in ("temperature", "top_p", "top_k", "min_p", "typical_p"):
        setattr(settings, name, None)
    settings.repetition_penalty = None
    if settings.pad_token_id is None:
        settings.pad_token_id = tokenizer.pad_token_id
