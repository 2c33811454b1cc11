"""Steps 1 and 3 by an engine behind the server: any mode gives a whole chain, and a dead engine is told, not waited for."""

from __future__ import annotations

import itertools
import json
import random
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from served_runs import Running, make_run, open_echo, start_server

from taco.chain.formats import find_template
from taco.errors import BudgetError, EngineError, RecipeError
from taco.generate.backend import Limits
from taco.generate.ended_session import EndedSession
from taco.generate.guarded_session import GuardedSession
from taco.generate.modes import ASKS_ENGLISH, SAYS_TARGET
from taco.generate.options import Mode
from taco.generate.scripted import Line, ScriptedSession
from taco.generate.session import Ask
from taco.languages.table import find_language
from taco.progress import SilentProgress
from taco.serve.options import ServeOptions
from taco.serve.relays import choose_modes, open_relays
from taco.serve.served import Menu, read_served
from taco.translate.echo import EchoEngine

GALICIAN = find_language("gl")
ENGINES = {
    "question_engine": "echo",
    "question_options": {"prefix": "en"},
    "answer_engine": "echo",
    "answer_options": {"prefix": "gl"},
}
MODES: tuple[Mode, ...] = ("engine-both", "engine-question", "engine-answer", "chain")
QUESTION = "De que cor"


@contextmanager
def serve_modes(
    folder: Path, modes: Sequence[Mode] = MODES, *, session: Any = None, **options: Any
) -> Iterator[Running]:
    run = make_run(folder / "demo-gl", "gl", relay=ENGINES)
    menu = Menu([read_served(run)])
    with (
        open_relays(menu, modes, cache=folder / "cache", max_waiting=4, progress=SilentProgress()) as relays,
        start_server(
            [run],
            ServeOptions(port=0, modes=tuple(modes), **options),
            session=GuardedSession(EndedSession(session or open_echo())),
            relays=relays,
        ) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve_modes(tmp_path_factory.mktemp("modes")) as running:
        yield running


def ask(running: Running, mode: str | None = None, *, question: str = QUESTION, **more: Any) -> httpx2.Response:
    taco = more.pop("taco", {}) | ({"mode": mode} if mode else {})
    body = {"model": "auto", "messages": [{"role": "user", "content": question}], "taco": taco, **more}
    return running.http.post("/v1/chat/completions", json=body)


def read_stream(reply: httpx2.Response) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in reply.text.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def join_deltas(chunks: Sequence[dict[str, Any]], name: str) -> str:
    return "".join(choice["delta"].get(name, "") for chunk in chunks for choice in chunk.get("choices", ()))


def mark(text: str, prefix: str) -> str:
    return " ".join(prefix + word for word in text.split())


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("chain", ["field", "inline", "none"])
def test_every_mode_gives_a_whole_chain_streamed_and_not(server: Running, mode: Mode, chain: str) -> None:
    whole = ask(server, mode, taco={"chain": chain}).json()
    message, told = whole["choices"][0]["message"], whole["taco"]
    target = mark(QUESTION, "gl") if mode in SAYS_TARGET else QUESTION
    english = mark(QUESTION, "en") if mode in ASKS_ENGLISH else QUESTION
    if chain == "inline":
        before = f"Instruction in English:\n{english}\n\nResponse in English:\n{QUESTION}\n\n"
        assert message["content"] == f"{before}Response in Galician:\n{target}"
    else:
        assert message["content"] == target
    if chain == "field":
        assert message["taco"] == {"instruction_en": english, "response_en": QUESTION}
    assert (told["mode"], told["state"], whole["choices"][0]["finish_reason"]) == (mode, "complete", "stop")
    assert set(told.get("engines", ())) == {
        *(["instruction_en"] if mode in ASKS_ENGLISH else []),
        *(["response"] if mode in SAYS_TARGET else []),
    }
    sections = whole["usage"]["taco_sections"]
    assert sum(sections.values()) == whole["usage"]["completion_tokens"]
    assert (sections["instruction_en"] > 0) == (mode not in ASKS_ENGLISH)
    assert (sections["response"] > 0) == (mode not in SAYS_TARGET)
    assert sections["response_en"] > 0
    chunks = read_stream(ask(server, mode, taco={"chain": chain}, stream=True))
    assert join_deltas(chunks, "content") == message["content"]
    assert join_deltas(chunks, "reasoning_content") == message.get("reasoning_content", "")
    assert chunks[-1]["taco"] == told


def test_the_first_mode_is_that_of_requests_that_name_none(server: Running) -> None:
    assert ask(server).json()["taco"]["mode"] == MODES[0]
    assert server.http.get("/v1/models/demo-gl").json()["taco"]["modes"] == list(MODES)


def test_texts_of_engines_are_counted(server: Running) -> None:
    ask(server, "engine-both")
    figures = server.http.get("/metrics").text
    for step in ("question", "answer"):
        assert f'taco_engine_texts_total{{model="demo-gl",outcome="translated",step="{step}"}}' in figures


def test_a_mode_without_its_engine_is_refused(tmp_path: Path) -> None:
    with serve_modes(tmp_path, ["engine-answer"]) as running:
        reply = ask(running, "engine-both")
        assert (reply.status_code, reply.json()["error"]["code"]) == (400, "mode_not_served")
        assert ask(running, "nonsense").status_code == 400
        assert ask(running, "chain").json()["choices"][0]["message"]["content"] == QUESTION


def test_a_chain_without_the_sections_is_refused_before_anything_opens(tmp_path: Path) -> None:
    run = read_served(make_run(tmp_path / "demo", "gl", template="direct"))
    with pytest.raises(RecipeError, match="engine-both"):
        choose_modes(run, ["engine-both"])
    assert choose_modes(run, []) == ("chain",)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (EngineError("gone"), 502, "engine_failed"),
        (RuntimeError("a fault of taco"), 502, "engine_failed"),
        (BudgetError("spent"), 503, "budget_spent"),
    ],
)
def test_an_engine_that_dies_is_told_and_asked_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    translate = EchoEngine.translate
    is_dead = threading.Event()

    def fail(self: EchoEngine, texts: Sequence[str]) -> Any:
        if is_dead.is_set() and self.signature.startswith("echo 1 en-gl"):
            raise error
        return translate(self, texts)

    monkeypatch.setattr(EchoEngine, "translate", fail)
    with serve_modes(tmp_path) as running:
        is_dead.set()
        reply = ask(running, "engine-both")
        assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)
        chunks = read_stream(ask(running, "engine-answer", stream=True))
        assert chunks[-1]["error"]["code"] == code
        assert join_deltas(chunks, "content") == ""
        assert ask(running, "chain").status_code == 200
        is_dead.clear()
        assert ask(running, "engine-both").json()["choices"][0]["message"]["content"] == mark(QUESTION, "gl")


def test_an_engine_that_hangs_holds_nobody_else_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    translate, is_over, is_in = EchoEngine.translate, threading.Event(), threading.Event()

    def hang(self: EchoEngine, texts: Sequence[str]) -> Any:
        if any("slow" in text for text in texts):
            is_in.set()
            is_over.wait(30)
        return translate(self, texts)

    monkeypatch.setattr(EchoEngine, "translate", hang)
    with serve_modes(tmp_path) as running:
        found: list[int] = []

        def wait() -> None:
            found.append(ask(running, "engine-question", question="slow").status_code)

        thread = threading.Thread(target=wait)
        thread.start()
        assert is_in.wait(20)
        assert ask(running, "chain").status_code == 200
        assert ask(running, "engine-answer").status_code == 200
        assert running.http.get("/health").json()["status"] == "ok"
        is_over.set()
        thread.join(30)
        assert found == [200]


def test_an_engine_that_takes_longer_than_an_answer_may_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_over = threading.Event()
    translate = EchoEngine.translate

    def hang(self: EchoEngine, texts: Sequence[str]) -> Any:
        is_over.wait(30)
        return translate(self, texts)

    monkeypatch.setattr(EchoEngine, "translate", hang)
    with serve_modes(tmp_path, timeout_s=0.5) as running:
        reply = ask(running, "engine-question")
        is_over.set()
        assert (reply.status_code, reply.json()["error"]["code"]) == (504, "engine_timeout")


def test_the_engine_and_the_model_share_the_time_of_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    translate = EchoEngine.translate

    def dawdle(self: EchoEngine, texts: Sequence[str]) -> Any:
        time.sleep(2.0)
        return translate(self, texts)

    monkeypatch.setattr(EchoEngine, "translate", dawdle)
    with serve_modes(tmp_path, timeout_s=3.0, session=open_echo(seconds_per_token=0.05)) as running:
        reply = ask(running, "engine-question", question=" ".join([QUESTION] * 30)).json()
        assert reply["taco"]["finish"] == "timeout"
        assert reply["usage"]["completion_tokens"] <= 30


def test_a_client_that_leaves_takes_its_text_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    translate, is_over, is_in, sent = EchoEngine.translate, threading.Event(), threading.Event(), []

    def hang(self: EchoEngine, texts: Sequence[str]) -> Any:
        sent.extend(texts)
        is_in.set()
        is_over.wait(30)
        return translate(self, texts)

    monkeypatch.setattr(EchoEngine, "translate", hang)
    with serve_modes(tmp_path) as running:
        thread = threading.Thread(target=ask, args=(running, "engine-question"))
        thread.start()
        assert is_in.wait(20)
        with httpx2.Client(base_url=running.url, timeout=0.5) as hasty, pytest.raises(httpx2.TimeoutException):
            body = {
                "model": "auto",
                "messages": [{"role": "user", "content": "left"}],
                "taco": {"mode": "engine-question"},
            }
            hasty.post("/v1/chat/completions", json=body)
        deadline = time.monotonic() + 20
        while 'status="499"' not in running.http.get("/metrics").text and time.monotonic() < deadline:
            pass
        is_over.set()
        thread.join(30)
        assert ask(running, "engine-question", question="last").status_code == 200
    assert "left" not in sent


def test_too_many_texts_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    translate, is_over = EchoEngine.translate, threading.Event()

    def hang(self: EchoEngine, texts: Sequence[str]) -> Any:
        is_over.wait(30)
        return translate(self, texts)

    monkeypatch.setattr(EchoEngine, "translate", hang)
    with serve_modes(tmp_path) as running:
        found: list[httpx2.Response] = []
        is_refused = threading.Event()

        def wait() -> None:
            found.append(ask(running, "engine-question"))
            is_refused.set()

        threads = [threading.Thread(target=wait) for _ in range(8)]
        for thread in threads:
            thread.start()
        assert is_refused.wait(20)
        is_over.set()
        for thread in threads:
            thread.join(30)
    statuses = {reply.status_code for reply in found}
    assert statuses == {200, 429}
    refused = next(reply for reply in found if reply.status_code == 429)
    assert (refused.json()["error"]["code"], refused.headers["retry-after"]) == ("queue_full", "1")


def test_a_text_that_the_engine_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from taco.translate.texts import TextTranslation, TextTranslator

    def refuse(self: TextTranslator, texts: Sequence[str]) -> dict[str, TextTranslation]:
        return {text: TextTranslation(fault="lost-slot") for text in texts}

    monkeypatch.setattr(TextTranslator, "translate", refuse)
    with serve_modes(tmp_path) as running:
        reply = ask(running, "engine-question")
        assert (reply.status_code, reply.json()["error"]["code"]) == (400, "question-not-translated")
        found = ask(running, "engine-answer").json()
        assert found["choices"][0]["message"]["content"] == ""
        assert (found["taco"]["state"], found["taco"]["engine_fault"]) == ("missing-response", "lost-slot")


@given(
    seed=st.integers(0, 2**16), pieces=st.integers(1, 60), is_given=st.booleans(), tail=st.sampled_from(["", "\n", " "])
)
@settings(deadline=None, max_examples=80)
def test_no_character_of_the_label_comes_out_however_the_text_is_cut(
    seed: int, pieces: int, is_given: bool, tail: str
) -> None:
    first, second, third = find_template("taco").separators(GALICIAN)
    chance = random.Random(seed)

    def cut(text: str) -> list[str]:
        places = sorted({0, len(text), *(chance.randrange(len(text) + 1) for _ in range(pieces))})
        return [text[start:end] for start, end in itertools.pairwise(places)]

    head = f"{first}What?{second}"
    said = "Response in line: Galician.\n\nResponse in Gal, and more."
    script = {"q": [Line(("" if is_given else head) + said + third.rstrip() + tail + ("Azul." if tail else ""))]}
    session = EndedSession(ScriptedSession(script, cut=cut))
    limits = Limits(max_new_tokens=2000, loop_guard=True)
    asked = Ask(
        id="1",
        adapter="a",
        turns=[("user", "q")],
        template="taco",
        language=GALICIAN,
        limits=limits,
        prefix=head if is_given else "",
        until="response",
    )
    assert isinstance(session.join(asked), int)
    shown, finish = "", None
    while finish is None:
        for piece in session.step():
            shown, finish = shown + piece.text, piece.finish
    assert shown.rstrip() == ("" if is_given else head) + said
    assert finish == "label"
    assert session.step() == []


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("apertium") is None, reason="needs Apertium")
def test_with_apertium(tmp_path: Path) -> None:
    relay = {"question_engine": "apertium", "answer_engine": "apertium"}
    run = make_run(tmp_path / "demo-gl", "gl", relay=relay)
    menu = Menu([read_served(run)])
    with (
        open_relays(menu, ["engine-both"], cache=tmp_path, max_waiting=4, progress=SilentProgress()) as relays,
        start_server([run], ServeOptions(port=0), session=EndedSession(open_echo()), relays=relays) as running,
    ):
        found = ask(running, question="A casa é grande.").json()
        message = found["choices"][0]["message"]
        assert "house" in message["taco"]["instruction_en"]
        assert found["taco"]["state"] == "complete"
        assert all("apertium" in one for one in found["taco"]["engines"].values())
