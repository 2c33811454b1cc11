"""How near the translate stage comes to its engine's own speed, and what the work around the engine costs.

    python benchmarks/translate.py --rounds 3
    python benchmarks/translate.py --source rows.json --limit 999 --engine apertium --language gl

Four figures, each the best of the rounds, which run in turn so that other work on the machine meets all alike:

- *engine*: characters a second that the engine gives when it is handed every text at once, in calls as large as the
  stage's, as many at a time as it allows. This is the bound.
- *stage*: characters a second of `run_translate` on the same rows with an empty memory: reading, segments, memory, engine,
  checks, files.
- *structure*: rows a second of one core for cutting, marking, putting together and checking, with an engine that says
  texts back at once;
- *identified*: the same with the language of each response identified as well, in windows as the gate does it.

Opening the engine is left out of *engine* and is part of *stage*.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from taco.gate.run import WINDOW_ROWS
from taco.languages.batch import identify_batch
from taco.languages.table import ENGLISH, Language, find_language
from taco.progress import SilentProgress
from taco.records import Row
from taco.source.options import SourceOptions
from taco.source.run import run_source
from taco.store.jsonl import read_records
from taco.translate.echo import EchoOptions, open_echo
from taco.translate.engine import Translation, open_engine
from taco.translate.estimate import count_texts
from taco.translate.options import TranslateOptions
from taco.translate.rows import Leg, RowTranslator
from taco.translate.run import Payer, run_translate
from taco.translate.batches import make_batches
from taco.translate.shards import NAMES
from taco.translate.spans import find_line_spans


def time_engine(options: TranslateOptions, source: Path, target: Language) -> tuple[int, float]:
    """Return the characters of all texts and the seconds that the engine alone takes for them."""
    name, engine_options = options.engines[0]
    with open_engine(name, engine_options, source=ENGLISH, target=target) as engine:
        texts = list(count_texts(source, engine))
        parallel = engine.limits.parallel_calls
        calls = list(make_batches(texts, engine.limits, characters=options.batch_characters // parallel))
        engine.translate(texts[:1])  # its processes are up
        started = time.perf_counter()
        with ThreadPoolExecutor(parallel) as pool:
            list(pool.map(engine.translate, calls))
        return sum(map(len, texts)), time.perf_counter() - started


def time_stage(options: TranslateOptions, source: Path, target: Language) -> float:
    """Return the seconds of the whole stage with an empty memory."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        run_translate(
            options,
            source=source,
            out=Path(folder) / "out",
            target=target,
            phrases=[],
            memory=Path(folder) / "memory.sqlite",
            payer=Payer(run="benchmark", account="benchmark"),
            progress=SilentProgress(),
        )
        return time.perf_counter() - started


def time_structure(rows: Sequence[Row], target: Language) -> float:
    """Return the seconds of one core for everything but the engine and the files."""
    engine = open_echo(EchoOptions(), source=ENGLISH, target=target)

    def say_back(texts: Sequence[str]) -> Mapping[str, Translation]:
        return {text: Translation(text=text, words=1) for text in texts}

    translator = RowTranslator([Leg(engine=engine, send=say_back)], language=target.code, max_unknown_share=1.0)
    find_line_spans.cache_clear()  # rows of an earlier round are new ones here
    started = time.perf_counter()
    made = translator.translate(rows)
    seconds = time.perf_counter() - started
    assert len(made) == len(rows)
    return seconds


def time_identification(rows: Sequence[Row], target: Language) -> float:
    """Return the seconds of one core for saying which language each response is in."""
    texts = [row.response for row in rows]
    started = time.perf_counter()
    for first in range(0, len(texts), WINDOW_ROWS):
        identify_batch(texts[first : first + WINDOW_ROWS], target=target)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", default="seed")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--engine", default="apertium")
    parser.add_argument("--language", default="gl")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    target = find_language(asked.language)
    options = TranslateOptions(engine=asked.engine)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder)
        read = SourceOptions(path=asked.source, limit=asked.limit, heldout=0)
        run_source(read, folder=Path.cwd(), out=source, seed=17, progress=SilentProgress())
        rows = [row for name in NAMES for row in read_records(source / f"{name}.jsonl", Row)]
        best = dict.fromkeys(("engine", "stage", "structure", "identification"), float("inf"))
        characters = 0
        for _ in range(asked.rounds):
            characters, seconds = time_engine(options, source, target)
            best["engine"] = min(best["engine"], seconds)
            best["stage"] = min(best["stage"], time_stage(options, source, target))
            best["structure"] = min(best["structure"], time_structure(rows, target))
            best["identification"] = min(best["identification"], time_identification(rows, target))
    figures = {
        "rows": len(rows),
        "characters": characters,
        "engine_characters_per_s": round(characters / best["engine"]),
        "stage_characters_per_s": round(characters / best["stage"]),
        "stage_share_of_engine": round(best["engine"] / best["stage"], 3),
        "structure_rows_per_s": round(len(rows) / best["structure"]),
        "identified_rows_per_s": round(len(rows) / (best["structure"] + best["identification"])),
        "seconds": {name: round(seconds, 3) for name, seconds in best.items()},
        "python": platform.python_version(),
    }
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
