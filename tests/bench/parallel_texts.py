"""The texts that benches are tried on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from taco.bench.results import Results

RunBench = Callable[..., Results]

NUMBER = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
PAIRS = [
    (f"The {word} cats sleep in the sun all day long.", f"Os {word} gatos dormen ao sol durante todo o día.")
    for word in NUMBER
]
STRUCTURED = [
    ("Run `ls -l` in ~/src, {name}.", "Executa `ls -l` en ~/src, {name}."),
    ("- milk\n- 3 eggs", "- leite\n- 3 ovos"),
]


def write_pairs(path: Path, pairs: list[tuple[str, str]], *, language: str = "gl") -> Path:
    rows = ({"bcp47": language, "en": text_en, "text": text} for text_en, text in pairs)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path
