"""Holding the served endpoint against transformers: the same prompts as token ids, and the same first tokens.

The server runs for real, on a loopback port, and is asked over HTTP as any client asks. What token ids it made of the
question is read from its session. A client gets text, not tokens, so both answers are compared as the tokens of their text.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taco.errors import ModelError
from taco.export.parity import FIRST_TOKENS, Parity, Question, Speaker, ask_speaker, compare, read_questions
from taco.export.speakers import open_reference
from taco.export.tuned_run import TunedRun
from taco.generate.backend import Refusal
from taco.generate.detokenise import decode_text
from taco.generate.session import SESSIONS, Ask, Piece, SessionSetup
from taco.model.base import resolve_base
from taco.model.load import load_tokenizer
from taco.progress import Progress

if TYPE_CHECKING:
    from taco.generate.transformers_session import TransformersSession

_ANSWER_S = 600.0

StartServer = Callable[["WatchedSession"], AbstractContextManager[int]]
"""Serves a session with the run's adapter, named as the run's folder, on this machine until it is left; gives its port."""


def measure_served(run: TunedRun, *, start: StartServer, prompts: int, cache: Path, progress: Progress) -> Parity:
    """Hold a server of a run against transformers on held-out prompts.

    Args:
        run: The finished run.
        start: Starts the server.
        prompts: Number of prompts at most.
        cache: The cache folder.
        progress: Where to say how far it is.

    Raises:
        PublishError: The run has no held-out prompts.
        ModelError: The model cannot be loaded, or the server fails.
    """
    questions = read_questions(run, prompts)
    model = run.recipe.model.model_copy(update={"dtype": "fp32"})
    base = resolve_base(model, cache=cache, progress=progress)
    tokenizer = load_tokenizer(base)
    wanted = list(ask_speaker(_AsText(open_reference(base, run.adapter), tokenizer), questions, None, progress))
    name = run.root.resolve().name
    setup = SessionSetup(model=model, adapters={name: run.adapter}, cache=cache, progress=progress)
    options = SESSIONS.load_options("transformers")()
    session = WatchedSession(SESSIONS.load_implementation("transformers")(options, setup=setup))
    with start(session) as port:
        speaker = _Served(port, name, session, tokenizer)
        found = list(ask_speaker(speaker, questions, [ids for ids, _ in wanted], progress))
    return compare(wanted, found, form="served", weights="fp32", engine=speaker.name)


class WatchedSession:
    """A session that tells which token ids it made of the last question.

    Args:
        session: What decodes.
    """

    def __init__(self, session: TransformersSession) -> None:
        self._session = session
        self.last_ids: list[int] = []

    @property
    def signature(self) -> str:
        return self._session.signature

    def join(self, ask: Ask) -> int | Refusal | None:
        """Take an ask; see `Session.join`."""
        self.last_ids = self._session.encode(ask)
        return self._session.join(ask)

    def step(self) -> list[Piece]:
        """Make one token for each live answer; see `Session.step`."""
        return self._session.step()

    def leave(self, ask_id: str) -> None:
        """Give up an answer; see `Session.leave`."""
        self._session.leave(ask_id)

    def close(self) -> None:
        """Let go of the model."""
        self._session.close()


class _AsText:
    """A model whose answers are read as the tokens of their text, as those of a server are."""

    def __init__(self, speaker: Speaker, tokenizer: Any) -> None:
        self.name, self._speaker, self._tokenizer = speaker.name, speaker, tokenizer

    def encode(self, question: Question) -> list[int]:
        return self._speaker.encode(question)

    def say(self, ids: Sequence[int], *, limit: int) -> list[int]:
        said = self._speaker.say(ids, limit=limit)
        is_special = self._tokenizer.all_special_ids
        return _encode_text(
            self._tokenizer, decode_text(self._tokenizer, [one for one in said if one not in is_special])
        )

    def close(self) -> None:
        self._speaker.close()


class _Served:
    """The server, asked over HTTP; the system message is its own."""

    name = "taco serve"

    def __init__(self, port: int, model: str, session: WatchedSession, tokenizer: Any) -> None:
        self._port, self._model, self._session, self._tokenizer = port, model, session, tokenizer
        self._said: list[int] = []

    def encode(self, question: Question) -> list[int]:
        reply = _post(
            self._port,
            {
                "model": self._model,
                "messages": [{"role": "user", "content": question.prompt}],
                "max_tokens": FIRST_TOKENS,
                "taco": {"chain": "inline"},
            },
        )
        self._said = _encode_text(self._tokenizer, reply["choices"][0]["message"]["content"])
        return self._session.last_ids

    def say(self, ids: Sequence[int], *, limit: int) -> list[int]:
        return self._said

    def close(self) -> None:
        """Do nothing: who started the server stops it."""


def _encode_text(tokenizer: Any, text: str) -> list[int]:
    return [int(token) for token in tokenizer(text, add_special_tokens=False)["input_ids"]]


def _post(port: int, body: dict[str, Any]) -> Any:
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_S)) as connection:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", "/v1/chat/completions", json.dumps(body).encode(), headers)
            response = connection.getresponse()
            said = response.read()
            if response.status != http.client.OK:
                raise ModelError(f"The server answered {response.status}: {said[:200].decode(errors='replace')}")
            return json.loads(said)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ModelError(f"The server gave no answer: {type(error).__name__}: {error}.") from error
