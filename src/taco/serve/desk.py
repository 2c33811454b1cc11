"""From a checked request to an answer that grows: choosing the run, waiting for room, reading the pieces."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from taco.chain.template import Template
from taco.errors import DataError
from taco.generate.backend import Limits, Refusal
from taco.generate.guard_options import GUARD_OFF
from taco.generate.session import Ask, Piece, Sampling
from taco.languages.table import Language
from taco.records import Chain
from taco.serve.answer import ANSWER, AnswerReader, Delta
from taco.serve.engine import Accepted, Ended, Engine, EngineStopped, Job, QueueFull
from taco.serve.errors import RequestFault
from taco.serve.figures import Figures
from taco.serve.options import ServeOptions
from taco.serve.protocol import ChatRequest, CompletionRequest, Generating, Message
from taco.serve.served import Menu, Served

REFUSALS = {"prompt-too-long": "context_length_exceeded"}
"""Reason of a refusal -> code of the error; other reasons stay as they are."""


@dataclass(slots=True, kw_only=True)
class Ticket:
    """One request that was let in.

    Attributes:
        run: Which run answers.
        job: Its place in the engine.
        reader: What the client sees of the answer.
        prompt_tokens: Number of tokens of the prompt.
        started: When it came, by `time.monotonic`.
        created: The same, seconds since 1970.
    """

    run: Served
    job: Job
    reader: AnswerReader
    started: float
    prompt_tokens: int = 0
    created: int = field(default_factory=lambda: int(time.time()))


class Desk:
    """Where requests are taken.

    Args:
        menu: The served runs.
        engine: What answers.
        options: What a request may ask at most.
    """

    def __init__(self, menu: Menu, engine: Engine, options: ServeOptions) -> None:
        self.menu, self.engine, self.options = menu, engine, options
        self.figures = Figures(engine)

    async def take_chat(self, request: ChatRequest) -> Ticket:
        """Let a conversation in, once there is room.

        Raises:
            RequestFault: It cannot be answered, or not now.
        """
        question = (
            request.messages[-1].text if request.messages[-1].role == "user" else _find_question(request.messages)
        )
        run = self._find_run(request.model, question)
        self._check_length([message.text for message in request.messages])
        ask = Ask(
            id=secrets.token_hex(12),
            adapter=run.name,
            system=_build_system(request.messages, run.template, run.language),
            turns=_build_turns(request.messages, run.template, run.language),
            template=run.template.name,
            language=run.language,
            limits=self._limit(request, run, request.max_completion_tokens),
            sampling=_sample(request),
            guard=run.recipe.generate.guard if request.taco.guard else GUARD_OFF,
        )
        reader = AnswerReader(run.template.name, run.language, request.taco.chain, request.stops)
        return await self._admit(run, ask, reader)

    async def take_completion(self, request: CompletionRequest) -> Ticket:
        """Let a text in that is to be gone on with; see `take_chat`."""
        run = self._find_run(request.model, request.text)
        self._check_length([request.text])
        ask = Ask(
            id=secrets.token_hex(12),
            adapter=run.name,
            text=request.text,
            template="",
            language=run.language,
            limits=self._limit(request, run, None),
            sampling=_sample(request),
        )
        return await self._admit(run, ask, AnswerReader("", run.language, "inline", request.stops))

    async def read(self, ticket: Ticket) -> AsyncIterator[list[Delta]]:
        """Yield what the client may see, as it comes; give the answer up where the client stops reading.

        Raises:
            RequestFault: The model failed.
        """
        job, reader = ticket.job, ticket.reader
        has_answer = False
        try:
            while not reader.finish:
                deltas = _take_event(await job.events.get(), reader)
                if len(reader.ends) == 1:
                    self.figures.first_token.observe(time.monotonic() - ticket.started)
                if not has_answer and any(delta.section == ANSWER for delta in deltas):
                    has_answer = True
                    self.figures.first_answer.observe(time.monotonic() - ticket.started)
                if deltas:
                    yield deltas
        finally:
            self.engine.give_up(job)
            self._count(ticket)

    async def _admit(self, run: Served, ask: Ask, reader: AnswerReader) -> Ticket:
        started = time.monotonic()
        try:
            job = self.engine.submit(ask)
        except EngineStopped:
            raise _explain(Ended("closing")) from None
        except QueueFull:
            raise RequestFault(
                429,
                "as many requests wait as may wait; try again soon",
                code="queue_full",
                headers={"Retry-After": "1"},
            ) from None
        is_let_in = False
        try:
            first = await job.events.get()
            is_let_in = isinstance(first, Accepted)
        finally:
            if not is_let_in:
                self.engine.give_up(job)
        if not isinstance(first, Accepted):
            raise _explain(first)
        return Ticket(run=run, job=job, reader=reader, started=started, prompt_tokens=first.prompt_tokens)

    def _find_run(self, name: str, question: str) -> Served:
        run = self.menu.find(name, question)
        if run is None:
            known = ", ".join(run.name for run in self.menu.runs)
            raise RequestFault(
                404, f"there is no model of this name; known: auto, {known}", code="model_not_found", param="model"
            )
        return run

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
        if event.finish or reader.is_stopped:
            deltas += reader.end(event.finish or "stop")
        return deltas
    if isinstance(event, Ended) and event.reason == "timeout":
        return reader.end("timeout")
    raise _explain(event)


def _explain(event: object) -> RequestFault:
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


def _find_question(messages: Sequence[Message]) -> str:
    return next((message.text for message in reversed(messages) if message.role == "user"), "")


def _build_system(messages: Sequence[Message], template: Template, language: Language) -> str:
    """Put a client's system messages behind the one that the adapter learnt with."""
    own = [message.text for message in messages if message.role in ("system", "developer")]
    return "\n\n".join(text for text in (template.system(language), *own) if text.strip())


def _build_turns(messages: Sequence[Message], template: Template, language: Language) -> list[tuple[str, str]]:
    return [
        (message.role, _render_turn(message, template, language))
        for message in messages
        if message.role in ("user", "assistant")
    ]


def _render_turn(message: Message, template: Template, language: Language) -> str:
    """Write an earlier answer down as the whole chain where the client sent its English sections along."""
    if message.role == "user" or message.taco is None:
        return message.text
    texts = message.taco.model_dump() | {"response": message.text}
    kept = {name: texts[name] if name in template.section_names else "" for name in texts}
    try:
        return template.render(Chain(**kept), language)
    except DataError:
        return message.text


def _sample(request: Generating) -> Sampling:
    seed = request.seed if request.seed is not None else secrets.randbits(31)
    return Sampling(
        temperature=request.temperature or 0.0,
        top_p=1.0 if request.top_p is None else request.top_p,
        seed=seed % 2**63,
    )
