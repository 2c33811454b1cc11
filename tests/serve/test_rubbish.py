"""Rubbish in: 4xx in OpenAI's form, never 5xx, never a hang."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from served_runs import Running, start_server

from taco.serve.options import ServeOptions

CHAT, COMPLETE, FEEDBACK = "/v1/chat/completions", "/v1/completions", "/taco/feedback"
HEAD = '{"model": "auto", "messages": [{"role": "user", "content": '

BODIES = {
    "empty": b"",
    "no JSON": b"{",
    "no object": b"[]",
    "a number": b"1",
    "null": b"null",
    "no UTF-8": b'{"model": "\xff\xfe"}',
    "a lone surrogate": (HEAD + '"\\ud800"}]}').encode(),
    "a lone surrogate in a name": b'{"\\ud800": 1, "model": "\\udfff", "messages": []}',
    "NUL": (HEAD + '"a\\u0000b"}]}').encode(),
    "NaN": b'{"model": "auto", "temperature": NaN, "messages": [{"role": "user", "content": "a"}]}',
    "infinity": b'{"model": "auto", "top_p": 1e999, "messages": [{"role": "user", "content": "a"}]}',
    "a huge number": b'{"model": "auto", "seed": ' + b"9" * 6000 + b"}",
    "deep nesting": b"[" * 100_000,
    "deep objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "no messages": b'{"model": "auto", "messages": []}',
    "no user": b'{"model": "auto", "messages": [{"role": "system", "content": "a"}]}',
    "an assistant last": b'{"model": "auto", "messages": [{"role": "assistant", "content": "a"}]}',
    "an unknown role": b'{"model": "auto", "messages": [{"role": "pirate", "content": "a"}]}',
    "an image": b'{"model": "auto", "messages": [{"role": "user", "content": [{"type": "image_url"}]}]}',
    "an empty question": (HEAD + '"  "}]}').encode(),
    "too many characters": (HEAD + json.dumps("a " * 60_000) + "}]}").encode(),
    "too many messages": json.dumps({"model": "auto", "messages": [{"role": "user", "content": "a"}] * 1000}).encode(),
    "too many stops": b'{"model": "auto", "stop": ["a","b","c","d","e"], "messages": [{"role": "user", "content": "a"}]}',
    "negative tokens": b'{"model": "auto", "max_tokens": -1, "messages": [{"role": "user", "content": "a"}]}',
}


def send(running: Running, path: str, content: bytes, kind: str = "application/json") -> httpx2.Response:
    return running.http.post(path, content=content, headers={"Content-Type": kind})


@pytest.mark.parametrize("path", [CHAT, COMPLETE, FEEDBACK])
@pytest.mark.parametrize("content", BODIES.values(), ids=BODIES)
def test_malformed_bodies_are_refused(server: Running, path: str, content: bytes) -> None:
    reply = send(server, path, content)
    assert 400 <= reply.status_code < 500
    error = reply.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_forms_of_foreign_pages_are_no_requests(server: Running, kind: str) -> None:
    assert send(server, CHAT, (HEAD + '"a"}]}').encode(), kind).status_code == 400


def test_a_body_too_large_is_refused_before_it_is_read(server: Running) -> None:
    assert send(server, CHAT, b" " * (2**20 + 1)).status_code == 413

    def pieces() -> Any:
        for _ in range(40):
            yield b" " * 2**15

    reply = server.http.post(CHAT, content=pieces())
    assert reply.status_code == 413


def test_a_body_that_never_ends_is_given_up(runs: list[Path]) -> None:
    with start_server(runs, ServeOptions(port=0, read_timeout_s=0.2)) as running:
        host, port = running.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as client:
            client.sendall(f"POST {CHAT} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100\r\n\r\n{{".encode())
            assert client.recv(4096).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("path", ["/nowhere", "/v1/models/nobody", "/v1/models/%00", "/v1/models/%ff", "/%2e%2e/x"])
def test_unknown_paths_are_404(server: Running, path: str) -> None:
    assert server.http.get(path).status_code == 404


def test_wrong_methods_are_405(server: Running) -> None:
    assert server.http.get(CHAT).status_code == 405
    assert server.http.get(CHAT).json()["error"]["type"] == "invalid_request_error"


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    "model",
    "messages",
    "prompt",
    "stop",
    "n",
    "max_tokens",
    "temperature",
    "top_p",
    "seed",
    "taco",
    "stream",
    "tools",
)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from([CHAT, COMPLETE, FEEDBACK]),
    fields=st.dictionaries(st.sampled_from(FIELDS), ANY_JSON, max_size=6),
    text=st.text(max_size=30),
)
def test_any_values_of_known_fields_never_break_the_server(
    server: Running, path: str, fields: dict[str, Any], text: str
) -> None:
    whole = {"model": "auto", "messages": [{"role": "user", "content": text}], "prompt": text} | fields
    content = json.dumps(whole).encode()
    reply = send(server, path, content)
    assert reply.status_code < 500, reply.text
    assert reply.status_code != 200 or reply.content


def test_the_description_of_the_protocol_has_400_instead_of_422(server: Running) -> None:
    described = server.http.get("/openapi.json").json()
    responses = described["paths"][CHAT]["post"]["responses"]
    assert "422" not in responses
    assert {"200", "400", "401", "404", "413", "429"} <= set(responses)
