"""Translated rows: made up ones, and the seed set in Galician from the shipped memory."""

import random
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from taco.gate.options import GateOptions
from taco.gate.run import run_gate
from taco.languages.table import find_language
from taco.progress import Progress, SilentProgress
from taco.records import Drop, StageCount, TranslatedRow
from taco.source.options import SourceOptions
from taco.source.run import run_source
from taco.store.jsonl import read_records, write_records
from taco.translate.options import TranslateOptions
from taco.translate.run import Payer, run_translate

GALICIAN = find_language("gl")

SPANISH = (
    "Los vecinos del pueblo se reúnen cada domingo en la plaza para hablar de las noticias de la semana.",
    "La lluvia empezó por la tarde y no paró hasta que llegó la noche.",
    "Mi hermana trabaja en un hospital y vuelve muy cansada a casa.",
    "El tren de las ocho siempre llega con retraso cuando hay niebla en el valle.",
    "Nunca he visto un río tan limpio como el que pasa detrás de la escuela.",
    "Los niños juegan con una pelota roja mientras sus padres preparan la comida.",
)


def make_row(**texts: str) -> TranslatedRow:
    """Make a row from `instruction_en`, `instruction` and the like; what is not given is empty."""
    names = ("instruction_en", "input_en", "response_en", "instruction", "input", "response")
    fields: dict[str, object] = {"id": "0" * 16, "language": "gl", "category": "", "words": 10, "unknown_words": 0}
    return TranslatedRow(**(fields | {"engine": "made up"} | dict.fromkeys(names, "") | texts))  # type: ignore[arg-type]


def translate_seed(folder: Path, *, heldout: int = 40) -> Path:
    """Translate the seed set into Galician by what the package ships; return the folder of the translated rows."""
    run_source(
        SourceOptions(path="seed", heldout=heldout),
        folder=Path.cwd(),
        out=folder / "source",
        seed=17,
        progress=SilentProgress(),
    )
    run_translate(
        TranslateOptions(engine="shipped-memory"),
        source=folder / "source",
        out=folder / "translate",
        target=GALICIAN,
        phrases=[],
        memory=folder / "memory.sqlite",
        payer=Payer(run="seed", account="seed"),
        progress=SilentProgress(),
    )
    return folder / "translate"


def write_rows(folder: Path, train: list[TranslatedRow], heldout: list[TranslatedRow]) -> Path:
    """Write rows as `translate` does."""
    write_records(folder / "train.jsonl", train)
    write_records(folder / "heldout.jsonl", heldout)
    (folder / "phrases.jsonl").write_bytes(b"")
    return folder


def gate(translated: Path, out: Path, *, progress: Progress | None = None, **options: object) -> StageCount:
    """Run the gate without any translation back."""
    return run_gate(
        GateOptions(**options),  # type: ignore[arg-type]
        translated=translated,
        out=out,
        target=GALICIAN,
        seed=17,
        back=None,
        progress=progress or SilentProgress(),
    )


def read_rows(path: Path) -> list[TranslatedRow]:
    return list(read_records(path, TranslatedRow))


def read_drops(path: Path) -> list[Drop]:
    return list(read_records(path, Drop))


def plant_faults(rows: list[TranslatedRow], chance: random.Random) -> Iterator[tuple[str, TranslatedRow]]:
    """Yield (fault, row) for each fault in some good rows, each under an id of its own."""
    faults = {
        "wrong language": _put_spanish,
        "english": lambda row, _: replace(
            row, instruction=row.instruction_en, input=row.input_en, response=row.response_en
        ),
        "loop": _loop,
        "truncated": lambda row, _: replace(row, response=row.response[: len(row.response) // 4]),
        "digits": lambda row, _: replace(row, response=re.sub(r"\d", _raise, row.response, count=1)),
        "script": lambda row, _: replace(row, response=row.response.lower().translate(_CYRILLIC)),
    }
    for number, (fault, spoil) in enumerate(faults.items()):
        fit = [row for row in rows if _fits(fault, row)]
        for row in chance.sample(fit, min(12, len(fit))):
            yield fault, replace(spoil(row, chance), id=f"{number:04x}{row.id[4:]}")


_CYRILLIC = str.maketrans("abcdefghijklmnopqrstuvwxyz", "абцдефгхийклмнопярстуввхыз")


def _fits(fault: str, row: TranslatedRow) -> bool:
    if fault == "digits":
        return re.search(r"\d", row.response) is not None
    return "```" not in row.response and len(row.response) > max(150, len(row.instruction) + len(row.input))


def _put_spanish(row: TranslatedRow, chance: random.Random) -> TranslatedRow:
    text = ""
    while len(text) < len(row.response_en):
        text += chance.choice(SPANISH) + " "
    return replace(row, instruction=chance.choice(SPANISH), response=text.strip())


def _loop(row: TranslatedRow, _: random.Random) -> TranslatedRow:
    words = row.response.split(" ")
    return replace(row, response=" ".join(words[: len(words) // 2] + 8 * words[-6:]))


def _raise(digit: re.Match[str]) -> str:
    return str((int(digit[0]) + 1) % 10)
