"""The stage as a whole: what is killed goes on, and nothing is lost, doubled or paid twice."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from translate_fakes import FaultyEngine
from translate_rows import read_drops, read_files, read_rows, translate, write_source

from said import Said
from taco.errors import BudgetError, DataError, EngineBusy, EngineError, EngineRejected
from taco.store.memory import TranslationMemory
from taco.translate.echo import EchoEngine
from taco.translate.engine import Limits, Translation
from taco.translate.shards import PartFolder
from taco.translate.worker import LONGEST_WAIT_S, OPEN_ATTEMPTS

KILLS = 200
BATCH_CHARACTERS = 200


class Killed(BaseException):
    """Stands for SIGKILL where a new process for each kill would be too slow."""


class Fate:
    """Counts the moments of a run, and kills it at one of them; after that all is dead until the next life."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.moments, self.die_at, self.characters = 0, -1, 0
        for owner, name in (
            (EchoEngine, "translate"),
            (TranslationMemory, "record_sent"),
            (TranslationMemory, "store"),
            (TranslationMemory, "look_up"),
            (TranslationMemory, "record_failed"),
            (PartFolder, "write"),
            (PartFolder, "remove"),
        ):
            monkeypatch.setattr(owner, name, self._wrap(getattr(owner, name), counts=name == "translate"))

    def start(self, *, die_at: int = -1) -> None:
        self.moments, self.die_at = 0, die_at

    def _pass(self) -> None:
        if 0 <= self.die_at <= self.moments:
            raise Killed
        self.moments += 1

    def _wrap(self, method: Callable[..., Any], *, counts: bool) -> Callable[..., Any]:
        def wrapped(owner: Any, *args: Any, **named: Any) -> Any:
            self._pass()
            if counts:
                self.characters += sum(map(len, args[0]))
            result = method(owner, *args, **named)
            self._pass()
            return result

        return wrapped


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_at_any_moment_the_same_call_gives_the_same_files_and_pays_for_one_batch_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_source(tmp_path / "source")
    fate = Fate(monkeypatch)
    translate(source, tmp_path / "undisturbed")
    expected, paid, moments = read_files(tmp_path / "undisturbed"), fate.characters, fate.moments
    chance = random.Random(17)
    for number in range(KILLS):
        folder = tmp_path / f"killed-{number}"
        fate.characters = 0
        fate.start(die_at=chance.randrange(moments))
        with pytest.raises(Killed):
            translate(source, folder)
        fate.start()
        count = translate(source, folder)
        assert read_files(folder) == expected
        assert count.is_balanced()
        assert paid <= fate.characters <= paid + BATCH_CHARACTERS
        assert not (folder / "out" / "parts-4").exists()


def test_killed_again_and_again_a_run_still_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_source(tmp_path / "source")
    fate = Fate(monkeypatch)
    translate(source, tmp_path / "undisturbed")
    paid, fate.characters, kills = fate.characters, 0, 0
    for life in range(4, 400):
        fate.start(die_at=life)
        try:
            translate(source, tmp_path / "killed")
        except Killed:
            kills += 1
        else:
            break
    assert kills > 3
    assert read_files(tmp_path / "killed") == read_files(tmp_path / "undisturbed")
    assert fate.characters <= paid + kills * BATCH_CHARACTERS


_CHILD = """
import sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
from translate_rows import translate
from taco.translate.echo import EchoEngine
real = EchoEngine.translate
def slowly(self, texts):
    time.sleep(0.01)
    with open({log!r}, "a") as log:
        log.write(str(sum(map(len, texts))) + "\\n")
    return real(self, texts)
EchoEngine.translate = slowly
print("ready", flush=True)
translate(Path({source!r}), Path({folder!r}))
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_process_killed_20_times_goes_on(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source", train=1200, heldout=20)

    def start(folder: str) -> subprocess.Popen[str]:
        values = {"source": str(source), "folder": str(tmp_path / folder), "log": str(tmp_path / f"{folder}.log")}
        code = _CHILD.format(tests=str(Path(__file__).parent), **values)
        return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)

    with start("undisturbed") as child:
        assert child.wait() == 0
    chance, kills = random.Random(17), 0
    while kills < 20:
        with start("killed") as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(chance.uniform(0.0, 0.15))
            child.send_signal(signal.SIGKILL)
            if child.wait() == 0:  # a fast machine is done before the twentieth
                break
        kills += 1
    assert kills >= 10, "it ended before it could be killed; give it more rows"
    with start("killed") as child:
        assert child.wait() == 0
    assert read_files(tmp_path / "killed") == read_files(tmp_path / "undisturbed")
    paid, again = (sum(map(int, (tmp_path / f"{name}.log").read_text().split())) for name in ("undisturbed", "killed"))
    assert paid <= again <= paid + kills * BATCH_CHARACTERS


@pytest.mark.parametrize("options", [{"shard_rows": 1}, {"shard_rows": 1000}, {"processes": 2}])
def test_results_do_not_depend_on_how_the_work_is_cut(tmp_path: Path, options: dict[str, object]) -> None:
    source = write_source(tmp_path / "source")
    one = translate(source, tmp_path / "one")
    other = translate(source, tmp_path / "other", **options)
    assert read_files(tmp_path / "one") == read_files(tmp_path / "other")
    assert (one.rows_in, one.rows_kept, one.dropped) == (other.rows_in, other.rows_kept, other.dropped)


def test_a_second_run_pays_nothing(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source")
    first = translate(source, tmp_path, run="first").counters
    second = translate(source, tmp_path, run="second").counters
    assert first["texts_sent"] and first["segments_paid"] == first["segments"]
    assert (second["texts_sent"], second["characters_sent"], second["segments_paid"]) == (0, 0, 0)
    assert second["segments_from_memory"] == second["segments"] == first["segments"]


@pytest.mark.slow
def test_a_worker_process_that_dies_costs_no_row(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source", train=60)
    translate(source, tmp_path / "undisturbed")
    code = f"""
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
import taco.translate.runner as runner
from translate_rows import translate
real, killed = runner._ProcessRunner._submit, set()
def submit(self, shard):
    future = real(self, shard)
    left = set(self._pool._processes) - killed
    if len(killed) < 3 and len(left) > 1:
        killed.add(min(left))
        os.kill(min(left), signal.SIGKILL)
    return future
runner._ProcessRunner._submit = submit
if __name__ == "__main__":
    translate(Path({str(source)!r}), Path({str(tmp_path / "hurt")!r}), processes=2)
    print(len(killed))
"""
    script = tmp_path / "script.py"
    script.write_text(code)
    done = subprocess.run([sys.executable, str(script)], check=False, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0
    assert read_files(tmp_path / "hurt") == read_files(tmp_path / "undisturbed")


class _Scripted:
    """Puts an engine of the test's own in the place of an engine's name."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **engines: FaultyEngine) -> None:
        def open_engine(name: str, options: object, **_: object) -> FaultyEngine:
            return engines[name.replace("-", "_")]

        monkeypatch.setattr("taco.translate.worker.open_engine", open_engine)


def _refuse(word: str) -> Callable[[Sequence[str]], BaseException | None]:
    return lambda texts: EngineRejected(f"400: no {word}") if any(word in text for text in texts) else None


def test_what_the_first_engine_refuses_the_next_translates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_source(tmp_path / "source")
    backup = FaultyEngine()
    backup.signature = "backup 1"
    first = FaultyEngine(rejects=_refuse("dddd"))
    _Scripted(monkeypatch, echo=first, shipped_memory=backup)
    count = translate(source, tmp_path, fallback="shipped-memory")
    assert (count.rows_kept, dict(count.dropped)) == (25, {})
    assert count.counters["segments_rerouted"] == 1
    engines = {row.id: row.engine for row in read_rows(tmp_path)}
    assert engines[f"{3:016x}"] == f"{first.signature} + backup 1"
    assert engines[f"{4:016x}"] == first.signature
    assert [text for text in backup.sent if "dddd" in text] == backup.sent


def test_what_no_engine_translates_is_dropped_with_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_source(tmp_path / "source")
    _Scripted(monkeypatch, echo=FaultyEngine(rejects=_refuse("dddd")))
    count = translate(source, tmp_path)
    (drop,) = read_drops(tmp_path)
    assert (drop.id, drop.stage, drop.origin) == (f"{3:016x}", "translate", "rows.json:3")
    assert "400: no dddd" in drop.detail
    assert (count.rows_in, count.rows_kept) == (25, 24)
    assert count.is_balanced()


@pytest.mark.parametrize("harm", [" 8", "\n\nx", " `x`", " https://example.org/x"])
def test_a_translation_with_more_than_its_source_is_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    class Forger(FaultyEngine):
        def translate(self, texts: Sequence[str]) -> list[Translation]:
            answers = super().translate(texts)
            return [replace(one, text=one.text + harm) if "xdddd" in one.text else one for one in answers]

    source = write_source(tmp_path / "source")
    _Scripted(monkeypatch, echo=Forger())
    count = translate(source, tmp_path)
    assert [drop.id for drop in read_drops(tmp_path)] == [f"{3:016x}"]
    assert f"{3:016x}" not in {row.id for row in read_rows(tmp_path)}
    assert count.is_balanced()


@pytest.mark.parametrize("limit", [{"budget_characters": 500}, {"budget_usd": 0.01}])
def test_a_budget_stops_a_run_that_a_larger_one_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: dict[str, object]
) -> None:
    from taco.translate.engine import Price

    source = write_source(tmp_path / "source")
    price = Price(usd_per_million_characters=20.0)
    _Scripted(monkeypatch, echo=FaultyEngine(price=price))
    translate(source, tmp_path / "undisturbed")
    engine = FaultyEngine(price=price)
    _Scripted(monkeypatch, echo=engine)
    with pytest.raises(BudgetError):
        translate(source, tmp_path / "poor", **limit)
    spent = sum(map(len, engine.sent))
    assert spent <= 500
    whole = translate(source, tmp_path / "poor")
    assert read_files(tmp_path / "poor") == read_files(tmp_path / "undisturbed")
    assert sum(map(len, engine.sent)) == whole.counters["characters_sent"]
    assert whole.counters["usd"] == pytest.approx(sum(map(len, engine.sent)) * 20e-6, abs=1e-6)


def test_a_malformed_row_is_named_and_what_was_done_is_kept(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source")
    lines = (source / "train.jsonl").read_text().splitlines()
    broken = [*lines[:10], '{"id": 7}', *lines[11:]]
    (source / "train.jsonl").write_text("\n".join(broken) + "\n")
    with pytest.raises(DataError, match=r"train\.jsonl:11 is no Row"):
        translate(source, tmp_path)
    (source / "train.jsonl").write_text("\n".join(lines) + "\n")
    engine_before = translate(source, tmp_path).counters
    translate(source, tmp_path / "undisturbed")
    assert read_files(tmp_path) == read_files(tmp_path / "undisturbed")
    assert engine_before["texts_lost"] == 0


def test_no_rows_are_no_fault(tmp_path: Path) -> None:
    count = translate(write_source(tmp_path / "source", train=0, heldout=0), tmp_path)
    assert (count.rows_in, count.rows_kept) == (0, 0)
    assert read_files(tmp_path)["train.jsonl"] == b""


def test_a_phrase_that_cannot_be_translated_ends_the_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _Scripted(monkeypatch, echo=FaultyEngine(rejects=_refuse("Keep it short")))
    with pytest.raises(EngineError, match=r"phrase 'Keep it short\.' cannot be translated"):
        translate(write_source(tmp_path / "source"), tmp_path)


def test_a_missing_source_says_which_stage_writes_it(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    with pytest.raises(DataError, match=r"train\.jsonl is missing"):
        translate(tmp_path / "source", tmp_path)


def test_limits_of_the_recipe_bind_every_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = FaultyEngine(limits=Limits(texts_per_call=2))
    _Scripted(monkeypatch, echo=engine)
    translate(write_source(tmp_path / "source"), tmp_path)
    assert max(engine.sizes) <= 2


def test_rows_carry_what_they_cost(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source")
    count = translate(source, tmp_path)
    rows = [*read_rows(tmp_path), *read_rows(tmp_path, "heldout")]
    assert sum(row.segments for row in rows) == count.counters["segments"]
    assert sum(row.segments_paid for row in rows) == count.counters["segments_paid"]
    assert {row.engine for row in rows} == {count.counters["engine"]}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(read_files(tmp_path))


@pytest.mark.parametrize(("refusals", "is_opened"), [(OPEN_ATTEMPTS - 1, True), (OPEN_ATTEMPTS, False)])
def test_an_engine_that_is_busy_at_first_is_not_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusals: int, is_opened: bool
) -> None:
    waits: list[float] = []
    left = [refusals]

    def open_engine(*_: object, **__: object) -> FaultyEngine:
        if left[0]:
            left[0] -= 1
            raise EngineBusy("503 starting", retry_after_s=9000 if left[0] else None)
        return FaultyEngine()

    monkeypatch.setattr("taco.translate.worker.open_engine", open_engine)
    monkeypatch.setattr("taco.translate.worker.time.sleep", waits.append)
    source = write_source(tmp_path / "source")
    if is_opened:
        assert translate(source, tmp_path).rows_kept == 25
    else:
        with pytest.raises(EngineError, match="503 starting"):
            translate(source, tmp_path)
    assert len(waits) == OPEN_ATTEMPTS - 1
    assert max(waits) <= LONGEST_WAIT_S


def test_what_was_expected_is_held_against_what_was_sent(tmp_path: Path) -> None:
    source, listener = write_source(tmp_path / "source"), Said()
    done = translate(source, tmp_path, progress=listener).counters
    phrase = "Keep it short."  # the stage's own, not a row's
    assert done["characters_expected"] == int(done["characters_sent"]) - len(phrase)
    assert done["calls_expected"] > 1
    assert done["usd_expected"] == done["usd"] == 0.0
    assert listener.lines == [
        (
            f"translate: sent {done['characters_sent']:,} characters in {done['calls']} calls for $0.00; "
            f"expected {done['characters_expected']:,} in {done['calls_expected']} for $0.00"
        )
    ]
    assert not (tmp_path / "out" / "expected.json").exists()


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("shipped-memory", "It is away. Going on with echo."),
        ("echo", "It is away. Using shipped-memory instead. Get it."),
    ],
)
def test_a_missing_engine_is_named_with_what_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, said: str
) -> None:
    def open_engine(name: str, *_: object, **__: object) -> FaultyEngine:
        if name == missing:
            raise EngineError("It is away.", hint="Get it.")
        engine = FaultyEngine()
        engine.name = name
        return engine

    monkeypatch.setattr("taco.translate.worker.open_engine", open_engine)
    listener = Said()
    translate(write_source(tmp_path / "source"), tmp_path, fallback="shipped-memory", progress=listener)
    assert said in listener.lines


def test_what_a_deleted_run_of_the_same_name_sent_is_not_said_to_be_sent_again(tmp_path: Path) -> None:
    source, listener = write_source(tmp_path / "source"), Said()
    first = translate(source, tmp_path).counters
    shutil.rmtree(tmp_path / "out")
    done = translate(source, tmp_path, progress=listener).counters
    assert done["characters_expected"] == 0
    assert done["characters_sent_before"] == done["characters_sent"] == first["characters_sent"]
    assert listener.lines == [
        (
            "translate: sent 0 characters in 0 calls for $0.00; expected 0 in 0 for $0.00; "
            f"{first['characters_sent']:,} had been sent before by a run of this name, for $0.00"
        )
    ]


def test_an_expectation_is_that_of_the_first_attempt(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source")
    undisturbed = translate(source, tmp_path / "undisturbed").counters
    with pytest.raises(BudgetError):
        translate(source, tmp_path, budget_characters=1000)
    assert (tmp_path / "out" / "expected.json").exists()
    done = translate(source, tmp_path, budget_characters=1_000_000).counters
    assert done["characters_expected"] == undisturbed["characters_expected"]


def test_a_long_source_is_expected_to_go_on_as_it_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taco.translate.forecast.FREE_ROWS", 10)
    done = translate(write_source(tmp_path / "source", train=40, heldout=10), tmp_path).counters
    assert done["characters_expected"] == pytest.approx(done["characters_sent"], rel=0.3)
