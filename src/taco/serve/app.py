"""The application: which path does what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from taco import __version__
from taco.errors import StoreError
from taco.serve.desk import Desk, Ticket
from taco.serve.door import Door
from taco.serve.errors import (
    ErrorReply,
    RequestFault,
    render_error,
    reply_fault,
    reply_invalid,
    reply_status,
    reply_unexpected,
)
from taco.serve.feedback import FeedbackLog
from taco.serve.page import build_page
from taco.serve.protocol import ChatRequest, CompletionRequest, FeedbackRequest
from taco.serve.replies import ChunkWriter, describe_language, render_chat, render_completion, write_error
from taco.serve.served import AUTO

STREAM = {"content": {"text/event-stream": {"schema": {"type": "string"}}}}
FAULTS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorReply, "description": text}
    for status, text in (
        (400, "The request is malformed, too long for the model, or asks what is not supported."),
        (401, "The API key is missing or wrong."),
        (403, "The host or origin is not allowed."),
        (404, "There is no such model."),
        (408, "The request took too long to arrive."),
        (413, "The request is too large."),
        (429, "Too many requests wait; try again."),
        (502, "The translation engine of a step failed."),
        (503, "The server stops, or the budget for translations is spent."),
        (504, "The translation engine of a step took too long."),
    )
}


def build_app(desk: Desk, feedback: FeedbackLog, *, on_start: Callable[[], None]) -> Any:
    """Return the ASGI application.

    Args:
        desk: Where requests are taken.
        feedback: Where feedback goes.
        on_start: Called when the server is about to take requests.
    """

    @asynccontextmanager
    async def live(app: FastAPI) -> AsyncIterator[None]:
        desk.engine.start()
        on_start()
        yield
        await desk.engine.close()
        feedback.close()

    app = FastAPI(title="taco serve", version=__version__, lifespan=live, docs_url=None, redoc_url=None)
    app.add_exception_handler(RequestFault, reply_fault)
    app.add_exception_handler(RequestValidationError, reply_invalid)
    app.add_exception_handler(HTTPException, reply_status)
    app.add_exception_handler(Exception, reply_unexpected)
    _add_answering(app, desk)
    _add_listing(app, desk)
    _add_feedback(app, desk, feedback)
    _describe(app)
    door: Any = Door(app, desk.options, count=desk.figures.count_reply)
    if desk.options.cors_origins:
        origins = list(desk.options.cors_origins)
        door = CORSMiddleware(door, allow_origins=origins, allow_methods=["GET", "POST"], allow_headers=["*"])
    return door


def _add_answering(app: FastAPI, desk: Desk) -> None:
    @app.post("/v1/chat/completions", responses={200: STREAM, **FAULTS}, tags=["answers"])
    async def answer_chat(body: ChatRequest, request: Request) -> Response:
        """Answer the last message of a conversation."""
        ticket = await _unless_gone(request, desk.take_chat(body))
        if not body.stream:
            return await _answer_whole(request, desk, ticket, render_chat)
        with_usage = bool(body.stream_options and body.stream_options.include_usage)
        return _answer_in_pieces(desk, ticket, ChunkWriter(ticket, is_chat=True, with_usage=with_usage))

    @app.post("/v1/completions", responses={200: STREAM, **FAULTS}, tags=["answers"])
    async def answer_completion(body: CompletionRequest, request: Request) -> Response:
        """Go on with a text as it stands, without chat template and sections."""
        ticket = await _unless_gone(request, desk.take_completion(body))
        if not body.stream:
            return await _answer_whole(request, desk, ticket, render_completion)
        with_usage = bool(body.stream_options and body.stream_options.include_usage)
        return _answer_in_pieces(desk, ticket, ChunkWriter(ticket, is_chat=False, with_usage=with_usage))


def _add_listing(app: FastAPI, desk: Desk) -> None:
    page = build_page()

    def describe(name: str, created: int) -> dict[str, Any]:
        model: dict[str, Any] = {"id": name, "object": "model", "created": created, "owned_by": "taco"}
        if name == AUTO:
            return model
        run = desk.find_run(name, "")
        return model | {"taco": describe_language(run.language) | {"modes": desk.find_relay(run).offered}}

    @app.get("/v1/models", tags=["models"])
    async def list_models() -> JSONResponse:
        """List the runs, and `auto`, which stands for the run of the question's language."""
        runs = desk.menu.runs
        created = max(run.created for run in runs)
        listed = [describe(AUTO, created), *(describe(run.name, run.created) for run in runs)]
        return JSONResponse({"object": "list", "data": listed})

    @app.get("/v1/models/{name}", responses={404: FAULTS[404]}, tags=["models"])
    async def show_model(name: str) -> JSONResponse:
        """Describe one run."""
        return JSONResponse(describe(name, desk.find_run(name, "").created))

    @app.get("/health", responses={503: {"description": "The model's thread has died."}}, tags=["server"])
    async def show_health() -> JSONResponse:
        """Say whether the server can answer, and how busy it is."""
        is_well = desk.engine.is_running
        state = {"status": "ok" if is_well else "failed", "live": desk.engine.live, "waiting": desk.engine.waiting}
        return JSONResponse(state, status_code=200 if is_well else 503)

    @app.get("/metrics", tags=["server"], response_class=PlainTextResponse)
    async def show_metrics() -> Response:
        """Return figures in Prometheus' text form."""
        return Response(desk.figures.render(), media_type="text/plain; version=0.0.4")

    @app.get("/", include_in_schema=False)
    async def show_page() -> Response:
        return HTMLResponse(page.html, headers={"Content-Security-Policy": page.policy, "Cache-Control": "no-cache"})


def _add_feedback(app: FastAPI, desk: Desk, feedback: FeedbackLog) -> None:
    @app.post("/taco/feedback", status_code=201, responses=FAULTS, tags=["feedback"])
    async def take_feedback(body: FeedbackRequest) -> JSONResponse:
        """Keep a rating or a correction; when this returns it is on the disk."""
        run = desk.find_run(body.model, body.question)
        try:
            kept_id, name = await asyncio.to_thread(feedback.append, body, run)
        except StoreError as error:
            raise RequestFault(500, error.message, code="not_kept") from error
        return JSONResponse({"id": kept_id, "file": name}, status_code=201)


async def _unless_gone(request: Request, work: Awaitable[Any]) -> Any:
    """Wait for something, but give it up where the client leaves."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_wait_for_leave(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise RequestFault(499, "the client left", code="disconnected")
        return working.result()
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _wait_for_leave(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _answer_whole(
    request: Request, desk: Desk, ticket: Ticket, render: Callable[[Ticket], dict[str, Any]]
) -> JSONResponse:
    async def read_all() -> None:
        async for _ in desk.read(ticket):
            pass

    await _unless_gone(request, read_all())
    return JSONResponse(render(ticket))


class AnswerStream(StreamingResponse):
    """Server-sent events; frees the answer's place also where the client leaves before the first one.

    Args:
        content: The events.
        release: Called when nobody reads any more.
    """

    def __init__(self, content: AsyncIterator[bytes], *, release: Callable[[], None]) -> None:
        super().__init__(content, media_type="text/event-stream", headers={"Cache-Control": "no-cache"})
        self._release = release

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._release()


def _answer_in_pieces(desk: Desk, ticket: Ticket, writer: ChunkWriter) -> StreamingResponse:
    async def write() -> AsyncIterator[bytes]:
        reading = desk.read(ticket)
        try:
            yield writer.begin()
            async for deltas in reading:
                yield writer.write(deltas)
            yield writer.end()
        except RequestFault as fault:
            yield write_error(render_error(fault.status, fault.message, code=fault.code))
        finally:
            await reading.aclose()  # type: ignore[attr-defined]

    return AnswerStream(write(), release=lambda: desk.engine.give_up(ticket.job))


def _describe(app: FastAPI) -> None:
    """Take the framework's own 422 out of the description: malformed requests get 400 here, as with OpenAI."""
    made = app.openapi

    def describe() -> dict[str, Any]:
        described = made()
        for methods in described["paths"].values():
            for operation in methods.values():
                operation["responses"].pop("422", None)
        return described

    app.openapi = describe  # type: ignore[method-assign]
