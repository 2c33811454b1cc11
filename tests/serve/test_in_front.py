"""`taco serve` in front of another server: the chain is read, guarded and repaired; who fails behind it is told apart."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from served_runs import Running, make_run, start_server

from faulty_server import Drip, FaultyServer, Hang, Reply, Request, reply_json, say
from said import Said
from streamed_reply import cut, stream
from taco.chain.formats import find_template
from taco.errors import ModelError, RecipeError
from taco.languages.table import find_language
from taco.serve.options import ServeOptions
from taco.serve.run import open_session
from taco.serve.served import Menu, read_served
from taco.serve.terminal import Terminal

pytest.importorskip("openai", reason="needs the extra [openai]")

FIRST, SECOND, THIRD = find_template("taco").separators(find_language("gl"))
CHAIN = f"{FIRST}Which colour?{SECOND}It is blue.{THIRD}É azul."
CONTINUES = {"can_continue": True}


def answer_chain(request: Request) -> Reply:
    return stream(cut(CHAIN))


@pytest.fixture
def behind() -> Iterator[FaultyServer]:
    with FaultyServer(answer_chain) as found:
        yield found


@contextmanager
def serve_in_front(behind: FaultyServer, folder: Path, *, said: Said | None = None, **more: Any) -> Iterator[Running]:
    run = make_run(folder / "demo-gl", "gl")
    options = {"model": "gl-tuned", "api_key_env": "", "base_url": f"{behind.url}/v1", **more}
    session = open_session(
        Menu([read_served(run)]),
        backend="openai",
        batch_size=None,
        cache=folder,
        progress=said or Said(),  # type: ignore[arg-type]
        given=options,
    )
    with start_server([run], ServeOptions(port=0), session=session) as running:
        yield running


def ask(running: Running, **more: Any) -> httpx2.Response:
    body = {"model": "auto", "messages": [{"role": "user", "content": "De que cor é o ceo?"}], **more}
    return running.http.post("/v1/chat/completions", json=body)


def test_the_answer_is_the_target_section_and_the_prompt_is_counted(behind: FaultyServer, tmp_path: Path) -> None:
    said = Said()
    with serve_in_front(behind, tmp_path, said=said) as running:
        whole = ask(running, temperature=0.5, top_p=0.9, seed=2**40 + 3).json()
        streamed = ask(running, stream=True, stream_options={"include_usage": True}).text
    message = whole["choices"][0]["message"]
    assert (message["content"], message["taco"]["response_en"]) == ("É azul.", "It is blue.")
    assert (whole["usage"]["prompt_tokens"], whole["taco"]["state"]) == (7, "complete")
    assert whole["usage"]["completion_tokens"] == len(cut(CHAIN)) + 1
    chunks = [json.loads(line[6:]) for line in streamed.splitlines() if line.startswith("data: {")]
    deltas = [choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"]]
    assert "".join(deltas) == "É azul."
    assert chunks[-1]["usage"]["prompt_tokens"] == 7
    first, second = (request.json for request in behind.requests)
    assert (first["model"], first["temperature"], first["top_p"], first["seed"]) == ("gl-tuned", 0.5, 0.9, 3)
    assert (second["temperature"], "top_p" in second) == (0, False)
    assert first["messages"][0]["role"] == "system"
    assert "14 tokens read" in said.lines[-1]


def test_a_busy_server_is_asked_again_and_nothing_is_said_twice(behind: FaultyServer, tmp_path: Path) -> None:
    behind.faults.append(say(reply_json({"error": {"message": "slow down"}}, 429)))
    with serve_in_front(behind, tmp_path) as running:
        assert ask(running).json()["choices"][0]["message"]["content"] == "É azul."
        behind.faults.append(say(stream(cut(CHAIN)[:9], finish=None, tokens=None)))
        broken = ask(running)
        assert (broken.status_code, broken.json()["error"]["code"]) == (503, "server_busy")
    assert len(behind.requests) == 3


def test_an_answer_that_breaks_off_is_gone_on_with_where_the_server_can(behind: FaultyServer, tmp_path: Path) -> None:
    behind.faults.append(say(stream(cut(CHAIN)[:9], finish=None, tokens=None)))
    behind.answer = say(stream(cut(CHAIN)[9:]))
    with serve_in_front(behind, tmp_path, **CONTINUES) as running:
        assert ask(running).json()["choices"][0]["message"]["content"] == "É azul."
    last = behind.requests[-1].json
    assert last["messages"][-1] == {"role": "assistant", "content": "".join(cut(CHAIN)[:9])}
    assert last["continue_final_message"] is True


def test_a_chain_without_its_last_section_is_repaired(behind: FaultyServer, tmp_path: Path) -> None:
    behind.faults.append(say(stream(cut(f"{FIRST}Which colour?{SECOND}It is blue."))))
    behind.answer = say(stream(["É azul."]))
    with serve_in_front(behind, tmp_path, **CONTINUES) as running:
        reply = ask(running).json()
    assert reply["choices"][0]["message"]["content"] == "É azul."
    assert [repair["kind"] for repair in reply["taco"]["repairs"]] == ["heading"]
    assert behind.requests[-1].json["messages"][-1]["content"].endswith(THIRD.rstrip(" "))


def test_a_repair_that_is_refused_leaves_the_answer_as_it_was(behind: FaultyServer, tmp_path: Path) -> None:
    begun = f"{FIRST}Which colour?{SECOND}It is blue."
    behind.faults.append(say(stream(cut(begun))))
    behind.answer = say(reply_json({"error": {"message": "no continue_final_message here"}}, 400))
    with serve_in_front(behind, tmp_path, **CONTINUES) as running:
        reply = ask(running, taco={"chain": "inline"}).json()
    assert reply["choices"][0]["message"]["content"] == begun
    assert [repair["outcome"] for repair in reply["taco"]["repairs"]] == ["refused"]


def test_the_prompt_is_counted_once_however_often_it_is_sent(behind: FaultyServer, tmp_path: Path) -> None:
    behind.faults.append(
        say(
            stream(cut(f"{FIRST}Which colour?{SECOND}It is blue."), usage={"prompt_tokens": 30, "completion_tokens": 9})
        )
    )
    behind.answer = say(stream(["É azul."], usage={"prompt_tokens": 40, "completion_tokens": 3}))
    with serve_in_front(behind, tmp_path, **CONTINUES) as running:
        assert ask(running).json()["usage"]["prompt_tokens"] == 30


def test_a_question_that_breaks_the_server_holds_no_other_up(behind: FaultyServer, tmp_path: Path) -> None:
    def answer(request: Request) -> Reply:
        is_poison = request.json["messages"][-1]["content"] == "poison"
        return reply_json({"error": {"message": "out of memory"}}, 500) if is_poison else answer_chain(request)

    behind.answer = answer
    found: list[httpx2.Response] = []
    with serve_in_front(behind, tmp_path) as running:
        messages = [{"role": "user", "content": "poison"}]
        poisoned = threading.Thread(target=lambda: found.append(ask(running, messages=messages)))
        poisoned.start()
        while not behind.requests:
            time.sleep(0.01)
        assert ask(running).status_code == 200
        assert poisoned.is_alive()
        poisoned.join()
    assert [(reply.status_code, reply.json()["error"]["code"]) for reply in found] == [(503, "server_busy")]


def test_the_terminal_keeps_no_answer_that_failed(
    behind: FaultyServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = read_served(make_run(tmp_path / "demo-gl", "gl"))
    options = {"model": "gl", "api_key_env": "", "base_url": f"{behind.url}/v1"}
    session = open_session(
        Menu([run]),
        backend="openai",
        batch_size=1,
        cache=tmp_path,
        progress=Said(),
        given=options,  # type: ignore[arg-type]
    )
    terminal = Terminal(run, session, max_tokens=99, folder=tmp_path, shows_chain=False)
    behind.faults.append(say(reply_json({"error": {"message": "who are you?"}}, 401)))
    assert not terminal._ask("Ola")
    assert "the server behind this one failed" in capsys.readouterr().err
    assert terminal._ask("Ola")
    assert [message["role"] for message in behind.requests[-1].json["messages"]] == ["system", "user"]
    session.close()


@pytest.mark.parametrize(
    ("reply", "status", "code"),
    [
        (reply_json({"error": {"message": "too long for this model"}}, 400), 400, "rejected-by-server"),
        (reply_json({"error": {"message": "who are you?"}}, 401), 502, "server_failed"),
        (reply_json({"error": {"message": "no such model"}}, 404), 502, "server_failed"),
        (stream(["no"], finish="content_filter"), 400, "refused-by-server"),
    ],
    ids=["rejected", "no-key", "no-model", "filtered"],
)
def test_who_fails_behind_is_told_apart(
    behind: FaultyServer, tmp_path: Path, reply: Reply, status: int, code: str, capfd: pytest.CaptureFixture[str]
) -> None:
    behind.faults.append(say(reply))
    with serve_in_front(behind, tmp_path) as running:
        refused = ask(running)
        assert (refused.status_code, refused.json()["error"]["code"]) == (status, code)
        assert ask(running).status_code == 200
    assert ("who are you?" in capfd.readouterr().err) == (status == 502 and "who" in reply.body.decode())


def test_a_plain_text_is_refused(behind: FaultyServer, tmp_path: Path) -> None:
    with serve_in_front(behind, tmp_path) as running:
        reply = running.http.post("/v1/completions", json={"model": "auto", "prompt": "Once"})
        assert (reply.status_code, reply.json()["error"]["code"]) == (400, "no-plain-text")


def test_who_waits_for_a_dead_server_holds_nobody_up(behind: FaultyServer, tmp_path: Path) -> None:
    behind.faults.extend([Hang(), Drip()])
    with serve_in_front(behind, tmp_path, parallel_calls=3) as running:

        def leave() -> None:
            with httpx2.Client(base_url=running.url, timeout=0.5) as hasty, pytest.raises(httpx2.TimeoutException):
                hasty.post(
                    "/v1/chat/completions", json={"model": "auto", "messages": [{"role": "user", "content": "a"}]}
                )

        hasty = [threading.Thread(target=leave) for _ in range(2)]
        for thread in hasty:
            thread.start()
        for thread in hasty:
            thread.join()
        assert ask(running).json()["choices"][0]["message"]["content"] == "É azul."


def test_what_cannot_be_opened_says_why(behind: FaultyServer, tmp_path: Path) -> None:
    runs = [make_run(tmp_path / f"demo-{code}", code) for code in ("gl", "fa")]
    menu = Menu([read_served(run) for run in runs])

    def open_with(menu: Menu, *, goes_on: bool = False, **given: Any) -> None:
        said: Any = Said()
        session = open_session(
            menu, backend="openai", batch_size=None, cache=tmp_path, progress=said, given=given, goes_on=goes_on
        )
        session.close()

    here = {"model": "gl", "api_key_env": "", "base_url": f"{behind.url}/v1"}
    with pytest.raises(ModelError, match="2 runs are to be served"):
        open_with(menu, **here)
    with pytest.raises(RecipeError, match="model"):
        open_with(Menu(menu.runs[:1]), base_url=here["base_url"])
    with pytest.raises(ModelError, match="as they come"):
        open_with(Menu(menu.runs[:1]), stream=False, **here)
    with pytest.raises(RecipeError, match="go on from there"):
        open_with(Menu(menu.runs[:1]), goes_on=True, **here)
    open_with(Menu(menu.runs[:1]), goes_on=True, can_continue=True, **here)
