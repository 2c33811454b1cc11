"""Shards as one stream: calls stay full, nothing is asked twice, and what goes wrong in the middle loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from translate_fakes import FakeClock, FaultyEngine
from translate_rows import read_files, translate, write_source

from taco.errors import EngineBusy, EngineError, StoreError
from taco.progress import SilentProgress, Task
from taco.records import Row
from taco.store.jsonl import write_records
from taco.store.memory import Ledger, TranslationMemory
from taco.translate.engine import Limits, Translation
from taco.translate.options import TranslateOptions
from taco.translate.runner import open_runner
from taco.translate.sender import BUSY_ATTEMPTS
from taco.translate.shards import Part, PartFolder, Shard, cut_shards
from taco.translate.window import Window
from taco.translate.worker import Job, Opened

ROWS = 25


class RecordingEngine(FaultyEngine):
    """Keeps the texts of each call, and how often it was told to get ready."""

    def __init__(self, script: Sequence[BaseException | None] = (), *, limits: Limits | None = None) -> None:
        super().__init__(script, limits=limits)
        self.requests: list[list[str]] = []
        self.prepared = 0

    def prepare(self) -> None:
        self.prepared += 1

    def translate(self, texts: Sequence[str]) -> list[Translation]:
        self.requests.append(list(texts))
        return super().translate(texts)


Use = Callable[[RecordingEngine], RecordingEngine]


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Use:
    """Return a function that puts an engine in the place of whatever a recipe names."""

    def put(engine: RecordingEngine) -> RecordingEngine:
        monkeypatch.setattr("taco.translate.worker.open_engine", lambda *_, **__: engine)
        return engine

    return put


def read_ledger(folder: Path) -> Ledger:
    with TranslationMemory(folder / "memory.sqlite", source="en", target="gl", signature=None) as kept:
        return kept.read_ledger("a-run")


def test_calls_are_full_whatever_the_size_of_shards(tmp_path: Path, use: Use) -> None:
    engine = use(RecordingEngine())
    translate(write_source(tmp_path / "source"), tmp_path, shard_rows=2, batch_characters=300)
    calls = engine.requests[1:]  # the first is the phrase
    for call, following in pairwise(calls[:-1]):
        assert sum(map(len, call)) + len(following[0]) > 300
    asked = [text for call in calls for text in call]
    assert len(asked) == len(set(asked))


def test_equal_texts_of_shards_that_are_open_together_are_sent_once(tmp_path: Path, use: Use) -> None:
    engine = use(RecordingEngine(limits=Limits(parallel_calls=3)))
    source = tmp_path / "source"
    source.mkdir()
    rows = [Row(id=f"{n:016x}", instruction="Say the same again.", input="", response=f"Word {n}.") for n in range(12)]
    write_records(source / "train.jsonl", rows)
    write_records(source / "heldout.jsonl", [])
    count = translate(source, tmp_path, shard_rows=3, batch_characters=10)
    assert engine.sent.count("Say the same again.") == 1
    assert (count.counters["segments"], count.counters["texts_sent"]) == (24, 14)
    assert count.counters["segments_paid"] == 24


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the files of a run in which nothing happens."""
    folder = tmp_path_factory.mktemp("undisturbed")
    translate(write_source(folder / "source"), folder, shard_rows=1000)
    return read_files(folder)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shard_rows=st.integers(1, 30),
    characters=st.integers(1, 2000),
    parallel=st.integers(1, 5),
    most=st.none() | st.integers(1, 4),
    busy=st.lists(st.booleans(), max_size=12),
)
def test_however_calls_are_made_the_files_are_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    use: Use,
    undisturbed: dict[str, bytes],
    shard_rows: int,
    characters: int,
    parallel: int,
    most: int | None,
    busy: list[bool],
) -> None:
    folder = tmp_path_factory.mktemp("run")
    source = write_source(folder / "source")
    monkeypatch.setattr("taco.translate.sender.SystemClock", FakeClock)
    limits = Limits(parallel_calls=parallel, texts_per_call=most)
    script = [EngineBusy("503 Service Unavailable") if is_busy else None for is_busy in busy]
    engine = use(RecordingEngine(script[: BUSY_ATTEMPTS - 1], limits=limits))
    count = translate(source, folder, shard_rows=shard_rows, batch_characters=characters)
    assert read_files(folder) == undisturbed
    assert (count.rows_kept, count.counters["texts_lost"]) == (ROWS, 0)
    assert len(engine.sent) == len(set(engine.sent))
    assert max(engine.sizes) <= (most or len(engine.sent))


def test_an_empty_shard_has_an_empty_part(tmp_path: Path) -> None:
    options = TranslateOptions.model_validate({"engine": "echo"})
    job = Job(options=options, language="gl", memory=tmp_path / "memory.sqlite", run="a-run", account="tests")
    empty = [Shard(name="train", number=number, first_line=1, lines=()) for number in range(3)]
    progress = SilentProgress()
    with progress.task("", total=None, unit="") as task, open_runner(job, progress=progress, task=task) as opened:
        parts = list(opened.map(empty))
    assert [(part.key, part.rows, part.drops) for part in parts] == [(shard.key, (), ()) for shard in empty]


def test_an_interrupt_between_two_calls_loses_none_that_is_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, use: Use
) -> None:
    source = write_source(tmp_path / "source")
    engine = use(RecordingEngine(limits=Limits(parallel_calls=2)))
    real, added = Window.add, []

    def add(window: Window, row: Row) -> None:
        added.append(row)
        if len(added) == 15:
            raise KeyboardInterrupt
        real(window, row)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Window, "add", add)
        translate(source, tmp_path)
    ledger = read_ledger(tmp_path)
    assert ledger.segments == len(engine.sent) > 1
    assert ledger.lost_segments == 0
    count = translate(source, tmp_path)
    assert count.counters["characters_sent"] == sum(map(len, engine.sent))
    assert len(engine.sent) == len(set(engine.sent))


def test_a_disk_that_fails_in_the_middle_loses_no_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, use: Use
) -> None:
    source = write_source(tmp_path / "source")
    engine = use(RecordingEngine(limits=Limits(parallel_calls=3)))
    real, written = PartFolder.write, []

    def write(folder: PartFolder, part: Part) -> None:
        written.append(part.key)
        if len(written) == 2:
            raise StoreError("The disk is full.")
        real(folder, part)

    with monkeypatch.context() as patched, pytest.raises(StoreError, match="full"):
        patched.setattr(PartFolder, "write", write)
        translate(source, tmp_path)
    assert read_ledger(tmp_path).lost_segments == 0
    count = translate(source, tmp_path)
    assert count.counters["texts_lost"] == 0
    assert len(engine.sent) == len(set(engine.sent))


def test_a_call_that_ends_the_run_loses_none_beside_it(tmp_path: Path, use: Use) -> None:
    source = write_source(tmp_path / "source")
    engine = use(RecordingEngine([None, None, EngineError("403 Forbidden")], limits=Limits(parallel_calls=4)))
    with pytest.raises(EngineError, match="403"):
        translate(source, tmp_path)
    ledger = read_ledger(tmp_path)
    assert (ledger.lost_segments, ledger.failed_batches) == (0, 1)
    assert ledger.segments - ledger.failed_segments == len(engine.sent)


def test_every_row_is_counted_once(tmp_path: Path) -> None:
    counted: list[int] = []

    class CountingTask:
        def advance(self, amount: int = 1, *, note: str = "") -> None:
            counted.append(amount)

    class Counting(SilentProgress):
        @contextmanager
        def task(self, title: str, *, total: int | None, unit: str, done: int = 0) -> Iterator[Task]:
            yield CountingTask()

    source = write_source(tmp_path / "source")
    translate(source, tmp_path, progress=Counting())
    assert sum(counted) == ROWS + 1  # the phrase


@pytest.mark.parametrize(("processes", "times"), [(1, 1), (2, 0)])
def test_an_engine_gets_ready_where_it_is_going_to_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: int, times: int
) -> None:
    engine = RecordingEngine()
    monkeypatch.setattr("taco.translate.run.open_engines", lambda job: Opened([engine], []))
    source = write_source(tmp_path / "source")
    translate(source, tmp_path, processes=processes)
    assert engine.prepared == times
    again = RecordingEngine()
    monkeypatch.setattr("taco.translate.run.open_engines", lambda job: Opened([again], []))
    translate(source, tmp_path)
    assert (again.prepared, again.sent) == (0, [])  # the memory has it all


@pytest.mark.parametrize("runner", ["local", pytest.param("ray", marks=[pytest.mark.slow, pytest.mark.timeout(600)])])
@pytest.mark.filterwarnings("ignore")
def test_workers_that_cannot_open_the_engine_say_why(
    tmp_path: Path, runner: str, request: pytest.FixtureRequest
) -> None:
    """As where the machine that drives a run has an engine that its workers lack."""
    if runner == "ray":
        pytest.importorskip("ray", reason="Ray (taco-llm[scale]) is not installed")
        request.getfixturevalue("alone_with_ray")
    asked = {"engine": "apertium", "options": {"modes": str(tmp_path)}, "runner": runner, "processes": 2}
    options = TranslateOptions.model_validate(asked)
    job = Job(options=options, language="gl", memory=tmp_path / "memory.sqlite", run="a-run", account="tests")
    shard = next(cut_shards(write_source(tmp_path / "source") / "train.jsonl", rows=5))
    progress = SilentProgress()
    with (
        pytest.raises(EngineError, match=r"Apertium (is not installed|has no way)"),
        progress.task("", total=None, unit="") as task,
        open_runner(job, progress=progress, task=task) as opened,
    ):
        list(opened.map([shard]))
