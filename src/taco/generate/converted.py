"""Models in the forms of other engines, converted once and kept in the cache for all runs."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from taco.generate.merged import write_merged
from taco.model.base import Base
from taco.model.convert import ctranslate2, gguf
from taco.model.convert.weights import Ct2Weights, GgufWeights
from taco.progress import Progress, SilentProgress
from taco.store.files import digest_file, disk_faults, write_atomically

FORM = 1
"""Version of the conversions; raised whenever they write something else."""

_SEAL = "whole"


def prepare_gguf(
    base: Base, adapter: Path | None, *, weights: GgufWeights, cache: Path, progress: Progress | None = None
) -> Path:
    """Return a GGUF file of a base model, the adapter merged where there is one; made first where it is not in the cache."""

    def make(work: Path) -> None:
        write_merged(base, adapter, work / "source")
        gguf.mark_space_prefix(work / "source")
        gguf.convert_model(work / "source", work / "model.gguf", weights=weights, name="base")

    key = f"{base.digest[:24]}-{digest_adapter(adapter)[:24] if adapter else 'base'}-{weights}"
    return _prepare(cache, f"gguf-{key}", make, f"Converting {base.name} to GGUF ({weights})", progress) / "model.gguf"


def prepare_lora(base: Base, adapter: Path, *, cache: Path, progress: Progress | None = None) -> Path:
    """Return a GGUF file of an adapter, made first where it is not in the cache."""

    def make(work: Path) -> None:
        gguf.convert_adapter(adapter, work / "adapter.gguf", base=base.path)

    key = f"{base.digest[:24]}-{digest_adapter(adapter)[:24]}"
    return _prepare(cache, f"lora-{key}", make, "Converting the adapter to GGUF", progress) / "adapter.gguf"


def prepare_ctranslate2(
    base: Base, adapter: Path | None, *, weights: Ct2Weights, cache: Path, progress: Progress | None = None
) -> Path:
    """Return a folder of CTranslate2 with the base model, the adapter merged where there is one."""

    def make(work: Path) -> None:
        write_merged(base, adapter, work / "source")
        ctranslate2.convert_model(work / "source", work / "model", weights=weights)

    tuned = digest_adapter(adapter)[:24] if adapter else "base"
    name = f"ct2-{base.digest[:24]}-{tuned}-{weights}"
    return _prepare(cache, name, make, f"Converting {base.name} for CTranslate2 ({weights})", progress) / "model"


def digest_adapter(adapter: Path) -> str:
    """Return the SHA-256 over the files that decide what an adapter does."""
    names = ("adapter_config.json", "adapter_model.safetensors", "config.json", "model.safetensors")
    digests = [(name, digest_file(adapter / name)) for name in names if (adapter / name).is_file()]
    return hashlib.sha256(repr(digests).encode()).hexdigest()


def _prepare(cache: Path, name: str, make: Callable[[Path], None], title: str, progress: Progress | None) -> Path:
    """Return a folder of the cache, made in one piece; two processes may ask for it at once."""
    shelf = cache / "converted"
    ready = shelf / f"{name}-form{FORM}"
    with disk_faults(shelf, "make the folder"):
        shelf.mkdir(parents=True, exist_ok=True)
    with FileLock(shelf / f"{ready.name}.lock"):
        if (ready / _SEAL).is_file():
            return ready
        (progress or SilentProgress()).say(f"{title}, once.")
        for left_over in shelf.glob(f"{ready.name}.making-*"):
            shutil.rmtree(left_over, ignore_errors=True)
        work = shelf / f"{ready.name}.making-{os.getpid()}"
        try:
            make(work)
            with disk_faults(ready):
                shutil.rmtree(work / "source", ignore_errors=True)
                write_atomically(work / _SEAL, [b""])
                shutil.rmtree(ready, ignore_errors=True)
                work.replace(ready)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return ready
