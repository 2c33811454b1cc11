"""A parallel file, the engine `noisy` in the registry, and a bench with short settings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import noisy_engine
import pytest
from parallel_texts import PAIRS, STRUCTURED, RunBench, write_pairs

from taco.bench.options import BenchOptions, Corpus, choose_engines
from taco.bench.results import Results
from taco.bench.run import run_bench
from taco.languages.table import find_language
from taco.progress import SilentProgress
from taco.registry import Entry
from taco.translate.engine import ENGINES


@pytest.fixture
def noisy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the engine `noisy` known, with the right answers for all pairs."""
    entry = Entry("noisy_engine:NoisyOptions", "noisy_engine:open_noisy")
    monkeypatch.setitem(ENGINES._entries, "noisy", entry)
    monkeypatch.setattr(noisy_engine, "ANSWERS", dict([*PAIRS, *STRUCTURED]))


@pytest.fixture
def parallel(tmp_path: Path) -> Path:
    """Return a JSON Lines file of pairs in Galician."""
    return write_pairs(tmp_path / "parallel.jsonl", PAIRS)


@pytest.fixture
def bench(noisy: None, tmp_path: Path, parallel: Path) -> RunBench:
    """Return a function that runs a bench in a folder of the test's own."""

    def run(
        *engines: str, settings: tuple[str, ...] = (), file: Path = parallel, out: str = "out", **changes: Any
    ) -> Results:
        options = BenchOptions(
            **{
                "languages": (find_language("gl"),),
                "engines": choose_engines(engines, settings),
                "corpus": Corpus(file=file),
                "samples": 100,
                **changes,
            }
        )
        return run_bench(options, out=tmp_path / out, memory=tmp_path / "memory.sqlite", progress=SilentProgress())

    return run


@pytest.fixture(scope="session")
def udhr() -> Path:
    """Return the parallel file of the Universal Declaration of Human Rights, which is not part of the repository."""
    root = Path(__file__).parents[3]
    places = [os.environ.get("TACO_SHARED_DATA", ""), root / "shared" / "data", root.parent / "shared" / "data"]
    for place in places:
        path = Path(place) / "udhr" / "parallel.jsonl.gz"
        if place and path.is_file():
            return path
    pytest.skip("needs udhr/parallel.jsonl.gz in the folder that TACO_SHARED_DATA names")
