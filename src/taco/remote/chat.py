"""OpenAI's chat protocol through the official client, one attempt a call."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from typing import Any

from taco.remote.chat_options import ChatOptions
from taco.remote.chat_reply import ChatReply, read_reply
from taco.remote.chat_stream import EventReader, StreamedReply
from taco.remote.faults import Kind, Service, find_status_fault, make_lost_fault, make_unreadable_fault
from taco.remote.keys import read_key
from taco.remote.libraries import import_library
from taco.remote.role import Role

EXTRA = "openai"
"""The extra that holds the client's library."""

_NO_KEY = "none"
"""Sent where a server wants no key: the client insists on one."""


class ChatClient:
    """Asks a language model; may be used by several threads.

    Args:
        options: The model and its server.
        name: Its name in the registry.
        role: What it does.

    Raises:
        TacoError: The library or the key is missing; an error of the role.
    """

    def __init__(self, options: ChatOptions, *, name: str, role: Role) -> None:
        self._library = import_library("openai", name=name, extra=EXTRA, role=role)
        key = read_key(options.api_key_env, name=name, role=role) if options.api_key_env else None
        self._service = Service(name=name, role=role, key=key, classify=_classify)
        self._options = options
        self._httpx = import_library("httpx2", name=name, extra=EXTRA, role=role)
        self._client = self._library.OpenAI(
            api_key=key.secret if key else _NO_KEY,
            base_url=options.base_url,
            timeout=options.timeout_s,
            max_retries=0,
            http_client=self._library.DefaultHttpxClient(timeout=options.timeout_s, follow_redirects=False),
        )
        self._has_schema = options.answer_format == "json-schema"

    def ask(
        self,
        messages: Sequence[Mapping[str, str]],
        *,
        schema: Mapping[str, Any] | None = None,
        schema_name: str = "answer",
        **settings: Any,
    ) -> ChatReply:
        """Make one call; where the server does not know structured output, make it again without.

        Args:
            messages: The messages, each with role and content.
            schema: JSON schema of the answer, in the subset that strict structured output takes; None for free text.
            schema_name: The schema's name.
            settings: Further fields of the request, instead of the options' own.

        Raises:
            TacoError: There was no answer; see `taco.remote.faults`.
        """
        request = self._make_request(messages, settings)
        if schema is not None and self._has_schema:
            form = {"name": schema_name, "strict": True, "schema": schema}
            try:
                return self._post(request | {"response_format": {"type": "json_schema", "json_schema": form}})
            except _NoSchemaError:
                self._has_schema = False
        return self._post(request)

    def stream(
        self, messages: Sequence[Mapping[str, str]], *, take: Callable[[str], bool], **settings: Any
    ) -> ChatReply:
        """Make one call and take the answer as it comes.

        Args:
            messages: The messages, each with role and content.
            take: Is given what was added, all at once by a server that does not stream, and says whether the answer may go
                on. Else the call is ended, and the reply has only those counts of tokens that the server gave on the way.
            settings: Further fields of the request, instead of the options' own.

        Raises:
            TacoError: The answer did not come, or broke off; see `taco.remote.faults`. What came of it was taken.
        """
        more = {"stream": True, "stream_options": {"include_usage": True}}
        events, reply = EventReader(), StreamedReply(self._service)
        first, whole = b"", bytearray()
        with closing(self._read(self._make_request(messages, settings) | more)) as pieces:
            for piece in pieces:
                first = first or piece.lstrip()[:1]
                if first == b"{":  # a server that does not stream answers in one go
                    whole += piece
                    continue
                for event in events.push(piece):
                    text = reply.take(event)
                    if text and not take(text):
                        return reply.conclude(is_ended=True)
                if reply.is_over:
                    break
        if not whole:
            return reply.conclude()
        answer = self._read_whole(whole)
        if answer.content:
            take(answer.content)
        return answer

    def close(self) -> None:
        """Close all connections; may be called more than once."""
        self._client.close()

    def _make_request(self, messages: Sequence[Mapping[str, str]], settings: Mapping[str, Any]) -> dict[str, Any]:
        request: dict[str, Any] = {"model": self._options.model, "messages": list(messages)}
        for name in ("temperature", "seed"):
            if (value := getattr(self._options, name)) != "default":
                request[name] = value
        return request | dict(settings)

    def _post(self, request: dict[str, Any]) -> ChatReply:
        return self._read_whole(b"".join(self._read(request)))

    def _read_whole(self, body: bytes | bytearray) -> ChatReply:
        return read_reply(body.decode("utf-8", errors="replace"), self._service)

    def _read(self, request: dict[str, Any]) -> Generator[bytes, None, None]:
        """Yield the bytes of an answer."""
        library = self._library
        deadline = time.monotonic() + self._options.timeout_s
        try:
            with self._client.chat.completions.with_streaming_response.create(**request) as answer:
                for piece in answer.iter_bytes():  # the library's own limit is for each of them
                    yield piece
                    if time.monotonic() > deadline:
                        raise make_lost_fault(self._service, f"none within {self._options.timeout_s:g} s")
        except library.APIStatusError as error:
            response = error.response
            if "response_format" in request and _is_about_schema(response.status_code, response.text):
                raise _NoSchemaError from None
            retry_after = response.headers.get("Retry-After")
            fault = find_status_fault(self._service, response.status_code, response.text, retry_after=retry_after)
            raise fault or make_unreadable_fault(self._service, response.text, "a model's answer") from None
        except (library.APITimeoutError, self._httpx.TimeoutException):
            raise make_lost_fault(self._service, f"none within {self._options.timeout_s:g} s") from None
        except (library.APIConnectionError, self._httpx.RequestError) as error:
            raise make_lost_fault(self._service, f"{error} {error.__cause__ or ''}") from None


class _NoSchemaError(Exception):
    """The server does not know structured output."""


def _is_about_schema(status: int, body: str) -> bool:
    return status in (400, 404, 415, 422, 500, 501) and any(
        word in body for word in ("response_format", "json_schema", "structured output")
    )


def _classify(status: int, body: str) -> Kind | None:
    """OpenAI says 429 for a spent credit, which no waiting brings back, and 400 for settings that a model does not have."""
    if status == 429 and ("insufficient_quota" in body or "billing" in body.casefold()):
        return "quota"
    if status == 400 and ("API key" in body or "api_key" in body):
        return "denied"
    if status == 400 and ("unsupported_value" in body or "unsupported_parameter" in body):
        return "other"
    return None
