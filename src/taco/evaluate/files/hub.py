"""Objects of a data set of the Hugging Face hub, named where a file is named: `hf:owner/name[@REVISION][#SPLIT]`."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from taco.errors import DataError
from taco.evaluate.files.rows import Row, collect_rows
from taco.source.hub import read_hub_rows
from taco.source.options import HUB, SourceOptions
from taco.store.files import digest_file


def is_on_hub(path: Path) -> bool:
    """Whether a path names a data set of the hub.

    >>> is_on_hub(Path("hf:owner/name")), is_on_hub(Path("name.jsonl"))
    (True, False)
    """
    return path.as_posix().startswith(HUB)


def parse_hub_path(path: Path) -> SourceOptions:
    """Read the name of a data set, its revision and its split, `train` unless another is named.

    Raises:
        DataError: There is no name, or an empty revision or split.

    >>> found = parse_hub_path(Path("hf:owner/name@v1#test"))
    >>> found.path, found.revision, found.split
    ('hf:owner/name', 'v1', 'test')
    """
    text, has_split, split = path.as_posix().partition("#")
    name, has_revision, revision = text.partition("@")
    if name == HUB or (has_split and not split) or (has_revision and not revision):
        raise DataError(f"{path} names no data set.", hint="Expected hf:owner/name[@REVISION][#SPLIT].")
    return SourceOptions(path=name, split=split or "train", revision=revision or None)


def read_hub(path: Path) -> list[Row]:
    """Read the objects of a data set; where none has an id, their numbers are taken.

    Raises:
        DataError: The library `datasets` is missing, or cannot load the data set.
    """
    return collect_rows(path, [found.value for found in read_hub_rows(parse_hub_path(path))])


def digest_read(path: Path) -> str:
    """Return the SHA-256 of what is read: of a file its bytes, of a data set its rows as JSON.

    Raises:
        DataError: The data set cannot be loaded.
        StoreError: The file cannot be read.
    """
    if not is_on_hub(path):
        return digest_file(path)
    rows = [row.fields for row in read_hub(path)]
    text = json.dumps(rows, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
