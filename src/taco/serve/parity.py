"""Holding the served endpoint against transformers: the same prompts as token ids, and the same first tokens.

The server runs for real, on a loopback port, and is asked over HTTP as any client asks. What token ids it made of the
question is read from its session. A client gets text, not tokens, so both answers are compared as the tokens of their text.
"""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
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
from taco.serve.options import ServeOptions
from taco.serve.run import BACKLOG, bind, build_server, require_server_libraries
from taco.serve.served import Menu, read_served

if TYPE_CHECKING:
    from taco.generate.transformers_session import TransformersSession

_START_S = 60.0
_ANSWER_S = 600.0


def measure_served(run: TunedRun, *, prompts: int, cache: Path, progress: Progress) -> Parity:
    """Hold a server of a run against transformers on held-out prompts.

    Args:
        run: The finished run.
        prompts: Number of prompts at most.
        cache: The cache folder.
        progress: Where to say how far it is.

    Raises:
        PublishError: The run has no held-out prompts.
        ModelError: The model cannot be loaded, or the server fails.
    """
    require_server_libraries()
    questions = read_questions(run, prompts)
    model = run.recipe.model.model_copy(update={"dtype": "fp32"})
    base = resolve_base(model, cache=cache, progress=progress)
    tokenizer = load_tokenizer(base)
    wanted = list(ask_speaker(_AsText(open_reference(base, run.adapter), tokenizer), questions, None, progress))
    menu = Menu([read_served(run.root)])
    setup = SessionSetup(model=model, adapters={menu.runs[0].name: run.adapter}, cache=cache, progress=progress)
    options = SESSIONS.load_options("transformers")()
    session = WatchedSession(SESSIONS.load_implementation("transformers")(options, setup=setup))
    with _start(menu, session) as port:
        speaker = _Served(port, menu.runs[0].name, session, tokenizer)
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
        return _encode_text(self._tokenizer, decode_text(self._tokenizer, [one for one in said if one not in is_special]))

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
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_S)) as connection:
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/v1/chat/completions", json.dumps(body).encode(), headers)
        response = connection.getresponse()
        said = response.read()
        if response.status != http.client.OK:
            raise ModelError(f"The server answered {response.status}: {said[:200].decode(errors='replace')}")
        return json.loads(said)


@contextmanager
def _start(menu: Menu, session: WatchedSession) -> Iterator[int]:
    """Run a server in a thread of its own, and give its port."""
    options = ServeOptions(port=0)
    is_up = threading.Event()
    with TemporaryDirectory(prefix="taco-parity-") as folder, closing(bind(options)) as listening:
        server = build_server(menu, session, options=options, feedback=Path(folder), on_start=is_up.set)
        listening.listen(BACKLOG)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            if not is_up.wait(_START_S):
                raise ModelError("The server did not start.")
            yield int(listening.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join()
