"""Rows of an instruction set, translated by an engine and looked at by `independent`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from independent import find_damage
from mangling import translate_rows

from taco.records import Drop, Row, TranslatedRow
from taco.translate.engine import Engine, Translation
from taco.translate.rows import Leg, RowTranslator
from taco.translate.window import FIELDS


@dataclass
class Survey:
    """What became of rows.

    Attributes:
        kept: The rows that were translated.
        drops: Those that were not.
        damages: Message for each thing that `independent` found in a kept row.
    """

    kept: list[TranslatedRow] = field(default_factory=list)
    drops: list[Drop] = field(default_factory=list)
    damages: list[str] = field(default_factory=list)

    def describe(self) -> str:
        """Say it in a line."""
        reasons = ", ".join(
            f"{reason} {count}" for reason, count in Counter(drop.reason for drop in self.drops).items()
        )
        words, unknown = (sum(getattr(row, name) for row in self.kept) for name in ("words", "unknown_words"))
        return (
            f"{len(self.kept) + len(self.drops)} rows, {len(self.kept)} kept, {len(self.drops)} dropped ({reasons}), "
            f"{len(self.damages)} violations; {unknown} of {words} words unknown"
        )


def read_alpaca(path: Path, count: int) -> list[Row]:
    """Read the first rows of a file in Alpaca's form."""
    rows = json.loads(path.read_text(encoding="utf-8"))[:count]
    return [
        Row(id=f"{number:016x}", instruction=row["instruction"], input=row["input"], response=row["output"])
        for number, row in enumerate(rows)
    ]


def survey(engine: Engine, rows: Sequence[Row], *, language: str, max_unknown_share: float = 0.35) -> Survey:
    """Translate rows and look at each."""
    known: dict[str, Translation] = {}

    def send(texts: Sequence[str]) -> dict[str, Translation]:
        new = [text for text in texts if text not in known]
        known.update(zip(new, engine.translate(new), strict=True))
        return {text: known[text] for text in texts}

    translator = RowTranslator([Leg(engine=engine, send=send)], language=language, max_unknown_share=max_unknown_share)
    found = Survey()
    for row, result in zip(rows, translate_rows(translator, rows), strict=True):
        if isinstance(result, Drop):
            found.drops.append(result)
            continue
        found.kept.append(result)
        for name in FIELDS:
            damages = find_damage(getattr(row, name), getattr(result, name))
            found.damages += [f"row {row.id}, {name}: {damage}" for damage in damages]
    return found
