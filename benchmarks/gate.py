"""How many rows a second one core measures in the quality gate, and what of it is telling languages apart.

    python benchmarks/gate.py                                      the seed set in Galician, as it comes with taco
    python benchmarks/gate.py --translated runs/NAME/translate --language eo

Each figure is the best of the rounds:

- *with*: rows a second of `measure_rows`: prose, words, numbers, names, identification.
- *identification*: rows a second of `identify_batch` alone, on the same prose.
- *without*: what is left of *with* once the time of *identification* is taken off.
- *stage*: rows a second of the whole stage, reading, judging and writing included.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from taco.gate.measure import FIELDS, measure_rows
from taco.gate.options import GateOptions
from taco.gate.prose import list_prose
from taco.gate.run import NAMES, WINDOW_ROWS, run_gate
from taco.languages.batch import identify_batch
from taco.languages.table import Language, find_language
from taco.progress import SilentProgress
from taco.records import TranslatedRow
from taco.source.options import SourceOptions
from taco.source.run import run_source
from taco.store.jsonl import read_records
from taco.translate.options import TranslateOptions
from taco.translate.run import Payer, run_translate


def translate_seed(folder: Path, target: Language) -> Path:
    """Translate the seed set by what the package ships; return the folder of the translated rows."""
    source = folder / "source"
    run_source(SourceOptions(path="seed"), folder=folder, out=source, seed=17, progress=SilentProgress())
    run_translate(
        TranslateOptions(engine="shipped-memory"),
        source=source,
        out=folder / "translate",
        target=target,
        phrases=[],
        memory=folder / "memory.sqlite",
        payer=Payer(run="benchmark", account="benchmark"),
        progress=SilentProgress(),
    )
    return folder / "translate"


def time_call(work: Callable[[], object], *, rounds: int) -> float:
    """Return the seconds of the fastest round."""
    best = float("inf")
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return best


def cut_windows(rows: list[TranslatedRow]) -> list[list[TranslatedRow]]:
    """Cut rows into the stage's windows."""
    return [rows[start : start + WINDOW_ROWS] for start in range(0, len(rows), WINDOW_ROWS)]


def run_stage(translated: Path, target: Language) -> None:
    """Run the whole stage into a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as out:
        run_gate(
            GateOptions(),
            translated=translated,
            out=Path(out),
            target=target,
            seed=17,
            back=None,
            progress=SilentProgress(),
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--translated", type=Path)
    parser.add_argument("--language", default="gl")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    target = find_language(asked.language)
    with tempfile.TemporaryDirectory() as folder:
        translated = asked.translated or translate_seed(Path(folder), target)
        rows = [row for name in NAMES for row in read_records(translated / f"{name}.jsonl", TranslatedRow)]
        windows = cut_windows(rows)
        proses = [
            ["\n".join("\n".join(list_prose(getattr(row, field), keep=row.keep)) for field in FIELDS) for row in window]
            for window in windows
        ]
        measure_rows(rows[:20], target=target)  # the identifier's model is loaded
        whole = time_call(lambda: [measure_rows(window, target=target) for window in windows], rounds=asked.rounds)
        telling = time_call(lambda: [identify_batch(texts, target=target) for texts in proses], rounds=asked.rounds)
        stage = time_call(lambda: run_stage(translated, target), rounds=asked.rounds)
    figures = {
        "rows": len(rows),
        "characters_a_row": round(
            sum(len(getattr(row, name)) for row in rows for field in FIELDS for name in (field, f"{field}_en"))
            / len(rows)
        ),
        "with_rows_per_s": round(len(rows) / whole),
        "identification_rows_per_s": round(len(rows) / telling),
        "without_rows_per_s": round(len(rows) / (whole - telling)),
        "stage_rows_per_s": round(len(rows) / stage),
        "python": platform.python_version(),
    }
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
