"""Rows of a data set of the Hugging Face hub, through the `datasets` library."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from taco.errors import DataError
from taco.source.json_file import Found
from taco.source.options import HUB, SourceOptions


def read_hub_rows(options: SourceOptions) -> Iterator[Found]:
    """Yield the rows of `hf:owner/name`, their origin being "hf:owner/name:INDEX", counted from 0.

    Raises:
        DataError: `datasets` is not installed, or it cannot load the data set.
    """
    for index, fields in enumerate(_load(options)):
        yield Found(origin=f"{options.path}:{index}", value=dict(fields))


def _load(options: SourceOptions) -> Any:
    try:
        from datasets import load_dataset
        from datasets.exceptions import DatasetsError
    except ImportError as error:
        raise DataError(
            f"{options.path} is a data set of the Hugging Face hub, and the library for it is missing.",
            hint='Install taco-llm[hub] to read data sets of the hub: pip install "taco-llm[hub]".',
        ) from error
    try:
        return load_dataset(options.path.removeprefix(HUB), split=options.split, revision=options.revision)
    except (OSError, ValueError, RuntimeError, DatasetsError) as error:
        first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DataError(
            f"{options.path} (split {options.split!r}) cannot be loaded: {first_line}",
            hint="Check the name, the split and the connection; a private data set needs `hf auth login`.",
        ) from error
