"""The seed set's own form, and the seed set that comes with the package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import zip_longest

from taco.source.draft import Draft, Fault, take_text

SPLITS = ("train", "heldout")


def is_seed(fields: Mapping[str, object]) -> bool:
    """Whether an object looks like a row of the seed set."""
    return {"instruction", "input", "response", "split"} <= fields.keys()


def parse_seed(fields: Mapping[str, object]) -> list[Draft]:
    """Read one row of the form instruction, input, response, category, split.

    Raises:
        Fault: A field is missing or no text, or `split` is neither "train" nor "heldout".
    """
    split = take_text(fields, "split")
    if split not in SPLITS:
        raise Fault("unknown-split", f"field 'split' is {split!r}; expected 'train' or 'heldout'")
    draft = Draft(
        instruction=take_text(fields, "instruction"),
        input=take_text(fields, "input"),
        response=take_text(fields, "response"),
        category=take_text(fields, "category"),
        split=split,
    )
    return [draft]


def list_seed_files() -> list[Traversable]:
    """Return the package's seed files, one a category, by name."""
    folder = resources.files("taco.source").joinpath("seed")
    return sorted((file for file in folder.iterdir() if file.name.endswith(".jsonl")), key=lambda file: file.name)


def read_seed_lines() -> Iterator[tuple[str, bytes]]:
    """Yield ("seed/FILE:LINE", line) for the whole set, one category after the other in turn.

    Taking turns lets the first N rows, which is what a limit takes, hold every category.
    """
    files = [
        [(f"seed/{file.name}:{number}", line) for number, line in enumerate(file.read_bytes().splitlines(), start=1)]
        for file in list_seed_files()
    ]
    for turn in zip_longest(*files):
        yield from (numbered for numbered in turn if numbered is not None)
