"""Plant faults in translated rows and say how many the gate finds, and how many of the rows as they were it would drop.

    python tools/check_gate.py runs/NAME-gl/translate --language gl --other runs/NAME-es/translate

The rows' language is --language; --other holds the same rows in the language that is planted as the wrong one. A third of the
rows, drawn with a fixed seed, is spoilt in each way. Thresholds are found twice: from the rows as they were, and with faulty
rows among them, a fifth of all.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from taco.gate.checks import CHECKS
from taco.gate.measure import measure_rows
from taco.gate.options import ThresholdOptions
from taco.gate.thresholds import Sample, Thresholds, find_thresholds
from taco.gate.verdict import list_faults
from taco.languages.identify import identify
from taco.languages.table import Language, find_language
from taco.records import Figures, TranslatedRow
from taco.store.jsonl import read_records

SEED = 1
CYRILLIC = str.maketrans("abcdefghijklmnopqrstuvwxyz", "абцдефгхийклмнопярстуввхыз")

Spoil = Callable[[TranslatedRow], TranslatedRow | None]
"""A good row -> a faulty one, None where the fault does not fit the row."""


def list_faulty_rows(
    rows: Sequence[TranslatedRow], others: Mapping[str, TranslatedRow]
) -> Iterator[tuple[str, TranslatedRow]]:
    """Yield (fault, row)."""

    def put_other(row: TranslatedRow) -> TranslatedRow | None:
        other = others.get(row.id)
        return other and replace(row, instruction=other.instruction, input=other.input, response=other.response)

    faults: dict[str, Spoil] = {
        "all in English": lambda row: replace(
            row, instruction=row.instruction_en, input=row.input_en, response=row.response_en
        ),
        "response in English": lambda row: replace(row, response=row.response_en),
        "another language": put_other,
        "loop": loop,
        "cut to a third": cut,
        "a digit changed": change_digit,
        "response in Cyrillic": lambda row: replace(row, response=row.response.lower().translate(CYRILLIC)),
    }
    chance = random.Random(SEED)  # noqa: S311
    for fault, spoil in faults.items():
        for row in chance.sample(rows, len(rows) // 3):
            if spoilt := spoil(row):
                yield fault, spoilt


def loop(row: TranslatedRow) -> TranslatedRow | None:
    words = row.response.split(" ")
    return replace(row, response=" ".join(words[: len(words) // 2] + 12 * words[-6:])) if len(words) > 12 else None


def cut(row: TranslatedRow) -> TranslatedRow | None:
    is_long = len(row.response) > 1.5 * len(row.instruction)
    return replace(row, response=row.response[: len(row.response) // 3]) if is_long else None


def change_digit(row: TranslatedRow) -> TranslatedRow | None:
    changed = re.sub(r"\d", lambda digit: str((int(digit[0]) + 1) % 10), row.response, count=1)
    return replace(row, response=changed) if changed != row.response else None


def find(figures: Sequence[Figures], target: Language) -> Thresholds:
    """Find the thresholds that the gate would find for these rows."""
    sample = Sample()
    for one in figures:
        sample.add(one)
    blank = identify("", target=target)
    return find_thresholds(
        sample,
        target=target,
        identifier=blank.signature,
        knows_target=blank.knows_target,
        fixed=ThresholdOptions(),
        checks=CHECKS,
        least_rows=100,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("translated", type=Path)
    parser.add_argument("--language", required=True)
    parser.add_argument("--other", type=Path, required=True)
    asked = parser.parse_args()
    target = find_language(asked.language)
    rows = list(read_records(asked.translated / "train.jsonl", TranslatedRow))
    others = {row.id: row for row in read_records(asked.other / "train.jsonl", TranslatedRow)}
    planted = list(list_faulty_rows(rows, others))
    clean, faulty = measure_rows(rows, target=target), measure_rows([row for _, row in planted], target=target)
    among = clean + random.Random(SEED).sample(faulty, len(clean) // 4)  # noqa: S311
    for title, figures in (("thresholds from the rows as they were", clean), ("a fifth of the rows faulty", among)):
        thresholds = find(figures, target)
        total = Counter(fault for fault, _ in planted)
        found = Counter(fault for (fault, _), one in zip(planted, faulty, strict=True) if list_faults(one, thresholds))
        print(title)
        print(f"  dropped as they were: {sum(bool(list_faults(one, thresholds)) for one in clean)} of {len(clean)}")
        print(f"  found in all: {found.total()} of {total.total()} ({found.total() / total.total():.1%})")
        print("  " + json.dumps({fault: f"{found[fault]} of {number}" for fault, number in total.items()}))


if __name__ == "__main__":
    main()
