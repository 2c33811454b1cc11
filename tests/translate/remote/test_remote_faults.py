"""Every remote engine against a server of its protocol: at its best, and with every fault a network has."""

from __future__ import annotations

import gzip
import logging
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from protocols import KEY, PROTOCOLS, Protocol, quote

from faulty_server import Answer, Drip, Drop, FaultyServer, Hang, Reply, Request, reply_json, say
from taco.errors import EngineBusy, EngineError, EngineRejected
from taco.translate.engine import Engine

TEXTS = [
    "Good morning.",
    "Chapter 123 has 456 pages & 7 < 8.",
    "<b>Not</b> a tag: &amp; &lt;i&gt; \"quoted\" 'too'",
    "Ünïcode, 日本語, हिन्दी, العربية, 🙂 and e\u0301.",
    "Braces {x}, %s, $1, [y], ^z$, @, *star, #hash, back\\slash",
]
HTML_PAGE = Reply(
    b"<!DOCTYPE html><html><head><title>Sign in</title></head></html>", headers={"Content-Type": "text/html"}
)


@dataclass
class Bench:
    protocol: Protocol
    server: FaultyServer
    engine: Engine

    def made(self) -> int:
        """Return the number of calls that were made since the engine was opened."""
        return len(self.server.requests) - self.protocol.opening_requests


@pytest.fixture(params=PROTOCOLS)
def protocol(request: pytest.FixtureRequest) -> Protocol:
    return PROTOCOLS[request.param]


@pytest.fixture
def bench(protocol: Protocol) -> Iterator[Bench]:
    with FaultyServer(protocol.answer) as server, protocol.open(server) as engine:
        yield Bench(protocol, server, engine)


def fail(bench: Bench, *faults: Answer | Hang | Drop | Drip, texts: list[str] = TEXTS[:2]) -> EngineError:
    """Return the error of a call that meets faults; check that it was one attempt, and that no key is in the error."""
    before = bench.made()
    bench.server.faults.extend(faults)
    with pytest.raises(EngineError) as caught:
        bench.engine.translate(texts)
    assert bench.made() - before == 1
    assert not bench.server.faults
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert KEY not in shown
    return caught.value


def test_texts_come_back_in_order_whatever_is_in_them(bench: Bench) -> None:
    answers = bench.engine.translate(TEXTS)
    assert [answer.text for answer in answers] == [quote(text) for text in TEXTS]
    assert not any(answer.refusal for answer in answers)
    assert answers[0].words == 2


def test_answers_may_be_compressed_and_come_in_chunks(bench: Bench) -> None:
    def answer(request: Request) -> Reply:
        whole = bench.protocol.answer(request)
        headers = {**whole.headers, "Content-Encoding": "gzip"}
        return Reply(gzip.compress(whole.body), whole.status, headers, is_chunked=len(bench.server.requests) % 2 == 0)

    bench.server.answer = answer
    for _ in range(4):
        assert [answer.text for answer in bench.engine.translate(TEXTS)] == [quote(text) for text in TEXTS]


def test_a_full_call_is_answered(bench: Bench) -> None:
    texts = [f"Text number {number}." for number in range(min(bench.engine.limits.texts_per_call or 1000, 130))]
    assert [answer.text for answer in bench.engine.translate(texts)] == [quote(text) for text in texts]


def test_no_texts_need_no_call(bench: Bench) -> None:
    assert bench.engine.translate([]) == []
    assert bench.made() == 0


def test_calls_may_run_side_by_side(bench: Bench) -> None:
    calls = [[f"Call {call}, text {number}." for number in range(5)] for call in range(8)]
    with ThreadPoolExecutor(bench.engine.limits.parallel_calls) as pool:
        answers = list(pool.map(bench.engine.translate, calls))
    assert [[answer.text for answer in call] for call in answers] == [[quote(text) for text in call] for call in calls]


def test_an_engine_that_asks_to_wait_is_busy(bench: Bench) -> None:
    for status in (429, 503):
        error = fail(bench, say(reply_json({"error": {"message": "Slow down"}}, status, Retry_After="17")))
        assert isinstance(error, EngineBusy)
        assert error.retry_after_s == 17
        assert str(status) in error.message and "Slow down" in error.message


def test_a_server_in_trouble_is_busy(bench: Bench) -> None:
    for status in (408, 429, 500, 502, 504):
        error = fail(bench, say(Reply(b"oops", status)))
        assert isinstance(error, EngineBusy)
        assert error.retry_after_s is None


def test_a_call_that_is_too_much_is_rejected(bench: Bench) -> None:
    for status in (400, 413, 422):
        error = fail(bench, say(reply_json({"message": "request exceeds text limit"}, status)))
        assert isinstance(error, EngineRejected)
        assert "exceeds text limit" in error.message


def test_a_lack_of_access_ends_it(bench: Bench) -> None:
    for status in (401, 403):
        # A 401 makes Google's client get a fresh token and ask again, so the server stays by what it said.
        bench.server.answer = say(reply_json({"message": "No access"}, status))
        with pytest.raises(EngineError) as caught:
            bench.engine.translate(TEXTS)
        assert type(caught.value) is EngineError
        assert caught.value.hint
        assert KEY not in "".join(traceback.format_exception(caught.value))


def test_a_wrong_address_ends_it(bench: Bench) -> None:
    error = fail(bench, say(Reply(b"not found", 404)))
    assert type(error) is EngineError
    assert "address" in error.hint


def test_a_redirection_is_not_followed(bench: Bench) -> None:
    error = fail(bench, say(Reply(status=302, headers={"Location": "http://127.0.0.1:9/"})))
    assert type(error) is EngineError


def test_a_used_up_quota_ends_it(bench: Bench) -> None:
    error = fail(bench, say(bench.protocol.quota))
    assert type(error) is EngineError
    assert "quota" in error.hint


def test_an_answer_that_is_none_is_busy(bench: Bench) -> None:
    for fault in (say(HTML_PAGE), say(Reply()), say(Reply(b"<", headers={"Content-Type": "application/json"})), Drop()):
        assert isinstance(fail(bench, fault), EngineBusy)


def test_broken_json_makes_no_translation(bench: Bench) -> None:
    for body in (b'{"translations": [', b"null", b"[1]", b'"text"', b'{"data": 3}', b"{}"):
        reply = Reply(body, headers={"Content-Type": "application/json"})
        if bench.protocol.engine == "apertium-apy":  # its answers are no JSON, but carry the number of their text
            bench.server.faults.append(say(reply))
            assert bench.engine.translate(TEXTS[:1])[0].refusal == "the end of text 0 is missing"
        else:
            assert isinstance(fail(bench, say(reply)), (EngineBusy, EngineRejected))


def test_an_html_page_is_named(bench: Bench) -> None:
    error = fail(bench, say(HTML_PAGE))
    assert "an HTML page (Sign in)" in error.message


def test_a_cut_connection_is_busy(bench: Bench) -> None:
    def cut(request: Request) -> Reply:
        whole = bench.protocol.answer(request)
        return Reply(whole.body, whole.status, whole.headers, is_cut=True)

    assert isinstance(fail(bench, cut), EngineBusy)


def test_a_server_that_hangs_is_busy(protocol: Protocol) -> None:
    with FaultyServer(protocol.answer) as server, protocol.open(server, timeout_s=0.6) as engine:
        error = fail(Bench(protocol, server, engine), Hang())
    assert isinstance(error, EngineBusy)
    assert "none within 0.6 s" in error.message


def test_an_answer_that_never_ends_is_busy(protocol: Protocol) -> None:
    with FaultyServer(protocol.answer) as server, protocol.open(server, timeout_s=0.6) as engine:
        error = fail(Bench(protocol, server, engine), Drip())
    assert isinstance(error, EngineBusy)
    assert "none within 0.6 s" in error.message


def test_a_server_that_is_gone_is_busy(protocol: Protocol) -> None:
    with FaultyServer(protocol.answer) as server, protocol.open(server) as engine:
        server.close()
        with pytest.raises(EngineBusy) as caught:
            engine.translate(TEXTS)
    assert KEY not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("name", [name for name, protocol in PROTOCOLS.items() if protocol.short])
def test_a_wrong_count_of_answers_is_rejected(name: str) -> None:
    protocol = PROTOCOLS[name]
    with FaultyServer(protocol.answer) as server, protocol.open(server) as engine:
        assert isinstance(fail(Bench(protocol, server, engine), protocol.short or Drop()), EngineRejected)


def test_after_every_fault_the_same_engine_goes_on(bench: Bench) -> None:
    faults: list[Callable[[], Answer | Hang | Drop]] = [
        lambda: say(Reply(b"", 429)),
        lambda: say(Reply(b"", 500)),
        lambda: say(HTML_PAGE),
        Drop,
        lambda: say(Reply(b"a b c", is_cut=True)),
    ]
    for make_fault in faults:
        fail(bench, make_fault())
        assert bench.engine.translate(TEXTS[:1])[0].text == quote(TEXTS[0])


def test_too_large_a_call_is_not_made(bench: Bench) -> None:
    limits = bench.engine.limits
    assert limits.texts_per_call
    with pytest.raises(EngineRejected):
        bench.engine.translate(["a"] * (limits.texts_per_call + 1))
    if limits.characters_per_call:
        with pytest.raises(EngineRejected):
            bench.engine.translate(["a" * (limits.characters_per_call + 1)])
    assert bench.made() == 0


def test_the_key_is_not_in_what_an_engine_says_of_itself(bench: Bench) -> None:
    said = f"{bench.engine.signature} {bench.engine!r} {bench.engine.limits} {bench.engine.price}"
    assert KEY not in said
    assert bench.engine.name in bench.engine.signature


def test_the_key_is_in_no_log(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    bench.engine.translate(TEXTS)
    has_key = "api_key_env" in bench.protocol.options(bench.server.url)
    denial = reply_json({"message": f"no such key: {KEY if has_key else 'none'}"}, 403)
    for fault in (say(Reply(b"", 429)), say(denial), say(HTML_PAGE), Drop()):
        fail(bench, fault)
    assert caplog.records
    assert not any(KEY in record.getMessage() or KEY in str(record.__dict__) for record in caplog.records)


def test_closing_twice_is_fine(bench: Bench) -> None:
    bench.engine.close()
    bench.engine.close()
