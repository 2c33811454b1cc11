"""Streamed answers of the backend `openai`, against a loopback server with faults: ended early, gone on with, paid once."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faulty_server import Drip, Drop, FaultyServer, Reply, Request, reply_json, say
from instant_clock import InstantClock
from said import Said
from streamed_reply import cut, stream, write_events
from taco.chain.formats import find_template
from taco.errors import ModelError
from taco.generate.backend import BACKENDS, Generation, Limits, Prompt, Refusal, Setup
from taco.generate.options import GenerateOptions
from taco.generate.piecewise import Growth, place_ends
from taco.generate.run import run_generate
from taco.languages.table import find_language
from taco.model.options import ModelOptions
from taco.progress import SilentProgress
from taco.records import Answer
from taco.remote.chat_stream import EventReader
from taco.store.jsonl import read_records

pytest.importorskip("openai", reason="needs the extra [openai]")

Ask = Callable[[Sequence[str]], list[Prompt]]
LIMITS = Limits(max_new_tokens=500, loop_guard=True)
FIRST, SECOND, THIRD = find_template("taco").separators(find_language("gl"))
CHAIN = f"{FIRST}Say it.{SECOND}It.{THIRD}Iso."


def echo(request: Request) -> Reply:
    return stream(cut("you said " + request.json["messages"][-1]["content"]))


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer(echo) as found:
        yield found


def ask_server(
    server: FaultyServer,
    prompts: Sequence[Prompt],
    *,
    progress: Said | None = None,
    limits: Limits = LIMITS,
    **more: Any,
) -> dict[str, Generation | Refusal]:
    named = {"model": "gl", "api_key_env": "", "parallel_calls": 2, **more}
    options = BACKENDS.load_options("openai")(base_url=f"{server.url}/v1", **named)
    setup = Setup(model=ModelOptions(), adapter=None, cache=None, progress=progress or Said())  # type: ignore[arg-type]
    backend = BACKENDS.load_implementation("openai")(options, setup=setup, clock=InstantClock())
    try:
        return {one.id: one for one in backend.generate(prompts, arm="tuned", limits=limits, on_tokens=lambda n: None)}
    finally:
        backend.close()


def read_texts(found: dict[str, Generation | Refusal]) -> dict[str, str]:
    return {key: one.text for key, one in found.items() if isinstance(one, Generation)}


def test_answers_come_as_pieces_each_a_token(server: FaultyServer, ask: Ask) -> None:
    found = ask_server(server, ask(["um", "dous"]))
    assert read_texts(found) == {"0": "you said um", "1": "you said dous"}
    made = found["0"]
    assert isinstance(made, Generation)
    assert (list(made.token_ends), made.finish) == ([3, 6, 9, 11, 11], "stop")
    assert len(made.token_seconds) == 5
    sent = server.requests[0].json
    assert (sent["stream"], sent["stream_options"]) == (True, {"include_usage": True})


@pytest.mark.parametrize(
    "fault",
    [
        say(reply_json({"error": {"message": "slow down"}}, 429, Retry_After="7")),
        say(Reply(b"<html>", 502)),
        say(Reply(write_events(cut("you said nothing much")), is_cut=True)),
        say(stream(cut("you"), finish=None, tokens=None)),
        say(Reply(b"data: {nonsense\n\n")),
        say(Reply(b'data: {"choices": [{"delta": {"content": 7}}]}\n\n')),
        say(Reply(b'data: {"choices": [[]]}\n\ndata: []\n\n')),
        say(Reply(b'data: {"error": {"message": "out of memory"}}\n\n')),
        say(Reply(b"\xff\xfe\x00")),
        Drop(),
    ],
    ids=["429", "html", "cut", "no-end", "no-json", "number", "list", "error", "rubbish", "dropped"],
)
def test_a_passing_fault_costs_no_answer(server: FaultyServer, ask: Ask, fault: Any) -> None:
    server.faults.extend([fault] * 3)
    progress = Said()
    found = ask_server(server, ask(["um", "dous"]), progress=progress)
    assert read_texts(found) == {"0": "you said um", "1": "you said dous"}
    assert any("busy" in line for line in progress.lines)


def test_what_was_written_in_vain_is_told(server: FaultyServer, ask: Ask) -> None:
    server.faults.append(say(stream(cut("you said"), finish=None, tokens=None)))
    progress = Said()
    ask_server(server, ask(["um"]), progress=progress)
    assert "7 tokens read and 5 written by the server's count, 0.00 USD; 3 more written" in progress.lines[-1]


def test_an_answer_that_breaks_off_is_gone_on_with_where_the_server_can(server: FaultyServer, ask: Ask) -> None:
    server.faults.append(say(stream(["Iso", " é"], finish=None, tokens=None)))
    server.answer = say(stream([" certo", "."]))
    progress = Said()
    found = ask_server(server, ask(["um"]), can_continue=True, progress=progress)["0"]
    assert isinstance(found, Generation)
    assert (found.text, list(found.token_ends)) == ("Iso é certo.", [3, 5, 11, 12, 12])
    assert len(found.token_seconds) == 5
    first, second = (request.json for request in server.requests)
    assert second["messages"][-1] == {"role": "assistant", "content": "Iso é"}
    assert (first["max_tokens"], second["max_tokens"]) == (500, 498)
    assert "broke off" not in progress.lines[-1]


def test_a_loop_is_ended_while_it_is_written(server: FaultyServer, ask: Ask) -> None:
    words = ["again ", "and "] * 2000
    server.answer = say(stream(words))
    progress = Said()
    found = ask_server(server, ask(["um"]), limits=replace(LIMITS, max_new_tokens=5000), progress=progress)["0"]
    assert isinstance(found, Generation)
    assert (found.finish, len(found.token_ends)) == ("loop", 64)
    assert "64 written" in progress.lines[-1]
    assert "prompts of 1 answers that were ended early" in progress.lines[-1]
    whole = ask_server(server, ask(["um"]), limits=replace(LIMITS, loop_guard=False))["0"]
    assert isinstance(whole, Generation)
    assert (whole.finish, len(whole.token_ends)) == ("stop", 4001)


def test_an_answer_ends_at_the_label_and_where_it_begins_anew(server: FaultyServer, ask: Ask) -> None:
    server.answer = say(stream(cut(f"{CHAIN}\n\n{FIRST}Say it again.{SECOND}" + "No. " * 100)))
    found = ask_server(server, ask(["um"]))["0"]
    assert isinstance(found, Generation)
    assert (found.text.rstrip(), found.finish) == (CHAIN, "label")
    assert len(found.token_ends) < 60
    asked = [replace(prompt, until="response") for prompt in ask(["um"])]
    found = ask_server(server, asked, limits=replace(LIMITS, loop_guard=False))["0"]
    assert isinstance(found, Generation)
    assert (found.text.rstrip(), found.finish) == (f"{FIRST}Say it.{SECOND}It.", "label")


@pytest.mark.parametrize("colon", [":", "："])
def test_an_answer_ends_with_the_piece_that_completes_the_label(ask: Ask, colon: str) -> None:
    growth = Growth(replace(ask(["um"])[0], until="response"), LIMITS, lambda: 0.0)
    for piece in (f"{FIRST}Say it.{SECOND}It.", "\n\n", "Response in ", "Galician"):
        assert growth.take(piece)
    assert not growth.take(colon)
    assert growth.finish == "label"


def test_a_limit_a_filter_and_a_missing_count(server: FaultyServer, ask: Ask) -> None:
    server.answer = say(stream(["Iso"], finish="length"))
    assert ask_server(server, ask(["um"]))["0"].finish == "length"  # type: ignore[union-attr]
    server.answer = say(stream(["Iso"], finish="content_filter"))
    assert ask_server(server, ask(["um"]))["0"].reason == "refused-by-server"  # type: ignore[union-attr]
    server.answer = say(stream(["Iso"], tokens=None))
    with pytest.raises(ModelError, match="no usage"):
        ask_server(server, ask(["um"]))


def test_half_a_character_is_shown_as_none(server: FaultyServer, ask: Ask) -> None:
    server.answer = say(stream(["Iso ", "\ud83d", " é."]))
    assert read_texts(ask_server(server, ask(["um"]))) == {"0": "Iso \ufffd é."}


def test_a_server_that_does_not_stream_is_asked_once(server: FaultyServer, ask: Ask) -> None:
    said = {"choices": [{"message": {"content": "Iso é."}, "finish_reason": "length"}]}
    usage = {"prompt_tokens": 7, "completion_tokens": 3}
    server.answer = say(reply_json(said | {"usage": usage}))
    found = ask_server(server, ask(["um"]))["0"]
    assert isinstance(found, Generation)
    assert (found.text, list(found.token_ends), found.finish) == ("Iso é.", [2, 4, 6], "length")
    assert len(server.requests) == 1
    server.answer = say(reply_json(said))
    with pytest.raises(ModelError, match="stream = false"):
        ask_server(server, ask(["um"]))


def test_a_stream_that_never_ends_is_given_up(server: FaultyServer, ask: Ask) -> None:
    server.faults.append(Drip())
    assert read_texts(ask_server(server, ask(["um"]), timeout_s=0.3)) == {"0": "you said um"}


def test_a_run_that_dies_pays_no_answer_twice(chain_folder: Path, tmp_path: Path) -> None:
    answered: Counter[str] = Counter()

    def answer(request: Request) -> Reply:
        question = request.json["messages"][-1]["content"]
        if len(answered) == 3 and not is_mended:
            return reply_json({"error": {"message": "no credit"}}, 402)
        answered[question] += 1
        return stream(cut(CHAIN))

    is_mended: list[bool] = []
    with FaultyServer(answer) as server:
        options = {"model": "gl", "api_key_env": "", "base_url": f"{server.url}/v1", "parallel_calls": 1}
        chosen = GenerateOptions(backend="openai", options=options, arms=("tuned",), guard={"language": False})

        def run() -> None:
            run_generate(
                chosen,
                model=ModelOptions(),
                chain=chain_folder,
                adapter=tmp_path / "adapter",
                out=tmp_path,
                cache=tmp_path,
                language=find_language("gl"),
                progress=SilentProgress(),
            )

        with pytest.raises(ModelError, match="402"):
            run()
        is_mended.append(True)
        run()
    assert set(answered.values()) == {1}
    answers = list(read_records(tmp_path / "tuned.jsonl", Answer))
    assert len(answers) == len(answered) == 6
    assert {one.state for one in answers} == {"complete"}


def test_how_answers_come_makes_no_stage_anew() -> None:
    options = {"model": "gl", "base_url": "http://127.0.0.1:1/v1"}
    keys = [
        GenerateOptions(backend="openai", options=options | more).select_deciding() for more in ({}, {"stream": False})
    ]
    assert keys[0] == keys[1]
    assert "stream" not in keys[0]["options"]


@given(pieces=st.lists(st.text(max_size=4)), tokens=st.integers(1, 50))
def test_every_token_ends_somewhere_and_the_last_at_the_end(pieces: list[str], tokens: int) -> None:
    ends = place_ends(pieces, tokens)
    assert len(ends) == tokens
    assert ends == sorted(ends)
    assert ends[-1] == len("".join(pieces))


@given(texts=st.lists(st.text(alphabet=st.characters(codec="utf-8"), max_size=8)), places=st.sets(st.integers(0, 999)))
@settings(deadline=None)
def test_a_stream_may_be_cut_anywhere(texts: list[str], places: set[int]) -> None:
    body = b"".join(b"data: " + json.dumps(text, ensure_ascii=True).encode() + b"\n\n" for text in texts)
    marks = [0, *sorted(place for place in places if 0 < place < len(body)), len(body)]
    reader = EventReader()
    found = [event for start, end in itertools.pairwise(marks) for event in reader.push(body[start:end])]
    assert [json.loads(event) for event in found] == texts
