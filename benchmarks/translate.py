"""How near the translate stage comes to its engine's own speed, and what the work around the engine costs.

    python benchmarks/translate.py --rounds 3
    python benchmarks/translate.py --source rows.json --limit 999 --engine apertium --language gl
    python benchmarks/translate.py --source rows.json --copies 5 --rounds 1

Figures, each the best of the rounds, which run in turn so that other work on the machine meets all alike:

- *engine*: characters a second that the engine gives when it is handed every text at once, in calls as large as the
  stage's, as many at a time as it allows, once all its programs are up. This is the bound.
- *stage*: characters a second of `run_translate` on the same rows with an empty memory: reading, segments, memory, engine,
  checks, files.
- *structure*: rows a second of one core for cutting, marking, putting together and checking, with an engine that says
  texts back at once;
- *identified*: the same with the language of each response identified as well, in windows as the gate does it;
- *opening*: seconds until the engine is open and all its programs have answered once. It is left out of *engine* and is
  part of *stage*.

`engine_cpu` and `stage_cpu` are CPU seconds of this process and of the engine's programs, for *engine* with opening and
closing it and for *stage*. Where the engine keeps every core busy, the stage can be no faster than their ratio,
`cpu_share_of_engine`, and is slower only by what cores stand idle.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import resource
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from taco.gate.run import WINDOW_ROWS
from taco.languages.batch import identify_batch
from taco.languages.table import ENGLISH, Language, find_language
from taco.progress import SilentProgress
from taco.records import Row
from taco.source.options import SourceOptions
from taco.source.run import run_source
from taco.store.jsonl import read_records, write_records
from taco.translate.batches import make_batches
from taco.translate.echo import EchoOptions, open_echo
from taco.translate.engine import Translation, open_engine, prepare
from taco.translate.estimate import count_texts
from taco.translate.options import TranslateOptions
from taco.translate.rows import Leg, RowTranslator
from taco.translate.run import Payer, run_translate
from taco.translate.shards import NAMES
from taco.translate.spans import find_line_spans


def time_engine(options: TranslateOptions, source: Path, target: Language) -> tuple[int, dict[str, float]]:
    """Return the characters of all texts, and the seconds that the engine alone takes for them and to open."""
    name, engine_options = options.engines[0]
    with open_engine(name, engine_options, source=ENGLISH, target=target) as engine:
        texts = list(count_texts(source, engine))
    before, opened = _read_cpu(), time.perf_counter()
    with open_engine(name, engine_options, source=ENGLISH, target=target) as engine:
        parallel = engine.limits.parallel_calls
        calls = list(make_batches(texts, engine.limits, characters=options.batch_characters // parallel))
        with ThreadPoolExecutor(parallel) as pool:
            prepare(engine)
            list(pool.map(engine.translate, [texts[:1]] * parallel))
            started = time.perf_counter()
            list(pool.map(engine.translate, calls))
            ended = time.perf_counter()
    seconds = {"engine": ended - started, "opening": started - opened, "engine_cpu": _read_cpu() - before}
    return sum(map(len, texts)), seconds


def _read_cpu() -> float:
    """Return the CPU seconds of this process and of the programs that it has ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def time_stage(options: TranslateOptions, source: Path, target: Language) -> dict[str, float]:
    """Return the seconds of the whole stage with an empty memory."""
    with tempfile.TemporaryDirectory() as folder:
        before, started = _read_cpu(), time.perf_counter()
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
        return {"stage": time.perf_counter() - started, "stage_cpu": _read_cpu() - before}


def time_structure(rows: Sequence[Row], target: Language) -> float:
    """Return the seconds of one core for everything but the engine and the files."""
    engine = open_echo(EchoOptions(), source=ENGLISH, target=target)

    def say_back(texts: Sequence[str]) -> Mapping[str, Translation]:
        return {text: Translation(text=text, words=1) for text in texts}

    translator = RowTranslator([Leg(engine=engine, send=say_back)], language=target.code, max_unknown_share=1.0)
    find_line_spans.cache_clear()  # rows of an earlier round are new ones here
    started = time.perf_counter()
    window = translator.open_window()
    for row in rows:
        window.add(row)
    translator.ask(window)
    made = {place for place, _ in (window.judge_next() for _ in rows)}
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


MORE_WORDS = ("today", "again", "together", "slowly", "indeed", "outside", "somewhere", "gladly")
"""What the sentences of copies end in, so that none of them is in the memory when its turn comes."""


def copy_rows(source: Path, *, copies: int) -> list[Row]:
    """Write further copies of the rows behind them and return all: a longer run of the same kind of text."""
    rows = [row for name in NAMES for row in read_records(source / f"{name}.jsonl", Row)]
    made = list(rows)
    for number, word in enumerate(MORE_WORDS[: copies - 1]):
        for row in rows:
            texts = [
                re.sub(r"([a-z])([.!?])(\s|$)", rf"\1 {word}\2\3", text)
                for text in (row.instruction, row.input, row.response)
            ]
            instruction, added, response = texts
            made.append(
                replace(row, id=f"{number}{row.id[1:]}", instruction=instruction, input=added, response=response)
            )
    if copies > 1:
        write_records(source / "train.jsonl", made)
        write_records(source / "heldout.jsonl", [])
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", default="seed")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--copies", type=int, default=1, help="the source so many times, its sentences told apart")
    parser.add_argument("--engine", default="apertium")
    parser.add_argument("--language", default="gl")
    parser.add_argument("--batch-characters", type=int, default=TranslateOptions().batch_characters)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    target = find_language(asked.language)
    options = TranslateOptions(engine=asked.engine, batch_characters=asked.batch_characters)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder)
        read = SourceOptions(path=asked.source, limit=asked.limit, heldout=0)
        run_source(read, folder=Path.cwd(), out=source, seed=17, progress=SilentProgress())
        rows = copy_rows(source, copies=asked.copies)
        best: dict[str, float] = {}
        characters = 0
        for _ in range(asked.rounds):
            characters, seconds = time_engine(options, source, target)
            seconds |= time_stage(options, source, target)
            seconds["structure"] = time_structure(rows, target)
            seconds["identification"] = time_identification(rows, target)
            best = {figure: min(value, best.get(figure, value)) for figure, value in seconds.items()}
    figures = {
        "rows": len(rows),
        "characters": characters,
        "engine_characters_per_s": round(characters / best["engine"]),
        "stage_characters_per_s": round(characters / best["stage"]),
        "stage_share_of_engine": round(best["engine"] / best["stage"], 3),
        "structure_rows_per_s": round(len(rows) / best["structure"]),
        "identified_rows_per_s": round(len(rows) / (best["structure"] + best["identification"])),
        "cpu_share_of_engine": round(best["engine_cpu"] / best["stage_cpu"], 3),
        "seconds": {name: round(seconds, 3) for name, seconds in best.items()},
        "python": platform.python_version(),
    }
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
