"""The tokenizer of a base model without its weights."""

from __future__ import annotations

import hashlib
import importlib.metadata
from pathlib import Path
from typing import Any

from taco.errors import ModelError
from taco.model.base import Base, find_folder
from taco.model.libraries import require_libraries
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


def open_tokenizer_file(path: Path) -> tuple[Any, str]:
    """Open a file tokenizer.json by itself, without a chat template; return the tokenizer and its signature.

    Raises:
        ModelError: The file is missing or is no tokenizer, or the extra [train] is not installed.
    """
    require_libraries()
    from transformers import PreTrainedTokenizerFast

    if not path.is_file():
        raise ModelError(f"{path} is missing.", hint="Expected a file tokenizer.json, as base models come with one.")
    try:
        tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(path))
    except Exception as error:  # the Rust library raises Exception itself
        raise ModelError(f"{path} is no tokenizer: {str(error).splitlines()[0]}.") from error
    version = importlib.metadata.version("transformers")
    return tokenizer, f"{path.name}, {len(tokenizer)} tokens, file {digest_file(path)[:12]}, transformers {version}"
