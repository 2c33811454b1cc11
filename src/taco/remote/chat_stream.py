"""An answer of OpenAI's chat protocol that comes as server-sent events, piece by piece.

The client library has a reader of its own, but that waits for whole events: one that drips for ever would never be timed out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from taco.remote.chat_reply import NAMES, ChatReply, Counts, make_reply, read_usage
from taco.remote.faults import Service, make_lost_fault, make_unreadable_fault, read_json

_HALVES = re.compile("[\ud800-\udfff]")

END = "[DONE]"
"""What the last event of a stream holds."""


class EventReader:
    r"""Cuts bytes into the texts of events. Of an event several lines of data are not put together: the protocol has one.

    >>> reader = EventReader()
    >>> list(reader.push(b": hello\n\ndata: {\"a\"")), list(reader.push(b": 1}\r\n\ndata:[DONE]\n"))
    ([], ['{"a": 1}', '[DONE]'])
    """

    def __init__(self) -> None:
        self._rest = bytearray()

    def push(self, piece: bytes) -> Iterator[str]:
        """Take the next bytes; yield the events that are whole."""
        self._rest += piece
        if b"\n" not in piece:
            return
        *lines, rest = bytes(self._rest).split(b"\n")
        self._rest = bytearray(rest)
        for line in lines:
            if line.startswith(b"data:"):
                yield line[5:].decode("utf-8", errors="replace").strip()


class StreamedReply:
    """Puts an answer together.

    Args:
        service: Whom errors speak of.

    Attributes:
        is_over: Whether the last event came.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._pieces: list[str] = []
        self._refusal: list[str] = []
        self._reason: str | None = None
        self._counts: Counts = (None, None)
        self._names: dict[str, str] = {}
        self.is_over = False

    def take(self, event: str) -> str:
        """Take an event; return what it added to the answer, "" for nothing.

        Raises:
            TacoError: It is none of this protocol, or says that the server failed; the service counts as busy.
        """
        if event == END:
            self.is_over = True
            return ""
        found = read_json(self._service, event)
        if not isinstance(found, dict) or found.get("error"):
            raise make_unreadable_fault(self._service, event, "a piece of an answer")
        counts = read_usage(found.get("usage"))
        if None not in counts:
            self._counts = counts
        self._names |= {name: str(found[name]) for name in NAMES if found.get(name)}
        choices = found.get("choices")
        return self._add(choices[0], event) if isinstance(choices, list) and choices else ""

    def conclude(self, *, is_ended: bool = False) -> ChatReply:
        """Return the whole answer.

        Args:
            is_ended: Whether it was ended from here, so that no reason need have come.

        Raises:
            TacoError: The stream broke off; the service counts as busy.
        """
        if self._reason is None and not is_ended:
            said = (
                "the answer broke off"
                if self._pieces
                else "no event of a stream came; `stream = false` asks without one"
            )
            raise make_lost_fault(self._service, said)
        refusal = "".join(self._refusal)
        return make_reply("".join(self._pieces), refusal, self._reason, counts=self._counts, names=self._names)

    def _add(self, choice: Any, event: str) -> str:
        delta = choice.get("delta") if isinstance(choice, dict) else None
        if not isinstance(delta, dict):
            raise make_unreadable_fault(self._service, event, "a piece of an answer")
        text, refusal, reason = delta.get("content") or "", delta.get("refusal") or "", choice.get("finish_reason")
        if not isinstance(text, str) or not isinstance(refusal, str):
            raise make_unreadable_fault(self._service, event, "a piece of an answer")
        text = _HALVES.sub("\ufffd", text)
        self._pieces.append(text)
        self._refusal.append(refusal)
        self._reason = str(reason) if reason else self._reason
        return text
