"""A loopback HTTP server that speaks a protocol well, except where a test has put a fault in its way."""

from __future__ import annotations

import contextlib
import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}


@dataclass(frozen=True)
class Reply:
    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    is_cut: bool = False
    is_chunked: bool = False


Answer = Callable[[Request], Reply]
"""What a server says to a request."""


def reply_json(content: Any, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(json.dumps(content).encode(), status, {"Content-Type": "application/json", **named})


def say(reply: Reply) -> Answer:
    """Say the same to every request."""
    return lambda _: reply


class Hang:
    """No answer at all, until the server is closed."""


class Drop:
    """A connection that is closed instead of an answer."""


class Drip:
    """An answer that comes a byte at a time and never ends, until the server is closed."""


class FaultyServer:
    """Serves on 127.0.0.1 until it is closed.

    Attributes:
        url: Its address.
        answer: What it says while there are no faults.
        faults: What happens instead, one for each of the next requests.
        requests: Every request so far.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.faults: deque[Answer | Hang | Drop | Drip] = deque()
        self.requests: list[Request] = []
        self._closing = threading.Event()
        self._lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 1 << 16  # a header and its body in one packet: no waiting for acknowledgements

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                server._handle(
                    self,
                    Request(
                        self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body
                    ),
                )

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, *_: object) -> None:
                pass

        self._httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._httpd.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._httpd.server_port}"
        self._thread = threading.Thread(target=self._httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def _handle(self, handler: BaseHTTPRequestHandler, request: Request) -> None:
        with self._lock:
            self.requests.append(request)
            action = self.faults.popleft() if self.faults else self.answer
        if isinstance(action, (Hang, Drop)) or self._closing.is_set():
            if isinstance(action, Hang):
                self._closing.wait(30)
            handler.close_connection = True
            return
        if isinstance(action, Drip):
            self._drip(handler)
            return
        reply = action(request)
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        if reply.is_chunked:
            handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
            pieces = [reply.body[start : start + 7] for start in range(0, len(reply.body), 7)]
            handler.wfile.writelines(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])
            return
        handler.send_header("Content-Length", str(len(reply.body)))
        handler.end_headers()
        handler.wfile.write(reply.body[: len(reply.body) // 2] if reply.is_cut else reply.body)
        if reply.is_cut:
            handler.close_connection = True

    def _drip(self, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        with contextlib.suppress(OSError):
            while not self._closing.wait(0.02):
                handler.wfile.write(b" ")
                handler.wfile.flush()

    def close(self) -> None:
        self._closing.set()
        self._httpd.shutdown()
        self._thread.join()
        self._httpd.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
