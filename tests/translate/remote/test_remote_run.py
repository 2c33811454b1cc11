"""The stage `translate` with remote engines whose server fails: no wrong row, no lost row, nothing paid twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from protocols import KEY, PROTOCOLS, SPANISH, Protocol

from faulty_server import Answer, Drop, FaultyServer, Hang, Reply, Request, reply_json, say
from taco.errors import EngineError
from taco.progress import SilentProgress
from taco.records import Drop as DroppedRow
from taco.records import Row, StageCount, TranslatedRow
from taco.store.jsonl import read_records, write_records
from taco.translate import sender
from taco.translate.options import TranslateOptions
from taco.translate.run import Payer, run_translate

FILES = ("train.jsonl", "heldout.jsonl", "dropped.jsonl", "phrases.jsonl")
ROWS = 12
HTML_PAGE = Reply(b"<!DOCTYPE html><html><head><title>Bad gateway</title></head></html>")
GARBAGE = Reply(b'{"translations": [', headers={"Content-Type": "application/json"})
REQUESTS = 2_000
"""More than any end of a run may take with these rows."""


class SkippingClock:
    """A clock whose waits are over at once; remembers how long they were."""

    time, waits = 0.0, 0.0

    def now(self) -> float:
        return SkippingClock.time

    def wait(self, seconds: float) -> None:
        SkippingClock.time += seconds
        SkippingClock.waits += seconds


@pytest.fixture(autouse=True)
def _skip_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    SkippingClock.time = SkippingClock.waits = 0.0
    monkeypatch.setattr(sender, "SystemClock", SkippingClock)


@pytest.fixture(params=PROTOCOLS)
def protocol(request: pytest.FixtureRequest) -> Protocol:
    return PROTOCOLS[request.param]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    rows = [
        Row(
            id=f"{number:016x}",
            instruction=f"What does row {number} say?",
            input="" if number % 3 else f"See https://example.org/{number} first.",
            response=f"It runs `code_{number}()` {number + 20} times.\n\n- one\n- two of {number % 4}\n",
            origin=f"rows.json:{number}",
        )
        for number in range(ROWS)
    ]
    write_records(folder / "train.jsonl", rows[:-2])
    write_records(folder / "heldout.jsonl", rows[-2:])
    return folder


def translate(
    protocol: Protocol,
    server: FaultyServer,
    source: Path,
    folder: Path,
    *,
    out: str = "out",
    calls: int = 2,
    timeout_s: float = 60.0,
) -> StageCount:
    options = protocol.options(server.url) | {"timeout_s": timeout_s, "parallel_calls": calls}
    return run_translate(
        TranslateOptions(engine=protocol.engine, options=options, shard_rows=4, batch_characters=150),
        source=source,
        out=folder / out,
        target=SPANISH,
        phrases=["Keep it short."],
        memory=folder / "memory.sqlite",
        payer=Payer(run="a-run", account="tests"),
        progress=SilentProgress(),
    )


def fail_next(server: FaultyServer, protocol: Protocol, *faults: Answer | Hang | Drop) -> None:
    """Let the next requests fail, but for those that open the engine."""
    server.faults.clear()
    server.faults.extend([protocol.answer] * protocol.opening_requests)
    server.faults.extend(faults)


def cut(protocol: Protocol) -> Answer:
    def answer(request: Request) -> Reply:
        whole = protocol.answer(request)
        return Reply(whole.body, whole.status, whole.headers, is_cut=True)

    return answer


def read_files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in FILES}


def read_rows(folder: Path) -> dict[str, TranslatedRow]:
    rows = [row for name in FILES[:2] for row in read_records(folder / name, TranslatedRow)]
    assert len({row.id for row in rows}) == len(rows)
    return {row.id: row for row in rows}


def read_drops(folder: Path) -> dict[str, DroppedRow]:
    return {drop.id: drop for drop in read_records(folder / "dropped.jsonl", DroppedRow)}


def check_result(folder: Path) -> int:
    """Check that every row is translated, or dropped with a reason; return how many are translated.

    The servers put texts into quotes, so a translation without its quotes is the English text, whichever steps of the
    ladder led to it.
    """
    rows, drops = read_rows(folder), read_drops(folder)
    assert rows.keys() | drops.keys() == {f"{number:016x}" for number in range(ROWS)}
    assert not rows.keys() & drops.keys()
    assert all(drop.reason and drop.detail for drop in drops.values())
    for row in rows.values():
        for translated, english in (
            (row.instruction, row.instruction_en),
            (row.input, row.input_en),
            (row.response, row.response_en),
        ):
            assert translated.replace("«", "").replace("»", "") == english
            assert not english or "«" in translated
    return len(rows)


def is_nowhere(secret: str, folder: Path) -> bool:
    return not any(secret.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_through_every_fault_no_row_is_wrong_or_lost_and_a_second_run_pays_nothing(
    protocol: Protocol, source: Path, tmp_path: Path
) -> None:
    faults: list[Answer | Hang | Drop] = [
        say(reply_json({"error": {"message": "Slow down"}}, 429, Retry_After="17")),
        say(Reply(b"oops", 500)),
        Hang(),
        cut(protocol),
        protocol.answer,
        say(reply_json({"error": {"message": "request exceeds the limit"}}, 413)),  # a call of several texts: halves
        Drop(),
        protocol.answer,
        protocol.short or Drop(),
        say(HTML_PAGE),
        say(Reply(b"", 503)),
        say(GARBAGE) if protocol.short else say(HTML_PAGE),  # an answer of APY has no form; it has a number
    ]
    with FaultyServer(protocol.answer) as server:
        calm = translate(protocol, server, source, tmp_path / "calm", calls=1)
        fail_next(server, protocol, *faults)
        count = translate(protocol, server, source, tmp_path / "stormy", calls=1, timeout_s=1.0)
        assert not server.faults
        assert SkippingClock.waits >= 17
        assert count.is_balanced() and count.rows_in == ROWS
        assert check_result(tmp_path / "stormy" / "out") == ROWS
        assert read_files(tmp_path / "stormy" / "out") == read_files(tmp_path / "calm" / "out")
        assert count.counters["calls_failed"] > 0 and count.counters["calls_lost"] == 0
        answered = count.counters["characters_sent"] - count.counters["characters_failed"]
        assert answered == calm.counters["characters_sent"]

        before = len(server.requests)
        again = translate(protocol, server, source, tmp_path / "stormy", out="again", calls=1)
        assert len(server.requests) == before + protocol.opening_requests
    assert again.counters["characters_sent"] == count.counters["characters_sent"]
    assert read_files(tmp_path / "stormy" / "again") == read_files(tmp_path / "stormy" / "out")
    assert is_nowhere(KEY, tmp_path)


def test_a_quota_ends_the_run_and_the_next_one_goes_on(protocol: Protocol, source: Path, tmp_path: Path) -> None:
    with FaultyServer(protocol.answer) as server:
        calm = translate(protocol, server, source, tmp_path / "calm")
        calls = len(server.requests)
        fail_next(server, protocol, *[protocol.answer] * (calls // 2), *[say(protocol.quota)] * REQUESTS)
        with pytest.raises(EngineError, match=r"402|403|429|456") as caught:
            translate(protocol, server, source, tmp_path / "poor")
        assert "quota" in caught.value.hint and "what is done is kept" in caught.value.hint
        assert len(server.faults) >= REQUESTS - 2  # one for each call that was under way

        server.faults.clear()
        count = translate(protocol, server, source, tmp_path / "poor")
    assert read_files(tmp_path / "poor" / "out") == read_files(tmp_path / "calm" / "out")
    answered = count.counters["characters_sent"] - count.counters["characters_failed"]
    assert answered == calm.counters["characters_sent"]


FOREVER: dict[str, Callable[[Protocol], Answer | Hang | Drop]] = {
    "429": lambda _: say(Reply(b"", 429, {"Retry-After": "60"})),
    "500": lambda _: say(Reply(b"", 500)),
    "400": lambda _: say(reply_json({"message": "not these"}, 400)),
    "401": lambda _: say(reply_json({"message": "who are you?"}, 401)),
    "quota": lambda protocol: say(protocol.quota),
    "html": lambda _: say(HTML_PAGE),
    "garbage": lambda _: say(GARBAGE),
    "cut": cut,
    "drop": lambda _: Drop(),
    "short": lambda protocol: protocol.short or Drop(),
}


@pytest.mark.parametrize("fault", FOREVER)
def test_a_server_that_never_recovers_ends_the_run_with_an_error_or_drops(
    protocol: Protocol, fault: str, source: Path, tmp_path: Path
) -> None:
    with FaultyServer(protocol.answer) as server:
        fail_next(server, protocol, *[FOREVER[fault](protocol)] * REQUESTS)
        try:
            translate(protocol, server, source, tmp_path / "hopeless")
        except EngineError as error:
            assert error.message and KEY not in str(error)
        else:
            check_result(tmp_path / "hopeless" / "out")
        assert len(server.faults) > REQUESTS // 2

        server.faults.clear()
        count = translate(protocol, server, source, tmp_path / "hopeless", out="later")
    assert count.rows_kept == ROWS
    assert check_result(tmp_path / "hopeless" / "later") == ROWS
    assert is_nowhere(KEY, tmp_path)
