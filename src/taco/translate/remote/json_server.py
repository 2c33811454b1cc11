"""A server that is spoken to in plain HTTP, without a client library of its own."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from taco.remote.faults import Service, find_status_fault, make_lost_fault, make_unreadable_fault
from taco.remote.libraries import import_library

ANSWER_BYTES = 64 * 1024 * 1024
"""An answer that is larger is none of ours."""


class JsonServer:
    """Makes requests, one attempt each; may be used by several threads.

    Args:
        service: Whom errors speak of.
        url: The server's address, without a slash at its end.
        timeout_s: Seconds until an answer must be complete.
        connections: Connections that are kept open; how many are used at a time is the caller's part.

    Raises:
        EngineError: The library `httpx2` is missing.
    """

    def __init__(self, service: Service, url: str, *, timeout_s: float, connections: int) -> None:
        self._service, self._url, self._timeout_s = service, url, timeout_s
        self._httpx = import_library("httpx2", name=service.name, extra="http")
        limits = self._httpx.Limits(max_connections=None, max_keepalive_connections=connections)
        self._client = self._httpx.Client(timeout=timeout_s, limits=limits, follow_redirects=False)

    def get(self, path: str) -> str:
        """Return the body of a GET request; see `_request` for what it raises."""
        return self._request("GET", path)

    def post_json(self, path: str, content: Mapping[str, Any]) -> str:
        """Return the body of a POST request with JSON; see `_request` for what it raises."""
        return self._request("POST", path, json=content)

    def post_form(self, path: str, content: Mapping[str, str]) -> str:
        """Return the body of a POST request with the fields of a form; see `_request` for what it raises."""
        return self._request("POST", path, data=content)

    def close(self) -> None:
        """Close all connections; may be called more than once."""
        self._client.close()

    def _request(self, method: str, path: str, **content: Any) -> str:
        """Make a request and read the whole answer.

        Raises:
            EngineError: There was no answer in time, or it is no success; see `taco.remote.faults`.
        """
        deadline = time.monotonic() + self._timeout_s
        received = bytearray()
        try:
            with self._client.stream(method, self._url + path, **content) as response:
                for piece in response.iter_bytes():
                    received += piece
                    if time.monotonic() > deadline:
                        raise make_lost_fault(self._service, f"none within {self._timeout_s:g} s")
                    if len(received) > ANSWER_BYTES:
                        raise make_unreadable_fault(self._service, f"more than {ANSWER_BYTES} bytes", "a translation")
        except self._httpx.TimeoutException:
            raise make_lost_fault(self._service, f"none within {self._timeout_s:g} s") from None
        except (self._httpx.RequestError, self._httpx.InvalidURL) as error:
            raise make_lost_fault(self._service, f"{type(error).__name__}: {error}") from None
        body = received.decode("utf-8", errors="replace")
        retry_after = response.headers.get("Retry-After")
        if fault := find_status_fault(self._service, response.status_code, body, retry_after=retry_after):
            raise fault
        return body
