"""The engine `openai`."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from taco.errors import EngineRejected
from taco.languages.table import Language
from taco.remote.chat import ChatClient
from taco.remote.chat_reply import ChatReply
from taco.remote.options import describe_server
from taco.remote.role import ENGINE
from taco.translate.engine import Closing, Limits, Price, Translation
from taco.translate.remote.calls import check_size
from taco.translate.remote.openai.answer import UnreadableError, find_refusal, read_answer
from taco.translate.remote.openai.marks import decode_marks, encode_marks
from taco.translate.remote.openai.options import OpenAIOptions
from taco.translate.remote.openai.prompt import ANSWER_SCHEMA, describe_prompt, make_messages
from taco.translate.slots import count_words

NAME = "openai"

TOKENS_PER_CHARACTER = 0.25
"""English in the tokenizers of current models: about four characters a token."""

INPUT_OVERHEAD, OUTPUT_FERTILITY = 2.0, 3.0
"""For the plan's estimate only: tokens sent, instructions and numbers included, and tokens written in a low-resource
language, both against the tokens of the English text. What a run really costs comes from the server's own counts."""


class OpenAIEngine(Closing):
    """Translates with a language model; slots travel as marks.

    Texts of one call share a prompt, so a translation may depend on the company that its text was in. The memory keeps
    the first one; with texts_per_call = 1 there is no company.

    Args:
        options: The recipe's options.
        source: The language of the texts.
        target: The language to translate into.
        client: Asks the model.
    """

    name = NAME
    keeps_slots = True

    def __init__(self, options: OpenAIOptions, *, source: Language, target: Language, client: ChatClient) -> None:
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
        self._options, self._source, self._target, self._client = options, source, target, client
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
        cost_usd = reply.count_cost(self._options)
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
                self._unshared_usd += cost_usd or 0.0
            raise EngineRejected(f"{NAME} did not translate {len(texts)} texts: {problem}.")
        costs = self._share_cost(cost_usd, texts)
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

    def _ask(self, texts: Sequence[str]) -> ChatReply:
        messages = make_messages(texts, source=self._source, target=self._target)
        return self._client.ask(messages, schema=ANSWER_SCHEMA, schema_name="translations")


def open_openai(options: OpenAIOptions, *, source: Language, target: Language) -> OpenAIEngine:
    """Open a language model for a pair of languages; makes no call.

    Raises:
        EngineError: The library or the key is missing.
    """
    client = ChatClient(options, name=NAME, role=ENGINE)
    return OpenAIEngine(options, source=source, target=target, client=client)


def _estimate_price(options: OpenAIOptions) -> Price:
    sent = INPUT_OVERHEAD * (options.usd_per_million_input_tokens or 0.0)
    written = OUTPUT_FERTILITY * (options.usd_per_million_output_tokens or 0.0)
    usd = TOKENS_PER_CHARACTER * (sent + written)
    source = (
        f"estimated from the recipe's prices of tokens: {TOKENS_PER_CHARACTER:g} tokens a character, {INPUT_OVERHEAD:g} "
        f"times that sent and {OUTPUT_FERTILITY:g} times that written"
    )
    return Price(usd_per_million_characters=usd, source=source if usd else "")
