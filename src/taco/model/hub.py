"""Base models from the Hugging Face hub: safetensors and text files only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from taco.errors import ModelError
from taco.model.libraries import require_libraries
from taco.model.weights import list_weights
from taco.progress import Progress
from taco.remote.hub import Snapshot

WANTED = ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt", "README.md", "LICENSE*")
"""Names of the files that are fetched: no pickles, no code."""

TOKENIZER = (
    *("tokenizer*.json", "*.model", "vocab.*", "merges.txt", "added_tokens.json", "special_tokens_map.json"),
    *("chat_template*.j*", "config.json"),
)
"""Names of the files that a tokenizer needs; all of them are `WANTED` too."""


def fetch_snapshot(name: str, revision: str | None, progress: Progress) -> Path:
    """Return the folder of a model, from Hugging Face's cache or else from the hub.

    Args:
        name: The id "owner/name".
        revision: Branch, tag or commit; None for the main branch.
        progress: Where to say how far it is.

    Raises:
        ModelError: There is no such model or revision, it is gated, it has no safetensors, or the hub is out of reach.
    """
    snapshot = _describe(name, revision, WANTED)
    if found := snapshot.find():
        try:
            list_weights(found)
        except ModelError:
            pass  # of an earlier call, which wanted less or was stopped
        else:
            return found
    folder = snapshot.fetch(progress)
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
    snapshot = _describe(name, revision, TOKENIZER)
    found = snapshot.find()
    if found and any(
        (found / file).is_file() for file in ("tokenizer.json", "tokenizer.model", "tokenizer_config.json")
    ):
        return found
    return snapshot.fetch(progress)


def _describe(name: str, revision: str | None, wanted: Sequence[str]) -> Snapshot:
    require_libraries()
    options = ("model.base", "model.revision")
    return Snapshot(name=name, revision=revision, wanted=wanted, failed=ModelError, options=options)
