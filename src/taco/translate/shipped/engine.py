"""The engine `shipped-memory`: looks texts up in the translations of the seed rows that come with the package."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from importlib import resources
from typing import Any

from taco.errors import EngineError, EngineRejected
from taco.languages.table import ENGLISH, Language
from taco.translate.engine import FREE, Closing, Limits, Translation
from taco.translate.shipped.options import ShippedOptions


class ShippedEngine(Closing):
    """Answers from a table, and only from it.

    Args:
        header: What made the table: "signature", "source", "target".
        table: Text -> (translation, words, unknown words).
    """

    name = "shipped-memory"
    limits = Limits()
    price = FREE

    def __init__(self, header: dict[str, Any], table: dict[str, tuple[str, int, int]]) -> None:
        self.signature = f"shipped {header['signature']}"
        self.keeps_slots = bool(header["keeps_slots"])
        self._table = table

    def translate(self, texts: Sequence[str]) -> list[Translation]:
        """Look texts up.

        Raises:
            EngineRejected: A text is not in the table.
        """
        unknown = [text for text in texts if text not in self._table]
        if unknown:
            raise EngineRejected(
                f"The shipped translations do not hold {unknown[0][:80]!r} ({len(unknown)} texts are missing); "
                "they cover the seed rows only.",
                hint="Install Apertium: apt-get install apertium apertium-en-gl.",
            )
        found = [self._table[text] for text in texts]
        return [Translation(text=text, words=words, unknown_words=unknown) for text, words, unknown in found]


def open_shipped(options: ShippedOptions, *, source: Language, target: Language) -> ShippedEngine:
    """Open the table of a language.

    Raises:
        EngineError: No translations into that language come with the package.
    """
    file = resources.files("taco.translate.shipped").joinpath(f"{target.code}.jsonl.gz")
    if source != ENGLISH or not file.is_file():
        raise EngineError(
            f"No translations from {source.name} into {target.name} come with taco.",
            hint="Install a translator, or use translate.engine = another one; see docs/translate.md.",
        )
    lines = gzip.decompress(file.read_bytes()).decode().splitlines()
    rows = [json.loads(line) for line in lines[1:]]
    table = {row["text_en"]: (row["text"], row["words"], row["unknown_words"]) for row in rows}
    return ShippedEngine(json.loads(lines[0]), table)
