"""The backend `openai` against a loopback server of the chat protocol, with faults; answers come whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from faulty_server import Drop, FaultyServer, Reply, Request, reply_json, say
from instant_clock import InstantClock
from said import Said
from taco.errors import ModelError
from taco.generate.backend import BACKENDS, Generation, Limits, Prompt, Refusal, Setup
from taco.generate.calls import BUSY_ATTEMPTS
from taco.generate.options import GenerateOptions
from taco.model.options import ModelOptions

pytest.importorskip("openai", reason="needs the extra [openai]")

Ask = Callable[[Sequence[str]], list[Prompt]]
LIMITS = Limits(max_new_tokens=50, loop_guard=True)
CHAIN = "Instruction in English: Say it.\nResponse in English: It.\nResponse in Galician: Iso."
KEY = "sk-secret-0123456789"


def write(text: str | None, *, tokens: int | None = 12, finish: str = "stop", **message: Any) -> Reply:
    usage = {} if tokens is None else {"usage": {"prompt_tokens": 7, "completion_tokens": tokens, "total_tokens": 9}}
    said = {"role": "assistant", "content": text, **message}
    return reply_json(
        {"id": "1", "model": "m", "choices": [{"index": 0, "message": said, "finish_reason": finish}], **usage}
    )


def echo(request: Request) -> Reply:
    return write("you said " + request.json["messages"][-1]["content"])


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer(echo) as found:
        yield found


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def ask_server(
    server: FaultyServer, prompts: Sequence[Prompt], *, arm: str = "tuned", progress: Said | None = None, **options: Any
) -> dict[str, Generation | Refusal]:
    named = {"model": "tuned-one", "base_model": "base-one", "parallel_calls": 2, "stream": False, **options}
    chosen = BACKENDS.load_options("openai")(base_url=f"{server.url}/v1", **named)
    setup = Setup(model=ModelOptions(), adapter=None, cache=None, progress=progress or Said())  # type: ignore[arg-type]
    backend = BACKENDS.load_implementation("openai")(chosen, setup=setup, clock=InstantClock())
    assert KEY not in backend.signature
    try:
        return {one.id: one for one in backend.generate(prompts, arm=arm, limits=LIMITS, on_tokens=lambda n: None)}
    finally:
        backend.close()


def test_every_prompt_gets_its_own_answer_from_the_model_of_its_arm(server: FaultyServer, ask: Ask) -> None:
    for arm, model in (("base", "base-one"), ("tuned", "tuned-one")):
        found = ask_server(server, ask(["um", "dous", "tres"]), arm=arm)
        assert {key: one.text for key, one in found.items()} == {  # type: ignore[union-attr]
            "0": "you said um",
            "1": "you said dous",
            "2": "you said tres",
        }
        assert {request.json["model"] for request in server.requests} == {model}
        server.requests.clear()


def test_the_request_is_that_of_the_run(server: FaultyServer, ask: Ask) -> None:
    ask_server(server, ask(["um"]), extra_body={"taco": {"chain": "inline"}}, max_tokens_field="max_completion_tokens")
    sent = server.requests[0].json
    assert sent["messages"] == [{"role": "system", "content": "Answer."}, {"role": "user", "content": "um"}]
    assert (sent["max_completion_tokens"], sent["temperature"], sent["taco"]) == (50, 0.0, {"chain": "inline"})
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_conversation_is_sent_whole(server: FaultyServer, ask: Ask) -> None:
    later = replace(ask(["e logo?"])[0], earlier=(("user", "um"), ("assistant", "Un.")))
    ask_server(server, [later])
    sent = server.requests[0].json["messages"]
    assert [(one["role"], one["content"]) for one in sent[1:]] == [
        ("user", "um"),
        ("assistant", "Un."),
        ("user", "e logo?"),
    ]


def test_tokens_are_the_servers_count_and_seconds_add_up(server: FaultyServer, ask: Ask) -> None:
    server.answer = say(write(CHAIN, tokens=31, finish="length"))
    found = ask_server(server, ask(["um", "dous"]))["0"]
    assert isinstance(found, Generation)
    assert (found.text, found.finish) == (CHAIN, "length")
    assert len(found.token_ends) == len(found.token_seconds) == 31
    assert list(found.token_ends) == sorted(found.token_ends)
    assert found.token_ends[-1] == len(CHAIN)
    assert min(found.token_seconds) > 0


@pytest.mark.parametrize(
    "fault",
    [
        say(reply_json({"error": {"message": "slow down"}}, 429, Retry_After="7")),
        say(reply_json({"error": {"message": "oops"}}, 500)),
        say(Reply(b"<html><title>Bad gateway</title>", 502)),
        say(Reply(b'{"choices": [{"message"', 200, is_cut=True)),
        say(Reply(b"\xff\xfe not JSON", 200)),
        say(reply_json({"choices": []})),
        Drop(),
    ],
    ids=["429", "500", "html", "cut", "garbage", "no-choice", "dropped"],
)
def test_a_passing_fault_costs_no_answer(server: FaultyServer, ask: Ask, fault: Any) -> None:
    server.faults.extend([fault] * 3)
    progress = Said()
    found = ask_server(server, ask(["um", "dous"]), progress=progress)
    assert {key: one.text for key, one in found.items()} == {"0": "you said um", "1": "you said dous"}  # type: ignore[union-attr]
    assert any("busy" in line for line in progress.lines)
    assert "14 tokens read and 24 written" in progress.lines[-1]


def test_a_server_that_stays_busy_is_given_up(server: FaultyServer, ask: Ask) -> None:
    server.answer = say(reply_json({"error": {"message": f"the key {KEY} is busy"}}, 503))
    with pytest.raises(ModelError, match=f"still busy after {BUSY_ATTEMPTS} attempts") as caught:
        ask_server(server, ask(["um"]))
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(("status", "word"), [(401, "OPENAI_API_KEY"), (404, "answered 404")])
def test_what_no_waiting_mends_ends_the_run(server: FaultyServer, ask: Ask, status: int, word: str) -> None:
    server.answer = say(reply_json({"error": {"message": f"no: {KEY}"}}, status))
    with pytest.raises(ModelError, match=word) as caught:
        ask_server(server, ask(["um"]))
    assert KEY not in str(caught.value)


def test_a_rejected_prompt_is_a_refusal_and_many_are_an_error(server: FaultyServer, ask: Ask) -> None:
    rejection = reply_json({"error": {"message": "context length exceeded"}}, 400)
    server.faults.append(say(rejection))
    found = ask_server(server, ask(["um", "dous"]), parallel_calls=1)
    assert isinstance(found["0"], Refusal)
    assert (found["0"].reason, isinstance(found["1"], Generation)) == ("rejected-by-server", True)
    server.answer = say(rejection)
    with pytest.raises(ModelError, match="rejected 20 prompts in a row"):
        ask_server(server, ask(["um"] * 30))


def test_a_filtered_answer_and_a_missing_base_are_refusals(server: FaultyServer, ask: Ask) -> None:
    server.answer = say(write(None, refusal="I will not."))
    found = ask_server(server, ask(["um"]))["0"]
    assert isinstance(found, Refusal)
    assert (found.reason, found.detail) == ("refused-by-server", "I will not.")
    server.requests.clear()
    assert [one.reason for one in ask_server(server, ask(["um"]), arm="base", base_model="").values()] == [  # type: ignore[union-attr]
        "no-base-model"
    ]
    assert not server.requests


def test_an_answer_that_was_begun_is_gone_on_with_where_the_server_can(server: FaultyServer, ask: Ask) -> None:
    begun = [replace(prompt, prefix="Instruction in English: Say") for prompt in ask(["um"])]
    assert [one.reason for one in ask_server(server, begun).values()] == ["cannot-continue"]  # type: ignore[union-attr]
    assert not server.requests
    ask_server(server, begun, can_continue=True)
    sent = server.requests[0].json
    assert sent["messages"][-1] == {"role": "assistant", "content": "Instruction in English: Say"}
    assert (sent["continue_final_message"], sent["add_generation_prompt"]) == (True, False)


@pytest.mark.parametrize("text", ["Iso.", f"{CHAIN}\n\n{CHAIN}"], ids=["one answer", "a second one behind it"])
def test_an_answer_without_usage_is_an_error(server: FaultyServer, ask: Ask, text: str) -> None:
    server.answer = say(write(text, tokens=None))
    with pytest.raises(ModelError, match="no usage"):
        ask_server(server, ask(["um"]))


def test_a_recipe_checks_the_options() -> None:
    with pytest.raises(ValueError, match="usd_per_million"):
        GenerateOptions(backend="openai", options={"model": "m", "base_url": "https://api.example.org/v1"})
    with pytest.raises(ValueError, match="api_key_env"):
        GenerateOptions(backend="openai", options={"model": "m", "base_url": "http://localhost/v1", "api_key_env": KEY})
