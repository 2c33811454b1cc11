"""What `taco plan` and `taco recipe check` say about training: how large, and for which GPU."""

from __future__ import annotations

from dataclasses import asdict

from taco.model.shape import find_shape
from taco.recipe.schema import Recipe
from taco.train.estimate import RESERVE, Memory, estimate_memory

_GIB = 2**30


def estimate_training(recipe: Recipe) -> Memory | None:
    """Estimate the memory of a training on a GPU; None where the base model's measures are not known here.

    Activations are computed again where that is asked for, and with `auto` where all of them fit no single common GPU
    or only a larger one.
    """
    shape = find_shape(recipe.model)
    if shape is None:
        return None
    size = 4 if recipe.model.dtype == "fp32" else 2
    kept, again = (
        estimate_memory(recipe.train, shape, bytes_per_number=size, recompute=recompute) for recompute in (False, True)
    )
    if recipe.train.recompute != "auto":
        return again if recipe.train.recompute == "always" else kept
    return kept if kept.gpu_gib is not None and kept.gpu_gib == again.gpu_gib else again


def describe_training(recipe: Recipe) -> str:
    """Say in one sentence what a training needs.

    >>> describe_training(Recipe(name="demo", language="gl")).partition(":")[0]
    'Training smollm2-135m-instruct'
    """
    memory = estimate_training(recipe)
    if memory is None:
        return f"Training {recipe.model.base}: its memory is known once the base model is on this machine."
    parts = [f"{_write(memory.weights)} weights"] if memory.weights else []
    parts.append(f"{_write(memory.learnt)} for {memory.learnt_weights / 1e6:,.1f} M learnt weights")
    kept = " computed again in the backward pass" if memory.recompute else ""
    parts.append(f"{_write(memory.activations)} activations of {memory.tokens:,} tokens{kept}")
    parts.append(f"{_write(memory.workspace)} logits and workspace")
    needed = f"about {_write(memory.total)} with {RESERVE:.0%} reserve"
    fits = (
        f"one GPU of {memory.gpu_gib} GiB" if memory.gpu_gib else "no single GPU: several with FSDP, see docs/train.md"
    )
    return f"Training {recipe.model.base}: {needed} ({', '.join(parts)}); {fits}."


def training_to_json(recipe: Recipe) -> dict[str, object] | None:
    """Return the estimate for `taco plan --json`, in bytes."""
    memory = estimate_training(recipe)
    return None if memory is None else {**asdict(memory), "total": memory.total, "gpu_gib": memory.gpu_gib}


def _write(count: int) -> str:
    return f"{count / _GIB:.1f} GiB"
