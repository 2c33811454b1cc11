"""Rows to translate, and the stage run on them."""

from __future__ import annotations

from pathlib import Path

from taco.languages.table import find_language
from taco.progress import Progress, SilentProgress
from taco.records import Drop, Row, StageCount, TranslatedRow
from taco.store.jsonl import read_records, write_records
from taco.translate.options import TranslateOptions
from taco.translate.run import Payer, run_translate

FILES = ("train.jsonl", "heldout.jsonl", "dropped.jsonl", "phrases.jsonl")


def make_row(number: int, *, response: str = "") -> Row:
    word = chr(ord("a") + number % 26) * 4
    text = f"Row {number} says {word}, `code_{number}()` and {number + 7}.\n\n- one thing\n- another of {number % 5}"
    return Row(
        id=f"{number:016x}",
        instruction=f"Say what stands in row {number}.",
        input="" if number % 3 else f"It is at https://example.org/{number}.",
        response=response or text,
        origin=f"rows.json:{number}",
    )


def write_source(folder: Path, *, train: int = 20, heldout: int = 5) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    write_records(folder / "train.jsonl", [make_row(number) for number in range(train)])
    write_records(folder / "heldout.jsonl", [make_row(number) for number in range(train, train + heldout)])
    return folder


def translate(
    source: Path, folder: Path, *, run: str = "a-run", progress: Progress | None = None, **options: object
) -> StageCount:
    """Run the stage as the pipeline does: memory and results in one folder."""
    asked = {"engine": "echo", "shard_rows": 4, "batch_characters": 200, "options": {"prefix": "x"}} | options
    return run_translate(
        TranslateOptions.model_validate(asked),
        source=source,
        out=folder / "out",
        target=find_language("gl"),
        phrases=["Keep it short."],
        memory=folder / "memory.sqlite",
        payer=Payer(run=run, account="tests"),
        progress=progress or SilentProgress(),
    )


def read_files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / "out" / name).read_bytes() for name in FILES}


def read_rows(folder: Path, name: str = "train") -> list[TranslatedRow]:
    return list(read_records(folder / "out" / f"{name}.jsonl", TranslatedRow))


def read_drops(folder: Path) -> list[Drop]:
    return list(read_records(folder / "out" / "dropped.jsonl", Drop))
