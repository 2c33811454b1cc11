"""The engine `apertium-apy`: Apertium's own HTTP server, APY.

APY's /translate runs a text through a deformatter that knows no slots, and marks unknown words with asterisks that look
like those of the text. /translateRaw takes Apertium's stream format instead, so texts go as those of the engine
`apertium` do: slots, asterisks and brackets come back as they were, and each answer carries the number of its text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import Field

from taco.errors import EngineError
from taco.languages.table import Language
from taco.remote.faults import Service, make_unreadable_fault, read_json
from taco.remote.options import CallOptions, ServerUrl, describe_server
from taco.translate.apertium.modes import find_code, normalise_code
from taco.translate.apertium.stream import STREAM_VERSION, decode_text, encode_text
from taco.translate.engine import FREE, Closing, Limits, Translation
from taco.translate.remote.calls import check_size
from taco.translate.remote.json_server import JsonServer
from taco.translate.slots import count_words

NAME = "apertium-apy"

CHARACTERS_PER_TEXT = 4_000
"""APY (0.11 to 0.13) cuts long texts into at most ten pieces and drops the rest without a word; under load a piece may be
as short as 500 characters. Encoded, a text of this length and its escapes stay below that."""

ENCODED_CHARACTERS = 5_000
"""What APY is sure to take whole; see `CHARACTERS_PER_TEXT`."""

_UNESCAPED_TAG = re.compile(r"\s*<")


class ApertiumApyOptions(CallOptions):
    """The table [translate.options] of a recipe with translate.engine = "apertium-apy"."""

    url: ServerUrl = Field(default="http://127.0.0.1:2737", description="Address of the server.")
    parallel_calls: int = Field(
        default=2,
        ge=1,
        le=64,
        description="Calls that may run at the same time. With three or more, APY cuts texts into shorter pieces.",
    )
    texts_per_call: int = Field(
        default=50, ge=1, le=10_000, description="Texts of one call; each of them is a request on the same connection."
    )


class ApertiumApyEngine(Closing):
    """Translates with an APY server.

    Args:
        options: The recipe's options.
        server: The server.
        service: Whom errors speak of.
        pair: APY's codes of both languages.
    """

    name = NAME
    keeps_slots = True
    price = FREE

    def __init__(
        self, options: ApertiumApyOptions, *, server: JsonServer, service: Service, pair: tuple[str, str]
    ) -> None:
        self.limits = Limits(
            characters_per_text=CHARACTERS_PER_TEXT,
            texts_per_call=options.texts_per_call,
            parallel_calls=options.parallel_calls,
            characters_per_minute=options.characters_per_minute,
            calls_per_minute=options.calls_per_minute,
        )
        self.signature = f"{NAME} {describe_server(options.url)} {pair[0]}-{pair[1]} (stream {STREAM_VERSION})"
        self._server, self._service, self._pair = server, service, pair

    def translate(self, texts: Sequence[str]) -> list[Translation]:
        """Translate texts, one request after the other; see `Engine.translate`."""
        check_size(NAME, texts, self.limits)
        return [self._translate_text(text, number) for number, text in enumerate(texts)]

    def _translate_text(self, text: str, number: int) -> Translation:
        words = count_words(text)
        encoded = encode_text(text, number)
        if len(encoded) > ENCODED_CHARACTERS:
            return Translation(text="", words=words, refusal=f"longer than the {ENCODED_CHARACTERS} characters of APY")
        fields = {"langpair": "|".join(self._pair), "q": encoded, "deformat": "False", "markUnknown": "yes"}
        answer = self._server.post_form("/translateRaw", fields)
        if not answer.strip() or _UNESCAPED_TAG.match(answer):
            raise make_unreadable_fault(self._service, answer, "a translation")
        try:
            decoded = decode_text(answer, text, number)
        except ValueError as error:
            return Translation(text="", words=words, refusal=str(error))
        return Translation(text=decoded.text, words=words, unknown_words=min(words, decoded.unknown.total()))

    def close(self) -> None:
        """Close all connections; may be called more than once."""
        self._server.close()


def open_apertium_apy(options: ApertiumApyOptions, *, source: Language, target: Language) -> ApertiumApyEngine:
    """Open an APY server for a pair of languages, after asking it whether it has the pair.

    Raises:
        EngineError: The server is out of reach, or does not offer the pair.
    """
    service = Service(name=NAME)
    server = JsonServer(service, options.url, timeout_s=options.timeout_s, connections=options.parallel_calls)
    try:
        pair = _find_pair(server, service, source=source, target=target)
    except BaseException:
        server.close()
        raise
    return ApertiumApyEngine(options, server=server, service=service, pair=pair)


def _find_pair(server: JsonServer, service: Service, *, source: Language, target: Language) -> tuple[str, str]:
    body = server.get("/listPairs")
    try:
        pairs = [
            (str(pair["sourceLanguage"]), str(pair["targetLanguage"]))
            for pair in read_json(service, body)["responseData"]
        ]
    except (TypeError, KeyError):
        raise make_unreadable_fault(service, body, "a list of pairs") from None
    wanted = (find_code(source), find_code(target))
    for pair in pairs:
        if (normalise_code(pair[0]), normalise_code(pair[1])) == wanted:
            return pair
    offered = ", ".join(sorted(f"{pair[0]}-{pair[1]}" for pair in pairs)) or "nothing"
    raise EngineError(
        f"The Apertium server does not translate from {source.name} into {target.name}; it offers {offered}.",
        hint="Install the pair on the server, or choose another engine.",
    )
