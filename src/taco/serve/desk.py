"""From a checked request to an answer that grows: choosing the run, waiting for room, reading the pieces."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from taco.generate.backend import Limits, Refusal
from taco.generate.guard_options import GUARD_OFF
from taco.generate.relay import find_unsaid
from taco.generate.session import Ask, Piece
from taco.serve.answer import ANSWER, AnswerReader, Delta
from taco.serve.asks import build_system, build_turns, choose_sampling, find_question
from taco.serve.engine import Accepted, Ended, Engine, EngineStopped, Job, QueueFull
from taco.serve.errors import RequestFault, refuse_full
from taco.serve.figures import Figures
from taco.serve.options import ServeOptions
from taco.serve.protocol import ChatRequest, CompletionRequest, Generating
from taco.serve.relays import NO_ENGINES, RunRelay
from taco.serve.served import AUTO, Menu, Served
from taco.serve.steps import Steps, begin_steps, say_response

REFUSALS = {"prompt-too-long": "context_length_exceeded"}
"""Reason of a refusal -> code of the error; other reasons stay as they are."""


@dataclass(slots=True, kw_only=True)
class Ticket:
    """One request that was let in.

    Attributes:
        run: Which run answers.
        job: Its place in the engine.
        reader: What the client sees of the answer.
        steps: What engines do.
        prompt_tokens: Number of tokens of the prompt.
        started: When it came, by `time.monotonic`.
        created: The same, seconds since 1970.
    """

    run: Served
    job: Job
    reader: AnswerReader
    started: float
    steps: Steps = field(default_factory=Steps)
    prompt_tokens: int = 0
    created: int = field(default_factory=lambda: int(time.time()))


class Desk:
    """Where requests are taken.

    Args:
        menu: The served runs.
        engine: What answers.
        options: What a request may ask at most.
        relays: Name of a run -> its translation engines, where it has any.
    """

    def __init__(
        self, menu: Menu, engine: Engine, options: ServeOptions, *, relays: Mapping[str, RunRelay] | None = None
    ) -> None:
        self.menu, self.engine, self.options = menu, engine, options
        self._relays = relays or {}
        self.figures = Figures(engine)

    def find_run(self, name: str, question: str) -> Served:
        """Return the run that a request means.

        Raises:
            RequestFault: There is none of that name.
        """
        run = self.menu.find(name, question)
        if run is None:
            known = ", ".join([AUTO, *(run.name for run in self.menu.runs)])
            raise RequestFault(
                404, f"there is no model of this name; known: {known}", code="model_not_found", param="model"
            )
        return run

    async def take_chat(self, request: ChatRequest) -> Ticket:
        """Let a conversation in, once there is room.

        Raises:
            RequestFault: It cannot be answered, or not now.
        """
        run = self.find_run(request.model, find_question(request.messages))
        self._check_length([message.text for message in request.messages])
        turns = build_turns(request.messages, run.template, run.language)
        started = time.monotonic()
        steps = await begin_steps(
            self.find_relay(run),
            request.taco.mode,
            question=turns[-1][1],
            template=run.template,
            language=run.language,
            timeout_s=self.options.timeout_s,
            count=partial(self.figures.count_step, run.name),
        )
        ask = Ask(
            id=secrets.token_hex(12),
            adapter=run.name,
            system=build_system(request.messages, run.template, run.language),
            turns=turns,
            template=run.template.name,
            language=run.language,
            prefix=steps.given,
            until=steps.until,
            limits=self._limit(request, run, request.max_completion_tokens),
            sampling=choose_sampling(request),
            guard=run.recipe.generate.guard if request.taco.guard and steps.mode == "chain" else GUARD_OFF,
        )
        reader = AnswerReader(run.template.name, run.language, request.taco.chain, request.stops)
        job, tokens = await self._admit(ask, since=started)
        return Ticket(run=run, job=job, reader=reader, started=started, steps=steps, prompt_tokens=tokens)

    async def take_completion(self, request: CompletionRequest) -> Ticket:
        """Let a text in that is to be gone on with; see `take_chat`."""
        run = self.find_run(request.model, request.text)
        self._check_length([request.text])
        ask = Ask(
            id=secrets.token_hex(12),
            adapter=run.name,
            text=request.text,
            template="",
            language=run.language,
            limits=self._limit(request, run, None),
            sampling=choose_sampling(request),
        )
        reader, started = AnswerReader("", run.language, "inline", request.stops), time.monotonic()
        job, tokens = await self._admit(ask, since=started)
        return Ticket(run=run, job=job, reader=reader, started=started, prompt_tokens=tokens)

    async def read(self, ticket: Ticket) -> AsyncIterator[list[Delta]]:
        """Yield what the client may see, as it comes; give the answer up where the client stops reading.

        Raises:
            RequestFault: The model failed.
        """
        has_answer = False
        try:
            async for deltas in self._grow(ticket):
                if not has_answer and any(delta.section == ANSWER for delta in deltas):
                    has_answer = True
                    self.figures.first_answer.observe(time.monotonic() - ticket.started)
                if deltas:
                    yield deltas
        finally:
            self.engine.give_up(ticket.job)
            self._count(ticket)

    def find_relay(self, run: Served) -> RunRelay:
        """Return the translation engines of a run."""
        return self._relays.get(run.name, NO_ENGINES)

    async def _grow(self, ticket: Ticket) -> AsyncIterator[list[Delta]]:
        reader = ticket.reader
        yield reader.begin(ticket.steps.given)
        while not reader.finish:
            event = await ticket.job.events.get()
            if isinstance(event, Piece) and not ticket.prompt_tokens:  # a repair's call counts the answer so far too
                ticket.prompt_tokens = event.prompt_tokens or 0
            deltas = _take_event(event, reader)
            if len(reader.ends) == 1:
                self.figures.first_token.observe(time.monotonic() - ticket.started)
            yield deltas
        if ticket.steps.until and reader.finish not in ("timeout", "stop-sequence"):
            yield await self._say_response(ticket)

    async def _say_response(self, ticket: Ticket) -> list[Delta]:
        run, reader = ticket.run, ticket.reader
        text_en = find_unsaid(reader.parse())
        if not text_en:
            return []
        text = await say_response(
            ticket.steps,
            before=reader.text,
            text_en=text_en,
            template=run.template,
            language=run.language,
            deadline=ticket.job.deadline,
            count=partial(self.figures.count_step, run.name),
        )
        return reader.complete(text)

    async def _admit(self, ask: Ask, *, since: float) -> tuple[Job, int]:
        """Wait for room; return the answer's place in the engine, and its number of prompt tokens."""
        try:
            job = self.engine.submit(ask, since=since)
        except EngineStopped:
            raise _explain(Ended("closing")) from None
        except QueueFull:
            raise refuse_full() from None
        is_let_in = False
        try:
            first = await job.events.get()
            is_let_in = isinstance(first, Accepted)
        finally:
            if not is_let_in:
                self.engine.give_up(job)
        if not isinstance(first, Accepted):
            raise _explain(first)
        return job, first.prompt_tokens

    def _check_length(self, texts: Sequence[str]) -> None:
        most = self.options.max_prompt_characters
        if sum(map(len, texts)) > most:
            raise RequestFault(
                400, f"the messages have more than {most} characters", code="context_length_exceeded", param="messages"
            )

    def _limit(self, request: Generating, run: Served, newer: int | None) -> Limits:
        generate = run.recipe.generate
        asked = newer or request.max_tokens or generate.max_new_tokens
        return generate.make_limits(most=min(asked, self.options.max_tokens))

    def _count(self, ticket: Ticket) -> None:
        reader = ticket.reader
        sections = reader.count_tokens(reader.parse()) if reader.finish else {"given-up": len(reader.ends)}
        self.figures.seconds.observe(time.monotonic() - ticket.started)
        self.figures.count_answer(
            ticket.run.name, finish=reader.finish, prompt_tokens=ticket.prompt_tokens, sections=sections
        )
        self.figures.count_repairs(ticket.run.name, reader.repairs)


def _take_event(event: Accepted | Refusal | Piece | Ended, reader: AnswerReader) -> list[Delta]:
    if isinstance(event, Piece):
        deltas = reader.take(event.text)
        reader.repairs = event.repairs
        if event.ends is not None:
            reader.place(event.ends)
        if event.finish or reader.is_stopped:
            deltas += reader.end(event.finish or "stop")
        return deltas
    if isinstance(event, Ended) and event.reason == "timeout":
        return reader.end("timeout")
    raise _explain(event)


def _explain(event: object) -> RequestFault:
    if isinstance(event, Refusal) and event.reason == "server-busy":
        return RequestFault(503, event.detail, code="server_busy", headers={"Retry-After": "10"})
    if isinstance(event, Refusal) and event.reason == "server-failed":
        return RequestFault(502, event.detail, code="server_failed")
    if isinstance(event, Refusal):
        param = "messages" if event.reason in REFUSALS else ""
        return RequestFault(400, event.detail, code=REFUSALS.get(event.reason, event.reason), param=param)
    reason = event.reason if isinstance(event, Ended) else "failed"
    if reason == "waited":
        return RequestFault(
            429, "the request waited too long; try again later", code="queue_timeout", headers={"Retry-After": "5"}
        )
    if reason == "closing":
        return RequestFault(503, "the server stops", code="stopping", headers={"Retry-After": "10"})
    return RequestFault(500, "the model failed; the server's log says more", code="model_failed")
