"""What every request passes first: host, origin, key, size. A plain ASGI layer, so that streams pass through untouched."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from taco.serve.errors import RequestFault, render_fault
from taco.serve.options import ServeOptions

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

Application = Callable[[Scope, Receive, Send], Awaitable[None]]

OPEN_PATHS = frozenset({"/", "/health", "/favicon.ico"})
"""Paths that need no key: they tell nothing but that the server is there."""

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)


class Door:
    """Refuses what must not come in.

    Args:
        inner: The application behind it.
        options: What is allowed.
        count: Told path and status of every reply.
    """

    def __init__(self, inner: Application, options: ServeOptions, *, count: Callable[[str, int], None]) -> None:
        self._inner, self._options, self._count = inner, options, count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check a request and pass it on with its body read."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._inner(scope, receive, send)
            return
        send = self._finish_replies(scope["path"], send)
        try:
            headers = Headers(scope=scope)
            self._check_headers(scope, headers)
            body = await self._read_body(headers, receive)
        except RequestFault as fault:
            await render_fault(fault)(scope, receive, send)
            return
        await self._inner(scope, _replay(body, receive), send)

    def _finish_replies(self, path: str, send: Send) -> Send:
        async def finish(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *SECURITY_HEADERS]
                self._count(path, message["status"])
            await send(message)

        return finish

    def _check_headers(self, scope: Scope, headers: Headers) -> None:
        options = self._options
        if options.is_loopback and _host_name(headers.get("host", "")) not in LOCAL_NAMES | set(options.host_names):
            raise RequestFault(403, "this name is not one of the server's; see --host-name", code="unknown_host")
        origin = headers.get("origin")
        if origin and scope["method"] != "OPTIONS" and not self._is_allowed(origin, headers):
            raise RequestFault(403, "pages of this origin may not call the server", code="foreign_origin")
        if options.api_key and scope["path"] not in OPEN_PATHS and scope["method"] != "OPTIONS":
            scheme, _, key = headers.get("authorization", "").partition(" ")
            given = key.strip().encode("latin-1", "replace")
            if scheme.casefold() != "bearer" or not hmac.compare_digest(given, options.api_key.encode()):
                raise RequestFault(
                    401,
                    "the API key is missing or wrong",
                    code="invalid_api_key",
                    headers={"WWW-Authenticate": "Bearer"},
                )

    def _is_allowed(self, origin: str, headers: Headers) -> bool:
        if {"*", origin} & set(self._options.cors_origins):
            return True
        try:
            return urlsplit(origin).netloc == headers.get("host", "")
        except ValueError:
            return False

    async def _read_body(self, headers: Headers, receive: Receive) -> bytes:
        most = self._options.max_body_bytes
        too_large = RequestFault(413, f"the body is larger than {most} bytes", code="too_large")
        declared = headers.get("content-length", "")
        if declared.isdecimal() and int(declared[:20]) > most:
            raise too_large
        chunks, size = [], 0
        try:
            async with asyncio.timeout(self._options.read_timeout_s):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise RequestFault(400, "the client left before its request was read", code="disconnected")
                    chunks.append(message.get("body", b""))
                    size += len(chunks[-1])
                    if size > most:
                        raise too_large
                    if not message.get("more_body", False):
                        return b"".join(chunks)
        except TimeoutError:
            raise RequestFault(
                408, "the request took too long to arrive", code="read_timeout", headers={"Connection": "close"}
            ) from None


def _host_name(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].casefold()


def _replay(body: bytes, receive: Receive) -> Receive:
    is_told = False

    async def replay() -> MutableMapping[str, Any]:
        nonlocal is_told
        if is_told:
            return await receive()
        is_told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
