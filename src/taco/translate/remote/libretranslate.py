"""The engine `libretranslate`: a LibreTranslate server, one's own or a hosted one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from taco.errors import EngineError, RecipeError
from taco.languages.table import Language, find_language, normalise_key
from taco.remote.faults import Kind, Service, check_count, make_unreadable_fault, read_json
from taco.remote.keys import read_key
from taco.remote.options import CallOptions, ServerUrl, VariableName, describe_server
from taco.translate.engine import FREE, Closing, Limits, Translation
from taco.translate.remote.calls import check_size
from taco.translate.remote.json_server import JsonServer
from taco.translate.slots import count_words

NAME = "libretranslate"

_DAILY = re.compile(r"per \d* ?day")
"""How its limits of a day read: "Slowdown: 500 per 1 day"."""


class LibreTranslateOptions(CallOptions):
    """The table [translate.options] of a recipe with translate.engine = "libretranslate"."""

    url: ServerUrl = Field(default="http://127.0.0.1:5000", description="Address of the server.")
    api_key_env: VariableName | None = Field(
        default=None, description="Environment variable with the key, where the server wants one."
    )
    texts_per_call: int = Field(
        default=32, ge=1, le=10_000, description="Texts of one call; servers may allow fewer (their --batch-limit)."
    )
    characters_per_call: int = Field(default=8_000, ge=1, description="Characters of one call.")
    characters_per_text: int | None = Field(
        default=None, ge=1, description="Characters of one text, where the server limits them (its --char-limit)."
    )


class LibreTranslateEngine(Closing):
    """Translates with a LibreTranslate server; its models have no marks for what must stay, so texts hold no slots.

    Args:
        options: The recipe's options.
        server: The server.
        service: Whom errors speak of.
        pair: The server's codes of both languages.
    """

    name = NAME
    keeps_slots = False
    price = FREE

    def __init__(
        self, options: LibreTranslateOptions, *, server: JsonServer, service: Service, pair: tuple[str, str]
    ) -> None:
        self.limits = Limits(
            characters_per_text=options.characters_per_text,
            characters_per_call=options.characters_per_call,
            texts_per_call=options.texts_per_call,
            parallel_calls=options.parallel_calls,
            characters_per_minute=options.characters_per_minute,
            calls_per_minute=options.calls_per_minute,
        )
        self.signature = f"{NAME} {describe_server(options.url)} {pair[0]}-{pair[1]}"
        self._server, self._service, self._pair = server, service, pair

    def translate(self, texts: Sequence[str]) -> list[Translation]:
        """Translate texts in one call; see `Engine.translate`."""
        if not texts:
            return []
        check_size(NAME, texts, self.limits)
        request: dict[str, Any] = {"q": list(texts), "source": self._pair[0], "target": self._pair[1], "format": "text"}
        if self._service.key:
            request["api_key"] = self._service.key.secret
        body = self._server.post_json("/translate", request)
        answer = read_json(self._service, body)
        answers = answer.get("translatedText") if isinstance(answer, dict) else None
        if not isinstance(answers, list) or not all(isinstance(text, str) for text in answers):
            raise make_unreadable_fault(self._service, body, "a list of translations")
        check_count(self._service, len(answers), len(texts))
        return [Translation(text=text, words=count_words(source)) for source, text in zip(texts, answers, strict=True)]

    def close(self) -> None:
        """Close all connections; may be called more than once."""
        self._server.close()


def open_libretranslate(options: LibreTranslateOptions, *, source: Language, target: Language) -> LibreTranslateEngine:
    """Open a LibreTranslate server for a pair of languages, after asking it whether it has the pair.

    Raises:
        EngineError: The server is out of reach, wants a key, or does not offer the pair.
    """
    key = read_key(options.api_key_env, name=NAME) if options.api_key_env else None
    service = Service(name=NAME, key=key, classify=_classify)
    server = JsonServer(service, options.url, timeout_s=options.timeout_s, connections=options.parallel_calls)
    try:
        pair = _find_pair(server, service, source=source, target=target)
    except BaseException:
        server.close()
        raise
    return LibreTranslateEngine(options, server=server, service=service, pair=pair)


def _classify(status: int, body: str) -> Kind | None:
    """LibreTranslate says 400 for everything, a missing key and an unknown pair too, and 429 for limits of any length."""
    said = body.casefold()
    if status == 429 and _DAILY.search(said):
        return "quota"
    if status == 400 and ("api key" in said or "contact the server operator" in said):
        return "denied"
    if status == 400 and ("not supported" in said or "not available as a target" in said):
        return "other"
    return None


def _find_pair(server: JsonServer, service: Service, *, source: Language, target: Language) -> tuple[str, str]:
    body = server.get("/languages")
    targets: dict[str, list[str]] = {}
    try:
        for entry in read_json(service, body):
            targets[str(entry["code"])] = [str(code) for code in entry["targets"]]
    except (TypeError, KeyError):
        raise make_unreadable_fault(service, body, "a list of languages") from None
    source_code = _find_code(source, targets)
    target_code = _find_code(target, targets.get(source_code, [])) if source_code else ""
    if not target_code:
        offered = ", ".join(sorted(targets.get(source_code, []))) or "nothing"
        raise EngineError(
            f"The LibreTranslate server does not translate from {source.name} into {target.name}; "
            f"from {source.name} it offers {offered}.",
            hint="Install the pair on the server (its --load-only must name it), or choose another engine.",
        )
    return source_code, target_code


def _find_code(language: Language, codes: Sequence[str] | dict[str, list[str]]) -> str:
    """Return the first of a server's codes that means a language, "" where none does."""
    own = normalise_key(language.code)
    exact = [code for code in codes if normalise_key(code) == own]
    return next(iter([*exact, *(code for code in codes if _is_code_of(code, language))]), "")


def _is_code_of(code: str, language: Language) -> bool:
    code = _ARGOS_CODES.get(code, code)
    try:
        return find_language(code) == language
    except RecipeError:
        return False


_ARGOS_CODES = {"zt": "zh-Hant", "pb": "pt"}
"""Codes of Argos Translate, the library behind LibreTranslate, that no standard has."""
