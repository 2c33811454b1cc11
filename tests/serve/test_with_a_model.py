"""The server with transformers and a tiny random model: several adapters, clients at once, the seed."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from served_runs import Running, make_run, start_server

pytest.importorskip("torch", reason="needs the extra [train]")

from taco.progress import SilentProgress
from taco.serve.options import ServeOptions
from taco.serve.run import open_session
from taco.serve.served import Menu, read_served

pytestmark = pytest.mark.slow

QUESTIONS = ("Hello", "O ceo é azul", "1 2 3", "print('hello')")


@pytest.fixture(scope="module")
def tuned(tiny_base: Path, tiny_adapter: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("tuned")
    runs = [make_run(folder / f"tiny-{code}", code, base=str(tiny_base)) for code in ("gl", "fa")]
    for run in runs:
        shutil.copytree(tiny_adapter, run / "train" / "adapter")
    menu = Menu([read_served(run) for run in runs])
    session = open_session(menu, backend=None, batch_size=3, cache=folder / "cache", progress=SilentProgress())
    with start_server(runs, ServeOptions(port=0), session=session) as running:
        yield running


def make(question: str, **more: Any) -> dict[str, Any]:
    body = {"model": "tiny-gl", "messages": [{"role": "user", "content": question}], "taco": {"chain": "inline"}}
    return body | more


def ask(running: Running, question: str, **more: Any) -> dict[str, Any]:
    reply = running.http.post("/v1/chat/completions", json=make(question, **more))
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def test_clients_at_once_get_what_each_would_get_alone(tuned: Running) -> None:
    bodies = [make(question, model=model) for question in QUESTIONS for model in ("tiny-gl", "tiny-fa")]

    async def ask_all() -> list[httpx2.Response]:
        async with httpx2.AsyncClient(timeout=60) as client:
            return await asyncio.gather(
                *(client.post(f"{tuned.url}/v1/chat/completions", json=body) for body in bodies)
            )

    together = [reply.json() for reply in asyncio.run(ask_all())]
    alone = [ask(tuned, body["messages"][0]["content"], model=body["model"]) for body in bodies]
    texts = [reply["choices"][0]["message"]["content"] for reply in together]
    assert texts == [reply["choices"][0]["message"]["content"] for reply in alone]
    assert [reply["usage"]["completion_tokens"] for reply in together] == [
        reply["usage"]["completion_tokens"] for reply in alone
    ]
    assert len(set(texts)) == len(QUESTIONS) * 2  # the system message names the language


def test_the_seed_decides_what_chance_does(tuned: Running) -> None:
    texts = [ask(tuned, "Hello", temperature=1.5, seed=seed)["choices"][0]["message"]["content"] for seed in (1, 1, -2)]
    assert texts[0] == texts[1] != texts[2]


def test_limits_hold_and_an_answer_without_a_chain_says_so(tuned: Running) -> None:
    reply = ask(tuned, "Hello", max_tokens=5, taco={"chain": "field"})
    assert (reply["usage"]["completion_tokens"], reply["choices"][0]["finish_reason"]) == (5, "length")
    assert (reply["choices"][0]["message"]["content"], reply["taco"]["state"]) == ("", "no-chain")
    assert reply["taco"]["unlabelled"]


def test_a_prompt_beyond_the_context_is_refused(tuned: Running) -> None:
    refused = tuned.http.post("/v1/chat/completions", json=make("é " * 3000))
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "context_length_exceeded")
