"""The engine `openai`."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from taco.errors import EngineRejected
from taco.languages.table import Language
from taco.translate.engine import Closing, Limits, Price, Translation
from taco.translate.remote.calls import check_size, describe_server
from taco.translate.remote.faults import (
    Kind,
    Service,
    find_status_fault,
    make_lost_fault,
    make_unreadable_fault,
)
from taco.translate.remote.keys import read_key
from taco.translate.remote.libraries import import_library
from taco.translate.remote.openai.answer import UnreadableError, find_refusal, read_answer
from taco.translate.remote.openai.marks import decode_marks, encode_marks
from taco.translate.remote.openai.options import OpenAIOptions
from taco.translate.remote.openai.prompt import ANSWER_SCHEMA, describe_prompt, make_messages
from taco.translate.remote.openai.reply import Reply, read_reply
from taco.translate.slots import count_words

NAME = "openai"

TOKENS_PER_CHARACTER = 0.25
"""English in the tokenizers of current models: about four characters a token."""

INPUT_OVERHEAD, OUTPUT_FERTILITY = 2.0, 3.0
"""For the plan's estimate only: tokens sent, instructions and numbers included, and tokens written in a low-resource
language, both against the tokens of the English text. What a run really costs comes from the server's own counts."""

_NO_KEY = "none"
"""Sent where a server wants no key: the client insists on one."""


class OpenAIEngine(Closing):
    """Translates with a language model; slots travel as marks.

    Texts of one call share a prompt, so a translation may depend on the company that its text was in. The memory keeps
    the first one; with texts_per_call = 1 there is no company.

    Args:
        options: The recipe's options.
        source: The language of the texts.
        target: The language to translate into.
        library: The module `openai`.
        service: Whom errors speak of.
    """

    name = NAME
    keeps_slots = True

    def __init__(
        self, options: OpenAIOptions, *, source: Language, target: Language, library: Any, service: Service
    ) -> None:
        self.limits = Limits(
            characters_per_text=options.characters_per_call,
            characters_per_call=options.characters_per_call,
            texts_per_call=options.texts_per_call,
            parallel_calls=options.parallel_calls,
            characters_per_minute=options.characters_per_minute,
            calls_per_minute=options.calls_per_minute,
        )
        self.price = _estimate_price(options)
        self.signature = (
            f"{NAME} {describe_server(options.base_url)} {options.model} {source.code}-{target.code} "
            f"{describe_prompt()} temperature {options.temperature} seed {options.seed}"
        )
        self._options, self._source, self._target = options, source, target
        self._library, self._service = library, service
        self._httpx = import_library("httpx2", engine=NAME, extra="openai")
        self._client = library.OpenAI(
            api_key=service.key.secret if service.key else _NO_KEY,
            base_url=options.base_url,
            timeout=options.timeout_s,
            max_retries=0,
            http_client=library.DefaultHttpxClient(timeout=options.timeout_s, follow_redirects=False),
        )
        self._has_schema = options.answer_format == "json-schema"
        self._unshared_usd = 0.0
        self._lock = threading.Lock()

    def translate(self, texts: Sequence[str]) -> list[Translation]:
        """Translate texts in one call; see `Engine.translate`.

        An answer that cannot be read is an `EngineRejected` for several texts and a refusal for a single one.
        """
        if not texts:
            return []
        check_size(NAME, texts, self.limits)
        reply = self._ask([encode_marks(text) for text in texts])
        problem, answers = "", [""] * len(texts)
        if reply.refusal:
            problem = f"the model refused: {reply.refusal}"
        elif reply.is_cut:
            problem = "the answer was cut off at a limit of length"
        else:
            try:
                answers = read_answer(reply.content, count=len(texts))
            except UnreadableError as error:
                problem = str(error)
        if problem and len(texts) > 1:
            with self._lock:
                self._unshared_usd += reply.cost_usd or 0.0
            raise EngineRejected(f"{NAME} did not translate {len(texts)} texts: {problem}.")
        costs = self._share_cost(reply.cost_usd, texts)
        return [
            self._make_translation(text, answer, problem, cost)
            for text, answer, cost in zip(texts, answers, costs, strict=True)
        ]

    def close(self) -> None:
        """Close all connections; may be called more than once."""
        self._client.close()

    def _make_translation(self, text: str, answer: str, problem: str, cost_usd: float | None) -> Translation:
        words = count_words(text)
        problem = problem or find_refusal(text, answer, target=self._target)
        if not problem:
            try:
                return Translation(text=decode_marks(answer.strip(), text), words=words, cost_usd=cost_usd)
            except ValueError as error:
                problem = str(error)
        return Translation(text="", words=words, refusal=problem, cost_usd=cost_usd)

    def _share_cost(self, cost_usd: float | None, texts: Sequence[str]) -> list[float | None]:
        """Share the cost of a call out by length, with that of earlier calls whose answers were of no use."""
        if cost_usd is None:
            return [None] * len(texts)
        with self._lock:
            total, self._unshared_usd = cost_usd + self._unshared_usd, 0.0
        lengths = [len(text) + 1 for text in texts]
        return [total * length / sum(lengths) for length in lengths]

    def _ask(self, texts: Sequence[str]) -> Reply:
        """Make a call; where the server does not know structured output, make it again without."""
        request: dict[str, Any] = {
            "model": self._options.model,
            "messages": make_messages(texts, source=self._source, target=self._target),
        }
        for name in ("temperature", "seed"):
            if (value := getattr(self._options, name)) != "default":
                request[name] = value
        if self._has_schema:
            schema = {"name": "translations", "strict": True, "schema": ANSWER_SCHEMA}
            try:
                return self._post(request | {"response_format": {"type": "json_schema", "json_schema": schema}})
            except _NoSchemaError:
                self._has_schema = False
        return self._post(request)

    def _post(self, request: dict[str, Any]) -> Reply:
        library = self._library
        deadline = time.monotonic() + self._options.timeout_s
        body = bytearray()
        try:
            with self._client.chat.completions.with_streaming_response.create(**request) as answer:
                for piece in answer.iter_bytes():  # the library's own limit is for each of them
                    body += piece
                    if time.monotonic() > deadline:
                        raise make_lost_fault(self._service, f"none within {self._options.timeout_s:g} s")
        except library.APIStatusError as error:
            response = error.response
            if "response_format" in request and _is_about_schema(response.status_code, response.text):
                raise _NoSchemaError from None
            retry_after = response.headers.get("Retry-After")
            fault = find_status_fault(self._service, response.status_code, response.text, retry_after=retry_after)
            raise fault or make_unreadable_fault(self._service, response.text, "a translation") from None
        except (library.APITimeoutError, self._httpx.TimeoutException):
            raise make_lost_fault(self._service, f"none within {self._options.timeout_s:g} s") from None
        except (library.APIConnectionError, self._httpx.RequestError) as error:
            raise make_lost_fault(self._service, f"{error} {error.__cause__ or ''}") from None
        return read_reply(body.decode("utf-8", errors="replace"), self._service, self._options)


class _NoSchemaError(Exception):
    """The server does not know structured output."""


def open_openai(options: OpenAIOptions, *, source: Language, target: Language) -> OpenAIEngine:
    """Open a language model for a pair of languages; makes no call.

    Raises:
        EngineError: The library or the key is missing.
    """
    library = import_library("openai", engine=NAME, extra="openai")
    key = read_key(options.api_key_env, engine=NAME) if options.api_key_env else None
    service = Service(engine=NAME, key=key, judge=_judge)
    return OpenAIEngine(options, source=source, target=target, library=library, service=service)


def _estimate_price(options: OpenAIOptions) -> Price:
    sent = INPUT_OVERHEAD * (options.usd_per_million_input_tokens or 0.0)
    written = OUTPUT_FERTILITY * (options.usd_per_million_output_tokens or 0.0)
    usd = TOKENS_PER_CHARACTER * (sent + written)
    source = (
        f"estimated from the recipe's prices of tokens: {TOKENS_PER_CHARACTER:g} tokens a character, {INPUT_OVERHEAD:g} "
        f"times that sent and {OUTPUT_FERTILITY:g} times that written"
    )
    return Price(usd_per_million_characters=usd, source=source if usd else "")


def _is_about_schema(status: int, body: str) -> bool:
    return status in (400, 404, 415, 422, 500, 501) and any(
        word in body for word in ("response_format", "json_schema", "structured output")
    )


def _judge(status: int, body: str) -> Kind | None:
    """OpenAI says 429 for a spent credit, which no waiting brings back, and 400 for settings that a model does not have."""
    if status == 429 and ("insufficient_quota" in body or "billing" in body.casefold()):
        return "quota"
    if status == 400 and ("API key" in body or "api_key" in body):
        return "denied"
    if status == 400 and ("unsupported_value" in body or "unsupported_parameter" in body):
        return "other"
    return None
