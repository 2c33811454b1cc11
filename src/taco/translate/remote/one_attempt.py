"""The official clients that build on `requests`, brought to one attempt a call.

Each of them has retries, timeouts and errors of its own. This adapter sits below them, at the wire: it sets our
timeout, reads the whole answer, however slowly it comes, within it, checks that it is JSON, and raises our errors,
which no client tries again. A 401 is let through, because Google's client answers it with a fresh token.
"""

from __future__ import annotations

import io
import time
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from taco.remote.faults import Service, find_status_fault, make_lost_fault, read_json

_PIECE_BYTES = 65536


class OneAttempt(HTTPAdapter):
    """Sends a request once.

    Args:
        service: Whom errors speak of.
        timeout_s: Seconds until an answer must be complete.
        connections: Connections that are kept open.
    """

    def __init__(self, service: Service, *, timeout_s: float, connections: int) -> None:
        super().__init__(pool_connections=1, pool_maxsize=connections, max_retries=0)
        self._service, self._timeout_s = service, timeout_s

    def send(self, request: requests.PreparedRequest, *_: Any, **settings: Any) -> requests.Response:
        """Send a request; see `HTTPAdapter.send`, whose time limit is replaced.

        Raises:
            EngineError: There was no answer, it is no success, or no JSON.
        """
        settings |= {"stream": True, "timeout": self._timeout_s}
        deadline = time.monotonic() + self._timeout_s
        try:
            response = super().send(request, **settings)
            body = self._read(response.raw, deadline)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise make_lost_fault(self._service, _describe(error, self._timeout_s)) from None
        response.raw = io.BytesIO(body)  # where the client reads it again
        retry_after = response.headers.get("Retry-After")
        text = body.decode("utf-8", errors="replace")
        fault = find_status_fault(self._service, response.status_code, text, retry_after=retry_after)
        if response.status_code == requests.codes.unauthorized:
            return response
        if fault is not None:
            raise fault
        read_json(self._service, text)
        return response

    def _read(self, raw: urllib3.HTTPResponse, deadline: float) -> bytes:
        """Read a body and give its connection back; the library's own limit is for each piece of it."""
        body = bytearray()
        while piece := raw.read1(_PIECE_BYTES, decode_content=True):
            body += piece
            if time.monotonic() > deadline:
                raw.close()
                raise make_lost_fault(self._service, f"none within {self._timeout_s:g} s")
        raw.release_conn()
        return bytes(body)


def mount(session: requests.Session, adapter: OneAttempt) -> None:
    """Let a session send everything through an adapter."""
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)


def _describe(error: Exception, timeout_s: float) -> str:
    if isinstance(error, (requests.Timeout, urllib3.exceptions.TimeoutError)):
        return f"none within {timeout_s:g} s"
    return f"{type(error).__name__}: {error}"
