"""Limits, doors and ends: 429, time-outs, clients that leave, keys, hosts, origins, a graceful stop."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from pathlib import Path
from typing import Any

import httpx2
import pytest
from served_runs import Running, open_echo, start_server

from taco.errors import ModelError
from taco.generate.session import Piece
from taco.serve.options import ServeOptions

LONG = "ola " * 1000


def body(text: str = "Ola", **more: Any) -> dict[str, Any]:
    return {"model": "demo-gl", "messages": [{"role": "user", "content": text}], **more}


def post(running: Running, value: dict[str, Any], **more: Any) -> httpx2.Response:
    return running.http.post("/v1/chat/completions", json=value, **more)


async def post_many(running: Running, count: int, text: str) -> list[httpx2.Response]:
    async with httpx2.AsyncClient(timeout=60, limits=httpx2.Limits(max_connections=count)) as client:
        calls = (client.post(f"{running.url}/v1/chat/completions", json=body(text)) for _ in range(count))
        return list(await asyncio.gather(*calls))


def wait_until_idle(running: Running) -> dict[str, Any]:
    """Ask until nothing is live any more; the test's own time-out ends it where that never comes."""
    while (state := running.http.get("/health").json())["live"] or state["waiting"]:
        pass
    return state


def test_64_clients_at_once_get_their_answers(server: Running) -> None:
    replies = asyncio.run(post_many(server, 64, "Cales son as cores?"))
    assert {reply.status_code for reply in replies} == {200}
    assert {reply.json()["choices"][0]["message"]["content"] for reply in replies} == {"Cales son as cores?"}


def test_a_full_queue_says_429_and_when_to_come_again(runs: list[Path]) -> None:
    session = open_echo(0.002)
    with start_server(runs, ServeOptions(port=0, max_waiting=1), session=session) as running:
        replies = asyncio.run(post_many(running, 120, "ola " * 60))
    found = {reply.status_code for reply in replies}
    assert found == {200, 429}
    refused = next(reply for reply in replies if reply.status_code == 429)
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["error"]["code"] == "queue_full"
    assert refused.json()["error"]["type"] == "rate_limit_error"


def test_an_answer_that_takes_too_long_is_ended_with_what_there_is(runs: list[Path]) -> None:
    options = ServeOptions(port=0, timeout_s=0.3, max_tokens=100_000)
    with start_server(runs, options, session=open_echo(0.01)) as running:
        reply = post(running, body(LONG, max_tokens=100_000)).json()
    assert reply["taco"]["finish"] == "timeout"
    assert reply["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_frees_its_place(runs: list[Path], stream: bool) -> None:
    options = ServeOptions(port=0, max_tokens=100_000)
    with start_server(runs, options, session=open_echo(0.01)) as running:
        request = json.dumps(body(LONG, stream=stream, max_tokens=100_000)).encode()
        host, port = running.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as client:
            head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            client.sendall(f"{head}Content-Length: {len(request)}\r\n\r\n".encode() + request)
            while not running.http.get("/health").json()["live"]:
                pass
        wait_until_idle(running)
        text = running.http.get("/metrics").text
    assert 'finish="stop"' not in text


def test_answers_under_way_are_finished_when_the_server_stops(runs: list[Path]) -> None:
    replies: list[httpx2.Response] = []
    with start_server(runs, ServeOptions(port=0), session=open_echo(0.005)) as running:
        asking = threading.Thread(target=lambda: replies.append(post(running, body("ola " * 30))))
        asking.start()
        while not running.http.get("/health").json()["live"]:
            pass
        running.server.should_exit = True
        asking.join(30)
    assert [reply.status_code for reply in replies] == [200]
    assert replies[0].json()["choices"][0]["message"]["content"] == ("ola " * 30).strip()


def test_a_model_that_fails_once_goes_on_with_the_next_request(runs: list[Path], capfd: Any) -> None:
    class FailingOnce:
        """An echo whose first step fails."""

        def __init__(self) -> None:
            self._echo, self._has_failed = open_echo(), False

        def step(self) -> list[Piece]:
            if not self._has_failed:
                self._has_failed = True
                raise ModelError("The model's numbers overflowed.")
            return self._echo.step()

        def __getattr__(self, name: str) -> Any:
            return getattr(self._echo, name)

    with start_server(runs, ServeOptions(port=0), session=FailingOnce()) as running:  # type: ignore[arg-type]
        broken = post(running, body("secret question", stream=True))
    assert (broken.status_code, broken.text.count("data: ")) == (200, 3)
    assert '"code": "model_failed"' in broken.text
    with start_server(runs, ServeOptions(port=0), session=FailingOnce()) as running:  # type: ignore[arg-type]
        failed, answered = post(running, body("secret question")), post(running, body())
    assert (failed.status_code, failed.json()["error"]["code"]) == (500, "model_failed")
    assert answered.status_code == 200
    shown = capfd.readouterr()
    assert "overflowed" in shown.err
    assert "secret question" not in shown.err + shown.out


def test_without_the_key_only_page_and_health_are_open(runs: list[Path]) -> None:
    with start_server(runs, ServeOptions(port=0, api_key="sésame")) as running:
        for path, status in (("/", 200), ("/health", 200), ("/v1/models", 401), ("/metrics", 401)):
            assert running.http.get(path).status_code == status
        refused = post(running, body(), headers={"Authorization": "Bearer wrong"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "invalid_api_key")
        right = post(running, body(), headers={"Authorization": "Bearer sésame".encode()})
        assert right.status_code == 200


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Host": "evil.example"}, "unknown_host"),
        ({"Origin": "https://evil.example"}, "foreign_origin"),
        ({"Origin": "null"}, "foreign_origin"),
        ({"Origin": "http://[::"}, "foreign_origin"),
    ],
)
def test_foreign_hosts_and_pages_are_kept_out(server: Running, headers: dict[str, str], code: str) -> None:
    reply = post(server, body(), headers=headers)
    assert (reply.status_code, reply.json()["error"]["code"]) == (403, code)


def test_cors_is_off_by_default_and_on_for_named_origins(runs: list[Path], server: Running) -> None:
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    path = "/v1/chat/completions"
    assert "access-control-allow-origin" not in server.http.request("OPTIONS", path, headers=asked).headers
    with start_server(runs, ServeOptions(port=0, cors_origins=("https://app.example",))) as running:
        preflight = running.http.request("OPTIONS", path, headers=asked)
        assert preflight.headers["access-control-allow-origin"] == "https://app.example"
        assert post(running, body(), headers={"Origin": "https://app.example"}).status_code == 200


def test_metrics_count_tokens_by_section(server: Running) -> None:
    post(server, body())
    text = server.http.get("/metrics").text
    assert 'taco_tokens_total{model="demo-gl",section="response_en"}' in text
    assert 'taco_requests_total{endpoint="/v1/chat/completions",status="200"}' in text
    assert "taco_first_token_seconds_bucket" in text
