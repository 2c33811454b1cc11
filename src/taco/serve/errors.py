"""Errors in OpenAI's form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

KINDS = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
"""Status -> `type` of an error; "invalid_request_error" for other statuses below 500, "server_error" from there on."""


class ErrorBody(BaseModel):
    """What went wrong."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class ErrorReply(BaseModel):
    """The reply to a request that cannot be served."""

    error: ErrorBody


class RequestFault(Exception):  # noqa: N818
    """A request that is answered with an error.

    Args:
        status: HTTP status.
        message: What was found and what was expected; never the client's text.
        code: A short fixed word for programs.
        param: The field that is at fault.
        headers: Further headers of the reply.
    """

    def __init__(
        self, status: int, message: str, *, code: str = "", param: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param
        self.headers = dict(headers or {})


def refuse_full() -> RequestFault:
    """Return the fault of a request that finds as many others waiting as may wait."""
    return RequestFault(
        429, "as many requests wait as may wait; try again soon", code="queue_full", headers={"Retry-After": "1"}
    )


def render_error(status: int, message: str, *, code: str = "", param: str = "") -> dict[str, Any]:
    """Return an error's JSON.

    >>> render_error(404, "no such model")["error"]["type"]
    'not_found_error'
    """
    kind = KINDS.get(status, "invalid_request_error" if status < 500 else "server_error")
    return {"error": {"message": message, "type": kind, "param": param or None, "code": code or None}}


def render_fault(fault: RequestFault) -> JSONResponse:
    """Return the reply that a fault is answered with."""
    body = render_error(fault.status, fault.message, code=fault.code, param=fault.param)
    return JSONResponse(body, status_code=fault.status, headers=fault.headers)


def reply_fault(request: Request, fault: Exception) -> JSONResponse:
    """Answer with a `RequestFault`."""
    assert isinstance(fault, RequestFault)
    return render_fault(fault)


def reply_invalid(request: Request, fault: Exception) -> JSONResponse:
    """Answer a request whose form is wrong; what the client sent is not repeated."""
    faults = fault.errors()  # type: ignore[attr-defined]
    first: dict[str, Any] = faults[0] if faults else {"loc": (), "msg": "malformed"}
    where = ".".join(str(part) for part in first["loc"] if part != "body")
    message = first["msg"].removeprefix("Value error, ")
    if first.get("type") == "json_invalid":
        where, message = "", "the body is no valid JSON"
    shown = f"{where}: {message}" if where else message
    shown = shown.encode("utf-8", "replace").decode()
    param = where.encode("utf-8", "replace").decode()[:200]
    return JSONResponse(render_error(400, shown[:500], code="invalid_request", param=param), status_code=400)


def reply_status(request: Request, fault: Exception) -> JSONResponse:
    """Answer what the framework refuses: unknown paths, wrong methods, bodies that are no UTF-8."""
    assert isinstance(fault, HTTPException)
    body = render_error(fault.status_code, str(fault.detail))
    return JSONResponse(body, status_code=fault.status_code, headers=fault.headers)


def reply_unexpected(request: Request, fault: Exception) -> JSONResponse:
    """Answer after a fault of taco; what it was is in the log."""
    return JSONResponse(render_error(500, "a fault of the server; its log says more"), status_code=500)
