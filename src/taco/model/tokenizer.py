"""The tokenizer of a base model without its weights."""

from __future__ import annotations

import hashlib
import importlib.metadata
from pathlib import Path
from typing import Any

from taco.model.base import Base, find_folder
from taco.model.load import load_tokenizer
from taco.model.options import ModelOptions
from taco.progress import Progress
from taco.store.files import digest_file

_DECIDING = (
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "chat_template.jinja",
    "vocab.json",
    "merges.txt",
)
"""Files that decide what a text's tokens are."""


def open_tokenizer(options: ModelOptions, *, cache: Path, progress: Progress) -> tuple[Any, str]:
    """Open a base model's tokenizer; return it and its signature: model, vocabulary, digest, version.

    Of a model of the hub only the tokenizer's files are fetched. The embedded model comes as one file, weights included.

    Args:
        options: Which model.
        cache: The cache folder.
        progress: Where to say how far it is.

    Raises:
        ModelError: There is no such model, or its tokenizer cannot be fetched or loaded.
        StoreError: The cache cannot be written.
    """
    folder = find_folder(options, cache=cache, progress=progress, tokenizer_only=True)
    tokenizer = load_tokenizer(Base(name=options.base, path=folder, digest="", licence=""))
    found = {name: digest_file(folder / name) for name in _DECIDING if (folder / name).is_file()}
    digest = hashlib.sha256(repr(sorted(found.items())).encode()).hexdigest()[:12]
    version = importlib.metadata.version("transformers")
    return tokenizer, f"{options.base}, {len(tokenizer)} tokens, files {digest}, transformers {version}"
