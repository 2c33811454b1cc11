"""Base models from the Hugging Face hub: safetensors and text files only, kept in Hugging Face's own cache."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from taco.errors import ModelError
from taco.model.libraries import require_libraries
from taco.model.weights import list_weights
from taco.progress import Progress, Task

WANTED = ["*.safetensors", "*.json", "*.jinja", "*.model", "*.txt", "README.md", "LICENSE*"]
"""Names of the files that are fetched: no pickles, no code."""

TOKENIZER = ["tokenizer*.json", "*.model", "vocab.*", "merges.txt", "added_tokens.json", "special_tokens_map.json"]
TOKENIZER += ["chat_template*.j*", "config.json"]
"""Names of the files that a tokenizer needs; all of them are `WANTED` too."""

UNWANTED = ["*/*"]
"""Names of the files that are left out: folders hold other formats of the same weights."""


def fetch_snapshot(name: str, revision: str | None, progress: Progress) -> Path:
    """Return the folder of a model, from Hugging Face's cache or else from the hub.

    Args:
        name: The id "owner/name".
        revision: Branch, tag or commit; None for the main branch.
        progress: Where to say how far it is.

    Raises:
        ModelError: There is no such model or revision, it is gated, it has no safetensors, or the hub is out of reach.
    """
    require_libraries()
    if found := _find_cached(name, revision, WANTED):
        try:
            list_weights(found)
        except ModelError:
            pass  # of an earlier call, which wanted less or was stopped
        else:
            return found
    folder = _download(name, revision, WANTED, progress)
    list_weights(folder)
    return folder


def fetch_tokenizer(name: str, revision: str | None, progress: Progress) -> Path:
    """Return a folder with the tokenizer of a model, from Hugging Face's cache or else from the hub.

    Args:
        name: The id "owner/name".
        revision: Branch, tag or commit; None for the main branch.
        progress: Where to say how far it is.

    Raises:
        ModelError: There is no such model or revision, it is gated, or the hub is out of reach.
    """
    require_libraries()
    found = _find_cached(name, revision, TOKENIZER)
    if found and any(
        (found / file).is_file() for file in ("tokenizer.json", "tokenizer.model", "tokenizer_config.json")
    ):
        return found
    return _download(name, revision, TOKENIZER, progress)


def _find_cached(name: str, revision: str | None, wanted: list[str]) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import EntryNotFoundError

    try:
        folder = Path(
            snapshot_download(
                name, revision=revision, local_files_only=True, allow_patterns=wanted, ignore_patterns=UNWANTED
            )
        )
    except (EntryNotFoundError, OSError, ValueError):
        return None
    return folder if (folder / "config.json").is_file() else None


def _download(name: str, revision: str | None, wanted: list[str], progress: Progress) -> Path:
    from huggingface_hub import snapshot_download

    progress.say(f"Fetching {name} from the Hugging Face hub.")
    try:
        with progress.task(f"Fetching {name}", total=None, unit="MB") as task:
            folder = snapshot_download(
                name,
                revision=revision,
                tqdm_class=_count_bytes(task),
                allow_patterns=wanted,
                ignore_patterns=UNWANTED,
            )
    except (OSError, ValueError) as error:
        raise _describe(name, revision, error) from error
    return Path(folder)


def _count_bytes(task: Task) -> Any:
    """Return a class in the form of tqdm that passes the bytes on to `task` and draws nothing."""
    from tqdm import tqdm  # type: ignore[import-untyped]

    class ByteCounter(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self._counts = kwargs.get("unit") == "B" and "Reconstructing" in str(kwargs.get("desc", ""))
            self._left_over = 0
            kwargs.pop("name", None)
            super().__init__(*args, **{**kwargs, "disable": True})

        def update(self, n: float | None = 1) -> bool | None:
            if self._counts:
                megabytes, self._left_over = divmod(self._left_over + int(n or 0), 1_000_000)
                task.advance(megabytes)
            return None

    return ByteCounter


def _describe(name: str, revision: str | None, error: Exception) -> ModelError:
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    where = f"{name} at revision {revision}" if revision else name
    if isinstance(error, GatedRepoError):
        return ModelError(
            f"The Hugging Face hub gives {where} only to users who accepted its terms.",
            hint=f"Accept them at https://huggingface.co/{name}, then log in: hf auth login.",
        )
    if isinstance(error, RepositoryNotFoundError):
        return ModelError(
            f"The Hugging Face hub has no model {name}, or it is private.",
            hint="Check the spelling; for a private model log in first: hf auth login.",
        )
    if isinstance(error, RevisionNotFoundError):
        return ModelError(f"The model {name} has no revision {revision!r}.", hint="Leave `model.revision` out.")
    offline = " (HF_HUB_OFFLINE is set)" if os.environ.get("HF_HUB_OFFLINE") else ""
    return ModelError(
        f"{where} cannot be fetched from the Hugging Face hub{offline}: {type(error).__name__}: {error}",
        hint="Check the network, or download the model elsewhere and give its folder as `model.base`.",
    )
