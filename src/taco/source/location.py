"""Where the rows are: the seed set, a local file, or the hub."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from taco.errors import DataError
from taco.source.hub import read_hub_rows
from taco.source.json_file import Found, read_json_file, read_json_lines
from taco.source.options import HUB, SEED, SourceOptions
from taco.source.seed import list_seed_files, read_seed_lines
from taco.store.files import digest_file

SUFFIXES = (".json", ".jsonl", ".ndjson")


def open_rows(options: SourceOptions, *, folder: Path) -> Iterator[Found]:
    """Return the values that `options.path` holds, read as they are asked for.

    Raises:
        DataError: There is no such file, it is a folder, or no JSON by its name.
    """
    if options.path == SEED:
        return read_json_lines(read_seed_lines())
    if options.path.startswith(HUB):
        return read_hub_rows(options)
    return read_json_file(find_file(options.path, folder=folder), name=options.path)


def digest_source(options: SourceOptions, *, folder: Path, digest: Callable[[Path], str] = digest_file) -> str:
    """Return what the rows depend on beside the options, to tell whether they have to be read again.

    The SHA-256 of the file or of the seed set; for the hub the name, split and revision, as its content cannot be
    known without the network: pin the revision.

    Args:
        options: What to read.
        folder: What a relative path is relative to.
        digest: Gives a file's SHA-256.

    Raises:
        DataError: The file is missing.
    """
    if options.more:
        parts = [digest_source(part, folder=folder, digest=digest) for part in options.parts]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()
    if options.path == SEED:
        found = hashlib.sha256()
        for file in list_seed_files():
            content = file.read_bytes()
            found.update(f"{file.name} {len(content)}\n".encode() + content)
        return found.hexdigest()
    if options.path.startswith(HUB):
        return f"{options.path} {options.split} {options.revision or 'main'}"
    return digest(find_file(options.path, folder=folder))


def find_file(path: str, *, folder: Path) -> Path:
    """Return the file that a recipe's path means, relative paths being relative to `folder`.

    Raises:
        DataError: There is no such file, it cannot be read, is a folder, or its name says that it is no JSON.
    """
    file = folder / Path(path).expanduser()
    try:
        is_folder, is_there = file.is_dir(), file.exists()
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror or error}.", hint="Check the path and its permissions."
        ) from error
    if is_folder:
        inside = sorted(entry.name for entry in file.iterdir() if entry.suffix in SUFFIXES)
        raise DataError(
            f"{path} is a folder; expected a JSON or JSON Lines file.",
            hint=f"Files in it: {', '.join(inside[:10])}." if inside else "It holds no .json or .jsonl file.",
        )
    if not is_there:
        raise DataError(f"{path} is missing{_suggest_file(file)}", hint=f"Relative paths start at {folder.resolve()}.")
    if file.suffix.casefold() not in SUFFIXES:
        raise DataError(
            f"{path} does not end in {', '.join(SUFFIXES)}.", hint="Convert it to JSON Lines: one object on each line."
        )
    return file


def _suggest_file(file: Path) -> str:
    if not file.parent.is_dir():
        return f"; the folder {file.parent} is missing too."
    beside = sorted(entry.name for entry in file.parent.iterdir() if entry.suffix.casefold() in SUFFIXES)
    close = difflib.get_close_matches(file.name, beside, n=1, cutoff=0.6)
    if not close:
        close = [name for name in beside if Path(name).stem == file.stem]
    return f"; did you mean {close[0]!r} beside it?" if close else "."


def describe_location(options: SourceOptions) -> str:
    """Say what reading the rows would fetch from the network; "" for nothing."""
    names = [part.path.removeprefix(HUB) for part in options.parts if part.path.startswith(HUB)]
    if not names:
        return ""
    return f"the data set{'s' * (len(names) > 1)} {' and '.join(names)} of the Hugging Face hub"
