"""`--to gguf`, `gguf-base` and `gguf-lora`: one file each for llama.cpp."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from taco.export.job import Job, merge
from taco.model.convert.gguf import convert_adapter, convert_model, mark_space_prefix
from taco.model.convert.weights import GgufWeights


def write_merged(job: Job) -> None:
    """Write base and adapter as one GGUF file."""
    write_model(job, adapter=True)


def write_base(job: Job) -> None:
    """Write the base model alone; with `gguf-lora` beside it, both arms run from one copy of the weights."""
    write_model(job, adapter=False)


def write_model(job: Job, *, adapter: bool) -> Path:
    """Write the model and return the file.

    Args:
        job: The export.
        adapter: Whether the adapter is in it, or the base alone.
    """
    folder = merge_for_llama_cpp(job, adapter=adapter)
    out = job.out / name_model(job, adapter=adapter)
    job.progress.say(f"Writing {out.name} with llama.cpp's converter.")
    convert_model(folder, out, weights=_check(job.weights), name=out.stem)
    return out


def name_model(job: Job, *, adapter: bool) -> str:
    """Return the name of the GGUF file."""
    return f"{job.name if adapter else _clean(job.base.name)}-{job.weights}.gguf"


def merge_for_llama_cpp(job: Job, *, adapter: bool) -> Path:
    """Return the folder with the model, its tokenizer marked as llama.cpp must read it."""
    folder = merge(job, adapter=adapter)
    mark_space_prefix(folder)
    return folder


def write_adapter(job: Job) -> None:
    """Write the adapter alone."""
    out = job.out / f"{job.name}-lora-{job.weights}.gguf"
    job.progress.say(f"Writing {out.name} with llama.cpp's converter.")
    convert_adapter(job.run.adapter, out, base=job.base.path, weights=_check(job.weights))


def _clean(name: str) -> str:
    """Return the last part of a model's name, fit for a file's name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name.rstrip("/").rpartition("/")[2]).strip(".-") or "base"


def _check(weights: str) -> GgufWeights:
    found: GgufWeights = next(one for one in get_args(GgufWeights) if one == weights)
    return found
