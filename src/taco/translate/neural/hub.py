"""Translation models of the Hugging Face hub, kept in Hugging Face's own cache."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from taco.errors import EngineError
from taco.progress import LineProgress
from taco.remote.libraries import import_library
from taco.translate.neural.folder import CONVERTED, FILES, PICKLES
from taco.translate.neural.sentences import EXTRA

UNWANTED = ["*/*"]
"""Names of the files that are left out: folders hold other formats of the same weights."""


def fetch_model(name: str, revision: str | None, *, allows_pickles: bool) -> Path:
    """Return the folder of a model, from Hugging Face's cache or else from the hub. Its name is the commit.

    Args:
        name: The id "owner/name".
        revision: Branch, tag or commit; None for the main branch.
        allows_pickles: Whether weights that are pickles are fetched.

    Raises:
        EngineError: There is no such model or revision, it is gated, or the hub is out of reach.
    """
    cached = find_cached(name, revision, allows_pickles=allows_pickles)
    if cached is not None:
        return cached
    hub = _import_hub()
    LineProgress().say(f"Fetching the translation model {name} from the Hugging Face hub.")
    were_on = not hub.utils.are_progress_bars_disabled()
    hub.utils.disable_progress_bars()  # two writers of bars garble each other's lines
    try:
        wanted = list_wanted(allows_pickles)
        return Path(hub.snapshot_download(name, revision=revision, allow_patterns=wanted, ignore_patterns=UNWANTED))
    except (OSError, ValueError) as error:
        raise _describe(name, revision, error) from error
    finally:
        if were_on:
            hub.utils.enable_progress_bars()


def find_cached(name: str, revision: str | None, *, allows_pickles: bool) -> Path | None:
    """Return the folder of a model that was fetched before, None where there is none; asks no network.

    Raises:
        EngineError: The library huggingface_hub is not installed.
    """
    hub = _import_hub()
    from huggingface_hub.errors import EntryNotFoundError

    try:
        folder = Path(
            hub.snapshot_download(
                name,
                revision=revision,
                local_files_only=True,
                allow_patterns=list_wanted(allows_pickles),
                ignore_patterns=UNWANTED,
            )
        )
    except (EntryNotFoundError, OSError, ValueError):
        return None
    names = ("*.safetensors", CONVERTED, *(PICKLES if allows_pickles else ()))
    is_whole = (folder / "config.json").is_file() and any(any(folder.glob(name)) for name in names)
    return folder if is_whole else None


def list_wanted(allows_pickles: bool) -> list[str]:
    """Return the names of the files that are fetched."""
    return [*FILES, *(PICKLES if allows_pickles else ())]


def _import_hub() -> Any:
    return import_library("huggingface_hub", name="for translation models", extra=EXTRA)


def _describe(name: str, revision: str | None, error: Exception) -> EngineError:
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    where = f"{name} at revision {revision}" if revision else name
    if isinstance(error, GatedRepoError):
        return EngineError(
            f"The Hugging Face hub gives {where} only to users who accepted its terms.",
            hint=f"Accept them at https://huggingface.co/{name}, then log in: hf auth login.",
        )
    if isinstance(error, RepositoryNotFoundError):
        return EngineError(
            f"The Hugging Face hub has no model {name}, or it is private.",
            hint="Check the spelling; for a private model log in first: hf auth login.",
        )
    if isinstance(error, RevisionNotFoundError):
        return EngineError(
            f"The model {name} has no revision {revision!r}.", hint="Leave translate.options.revision out."
        )
    offline = " (HF_HUB_OFFLINE is set)" if os.environ.get("HF_HUB_OFFLINE") else ""
    return EngineError(
        f"{where} cannot be fetched from the Hugging Face hub{offline}: {type(error).__name__}: {error}",
        hint="Check the network, or download the model elsewhere and give its folder as translate.options.model.",
    )
