"""A session with a server of OpenAI's chat protocol: each answer is a call of its own, whose pieces are passed on as they come.

Nothing that was passed on is taken back. So a call that breaks off is made again only where nothing came of it yet, or where
the server can go on with what came (`can_continue`); the chain guard's repairs want the latter too.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from functools import partial
from typing import Any

from taco.errors import ModelBusy, ModelError, ModelRejected
from taco.generate.backend import Prompt, Refusal
from taco.generate.growers import Growers, Outlet
from taco.generate.openai import NAME, Spent, list_messages, make_settings
from taco.generate.openai_options import OpenAIBackendOptions
from taco.generate.piecewise import Growth
from taco.generate.session import Ask, Piece, SessionSetup
from taco.remote.chat import ChatClient
from taco.remote.chat_reply import ChatReply
from taco.remote.options import describe_server
from taco.remote.pace import Pace
from taco.remote.role import BACKEND

ATTEMPTS = 4
"""Times that an answer is asked for: somebody waits for it."""

_GLANCE_S = 0.1
"""Seconds after which who waits for a busy server looks whether the answer is still wanted."""

_STOP_S = 1.0
_SEEDS = 2**31


class OpenAISession:
    """Asks a server, one call an answer.

    Args:
        options: The tuned model and its server.
        setup: One adapter, whose name clients know; the server has the model.

    Raises:
        ModelError: The library or the key is missing, there are several adapters, or answers are not to be streamed.
    """

    def __init__(self, options: OpenAIBackendOptions, *, setup: SessionSetup) -> None:
        if len(setup.adapters) > 1:
            raise ModelError(
                f"{NAME} asks for one model, {options.model}, and {len(setup.adapters)} runs are to be served.",
                hint="Start a server for each run.",
            )
        if not options.stream:
            raise ModelError(
                "Answers are passed on as they come.",
                hint="Add --option stream=true, or leave stream = false out of generate.options.",
            )
        self._options, self._progress = options, setup.progress
        self._client = ChatClient(options, name=NAME, role=BACKEND)
        self._pace, self._spent, self._lock = Pace(options), Spent(), threading.Lock()
        self._growers = Growers(options.parallel_calls)

    @property
    def signature(self) -> str:
        return f"{NAME} {describe_server(self._options.base_url)}, {self._options.model}, a token for each piece"

    def join(self, ask: Ask) -> int | Refusal | None:
        """Take an ask; see `Session.join`. The number of its tokens comes with its last piece."""
        if not ask.turns:
            return Refusal(id=ask.id, reason="no-plain-text", detail="this model takes conversations only")
        if ask.prefix and not self._options.can_continue:
            return Refusal(id=ask.id, reason="cannot-continue", detail="the answer is begun already; see can_continue")
        if not self._growers.has_place:
            return None
        self._growers.start(ask.id, partial(self._grow, ask))
        return 0

    def step(self) -> list[Piece]:
        """Return a piece of each answer that has one; see `Session.step`."""
        return self._growers.take()

    def leave(self, ask_id: str) -> None:
        """Give up an answer; see `Session.leave`. Its call ends with the next piece."""
        self._growers.leave(ask_id)

    def close(self) -> None:
        """Close all connections, and say what was used."""
        self._client.close()
        self._growers.close(wait_s=_STOP_S)
        if said := self._spent.describe():
            self._progress.say(f"{NAME}: {said}")

    def _grow(self, ask: Ask, outlet: Outlet) -> None:
        try:
            outlet.give(self._answer(ask, outlet))
        except Exception:  # one answer must not stop the others
            traceback.print_exc()
            outlet.give(Piece(id=ask.id, text="", refusal=_refuse(ask, "server-failed", "failed")))

    def _answer(self, ask: Ask, outlet: Outlet) -> Piece:
        """Pass an answer on; return its last piece."""
        prompt = Prompt(
            id=ask.id,
            system=ask.system,
            text=ask.turns[-1][1],
            earlier=ask.turns[:-1],
            template=ask.template,
            language=ask.language,
            prefix=ask.prefix,
        )
        growth = Growth(prompt, ask.limits, time.monotonic)
        outcome = self._ask(ask, growth, outlet)
        if isinstance(outcome, Refusal):
            return Piece(id=ask.id, text="", refusal=outcome)
        made = growth.conclude("length" if outcome.is_cut else "stop", tokens=outcome.tokens_written)
        with self._lock:
            self._spent.count(outcome, made, self._options)
        return Piece(id=ask.id, text="", finish=made.finish, prompt_tokens=outcome.tokens_sent)

    def _ask(self, ask: Ask, growth: Growth, outlet: Outlet) -> ChatReply | Refusal:
        """Call until there is an answer or no hope of one."""
        own = Pace(self._options)
        for attempt in range(1, ATTEMPTS + 1):
            self._wait(growth.prompt, outlet, own)
            if not outlet.is_wanted:
                break
            try:
                reply = self._call(ask, growth, outlet)
            except ModelBusy as error:
                is_over = attempt == ATTEMPTS or (growth.pieces and not self._options.can_continue)
                if is_over or not outlet.is_wanted:
                    _log(f"an answer was given up: {error}")
                    break
                seconds = self._note_busy(error, own)
                self._progress.say(f"The server is busy ({error.message}); trying again in {seconds:.0f} s")
            except ModelRejected as error:
                _log(str(error))
                return _refuse(ask, "rejected-by-server", "rejected the request")
            except ModelError as error:
                _log(str(error))
                return _refuse(ask, "server-failed", "failed")
            else:
                if reply.refusal:
                    return Refusal(id=ask.id, reason="refused-by-server", detail=reply.refusal[:200])
                return reply
        return _refuse(ask, "server-busy", "is busy")

    def _note_busy(self, error: ModelBusy, own: Pace) -> float:
        """Let this answer wait, and all of them where the server asks for that; return the seconds."""
        now = time.monotonic()
        if error.retry_after_s is not None:
            with self._lock:
                self._pace.note_busy(error.retry_after_s, now=now)
        return own.note_busy(error.retry_after_s, now=now)

    def _call(self, ask: Ask, growth: Growth, outlet: Outlet) -> ChatReply:
        def take(text: str) -> bool:
            goes_on = growth.take(text)
            return outlet.give(Piece(id=ask.id, text=text)) and goes_on

        prompt = growth.begin_call(goes_on=self._options.can_continue)
        settings = make_settings(self._options, prompt, ask.limits) | self._describe_sampling(ask)
        return self._client.stream(list_messages(prompt), take=take, **settings)

    def _describe_sampling(self, ask: Ask) -> dict[str, Any]:
        """Return how tokens are chosen, in the server's words; what is left to the server stays with it."""
        sampling, options = ask.sampling, self._options
        said: dict[str, Any] = {} if sampling.top_p == 1 else {"top_p": sampling.top_p}
        said |= {} if options.temperature == "default" else {"temperature": sampling.temperature}
        return said if options.seed == "default" else {**said, "seed": sampling.seed % _SEEDS}

    def _wait(self, prompt: Prompt, outlet: Outlet, own: Pace) -> None:
        """Wait until a call may be made, or nobody wants it any more; then it is noted."""
        characters = len(prompt.system) + sum(len(text) for _, text in prompt.turns)
        while outlet.is_wanted:
            with self._lock:
                now = time.monotonic()
                seconds = max(self._pace.find_wait(characters, now=now), own.find_wait(characters, now=now))
                if seconds <= 0:
                    self._pace.note_call(characters, now=now)
                    return
            time.sleep(min(seconds, _GLANCE_S))


def _refuse(ask: Ask, reason: str, what: str) -> Refusal:
    """Return a refusal that tells clients nothing of the server's own words."""
    return Refusal(id=ask.id, reason=reason, detail=f"the server behind this one {what}; the log says more")


def _log(text: str) -> None:
    print(f"taco: {text}", file=sys.stderr, flush=True)
