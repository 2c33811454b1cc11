"""The weight files of a model folder: which they are, whether all are there, and their digest."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from taco.errors import ModelError
from taco.store.files import digest_file, disk_faults, write_atomically

_SAVE_AGAIN = (
    "from transformers import AutoModelForCausalLM as M; "
    "M.from_pretrained('FOLDER', use_safetensors=False).save_pretrained('OTHER')"
)


def list_weights(folder: Path) -> list[Path]:
    """Return the safetensors files of a model folder, sorted by name.

    Raises:
        ModelError: There are none, or the folder's index names one that is missing.
    """
    found = sorted(path for path in folder.glob("*.safetensors") if path.is_file())
    if not found:
        raise _describe_missing(folder)
    missing = [name for name in _read_index(folder) if not (folder / name).is_file()]
    if missing:
        raise ModelError(
            f"{folder} lacks {missing[0]}, which its index of weights names; {len(missing)} of its files are missing.",
            hint="Copy or download the whole model again.",
        )
    return found


def digest_weights(folder: Path, *, memo: Path) -> str:
    """Return the SHA-256 over the names, sizes and contents of a folder's weight files and its config, in hex.

    A file whose size and time of change are those of the last time is not read again.

    Args:
        folder: The model's folder.
        memo: A JSON file that holds the digests of the last time; made or replaced.

    Raises:
        ModelError: The folder holds no safetensors weights.
        StoreError: A file cannot be read.
    """
    known = _read_memo(memo)
    total = hashlib.sha256()
    for path in [folder / "config.json", *list_weights(folder)]:
        with disk_faults(path, "read"):
            status = path.stat()
        key = f"{path.resolve()}:{status.st_size}:{status.st_mtime_ns}"
        if key not in known:
            known[key] = digest_file(path)
        total.update(f"{path.name}\0{status.st_size}\0{known[key]}\n".encode())
    if known != _read_memo(memo):
        write_atomically(memo, [json.dumps(known, indent=1).encode(), b"\n"])
    return total.hexdigest()


def _read_memo(memo: Path) -> dict[str, str]:
    try:
        known = json.loads(memo.read_bytes())
    except (OSError, ValueError):
        return {}
    is_whole = isinstance(known, dict) and all(isinstance(value, str) for value in known.values())
    return known if is_whole else {}


def _read_index(folder: Path) -> list[str]:
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return []
    try:
        return sorted(set(json.loads(index.read_bytes())["weight_map"].values()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{index} is damaged: {error!r}.", hint="Copy or download it again.") from error


def _describe_missing(folder: Path) -> ModelError:
    pickled = sorted({*folder.glob("*.bin"), *folder.glob("*.pt"), *folder.glob("*.pth")})
    if pickled:
        return ModelError(
            f"{folder} holds its weights as {pickled[0].name}, a pickle, which can run code when it is opened; "
            "taco loads safetensors only.",
            hint=f'If you trust the file, save it again: python -c "{_SAVE_AGAIN}"',
        )
    if any(folder.glob("*.gguf")):
        return ModelError(
            f"{folder} holds GGUF weights, which cannot be tuned.",
            hint="Use the folder or the Hugging Face id that the GGUF file was made from.",
        )
    return ModelError(f"{folder} holds no *.safetensors file.", hint="Point `model.base` at a whole model folder.")
