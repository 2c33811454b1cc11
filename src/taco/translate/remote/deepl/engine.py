"""The engine `deepl`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from taco.errors import EngineError, EngineRejected, TacoError
from taco.languages.table import Language
from taco.remote.faults import (
    Kind,
    Service,
    check_count,
    find_status_fault,
    make_lost_fault,
    make_unreadable_fault,
)
from taco.remote.keys import Key, read_key
from taco.remote.libraries import import_library
from taco.remote.options import CallOptions, ServerUrl, VariableName, describe_server
from taco.translate.engine import Closing, Limits, Price, Translation
from taco.translate.remote.calls import check_size, make_price
from taco.translate.remote.deepl.languages import Pair, find_pair
from taco.translate.remote.deepl.xml_marks import IGNORED, decode_xml, encode_xml
from taco.translate.slots import count_words

NAME = "deepl"

REQUEST_BYTES = 120 * 1024
"""Texts of one request, as they are sent. DeepL allows 128 KiB for the whole request:
https://developers.deepl.com/docs/resources/usage-limits, read on 2026-11-25."""

USD_PER_MILLION_CHARACTERS = 25.0
PRICE_SOURCE = "DeepL API Pro besides its monthly fee, as reported in 2026; tags are not billed"
FREE_PRICE = Price(source="DeepL API Free: 500,000 characters a month, then it stops")

_FREE_KEY = ":fx"
"""How the keys of DeepL API Free end."""


class DeepLOptions(CallOptions):
    """The table [translate.options] of a recipe with translate.engine = "deepl"."""

    api_key_env: VariableName = Field(
        default="DEEPL_API_KEY",
        description="Environment variable with the key; one that ends in :fx is of a free account.",
    )
    server_url: ServerUrl | None = Field(
        default=None, description="Another address of the service; by default the one that the key is for."
    )
    formality: Literal["default", "more", "less", "prefer_more", "prefer_less"] = Field(
        default="default", description="Formal or informal address, in languages that have both."
    )
    usd_per_million_characters: float = Field(
        default=USD_PER_MILLION_CHARACTERS, ge=0, description="What your contract says, in USD."
    )


class DeepLEngine(Closing):
    """Translates with DeepL; slots are kept in XML where DeepL takes tags for both languages.

    Args:
        options: The recipe's options.
        pair: DeepL's codes of both languages.
        client: A `deepl.Translator`.
        service: Whom errors speak of.
    """

    name = NAME

    def __init__(self, options: DeepLOptions, *, pair: Pair, client: Any, service: Service) -> None:
        self.limits = Limits(
            characters_per_text=30_000,
            characters_per_call=30_000,
            texts_per_call=50,
            parallel_calls=options.parallel_calls,
            characters_per_minute=options.characters_per_minute,
            calls_per_minute=options.calls_per_minute,
        )
        is_free = service.key is not None and service.key.secret.endswith(_FREE_KEY)
        listed = make_price(options.usd_per_million_characters, USD_PER_MILLION_CHARACTERS, PRICE_SOURCE)
        self.price = FREE_PRICE if is_free else listed
        self.keeps_slots = pair.takes_tags
        self._settings: dict[str, Any] = {"source_lang": pair.source, "target_lang": pair.target}
        if options.formality != "default":
            self._settings["formality"] = options.formality
        if pair.takes_tags:
            self._settings |= {"tag_handling": "xml", "tag_handling_version": "v2", "ignore_tags": [IGNORED]}
        where = f" {describe_server(options.server_url)}" if options.server_url else ""
        marks = "xml v2 marks 1" if pair.takes_tags else "text"
        self.signature = f"{NAME}{where} {pair.source}-{pair.target} formality {options.formality} {marks}"
        self._client, self._service = client, service

    def translate(self, texts: Sequence[str]) -> list[Translation]:
        """Translate texts in one call; see `Engine.translate`."""
        if not texts:
            return []
        check_size(NAME, texts, self.limits)
        sent = [encode_xml(text) for text in texts] if self.keeps_slots else list(texts)
        if len(json.dumps(sent)) > REQUEST_BYTES:
            raise EngineRejected(f"{NAME} takes {REQUEST_BYTES} bytes in a call.")
        results = self._call(sent)
        check_count(self._service, len(results), len(texts))
        return [self._make_translation(text, result) for text, result in zip(texts, results, strict=True)]

    def close(self) -> None:
        """Close all connections; may be called more than once."""
        self._client.close()

    def _call(self, texts: list[str]) -> list[Any]:
        from deepl import DeepLException

        try:
            results: list[Any] = self._client.translate_text(texts, **self._settings)
        except DeepLException as error:
            raise _explain(error, self._service) from None
        except (ValueError, TypeError, KeyError, AttributeError) as error:  # what the client says of strange answers
            problem = f"{type(error).__name__}: {error}"
            raise make_unreadable_fault(self._service, problem, "a list of translations") from None
        if not all(isinstance(result.text, str) for result in results):
            raise make_unreadable_fault(self._service, "a translation that is no text", "a list of translations")
        return results

    def _make_translation(self, text: str, result: Any) -> Translation:
        words = count_words(text)
        cost = result.billed_characters * self.price.usd_per_million_characters / 1e6
        try:
            translated = decode_xml(result.text) if self.keeps_slots else result.text
        except ValueError as error:
            return Translation(text="", words=words, refusal=str(error), cost_usd=cost)
        return Translation(text=translated, words=words, cost_usd=cost)


def open_deepl(options: DeepLOptions, *, source: Language, target: Language) -> DeepLEngine:
    """Open DeepL for a pair of languages; makes no call.

    Raises:
        EngineError: The library or the key is missing, DeepL does not know a language, or has no formality for it.
    """
    pair = find_pair(source, target)
    if options.formality in ("more", "less") and not pair.takes_tags:
        raise EngineError(
            f"DeepL has no formality for {target.name}.", hint='Leave formality out, or set it to "prefer_more".'
        )
    key = read_key(options.api_key_env, name=NAME)
    service = Service(name=NAME, key=key, classify=_classify)
    return DeepLEngine(options, pair=pair, client=_make_client(options, key, service), service=service)


def _make_client(options: DeepLOptions, key: Key, service: Service) -> Any:
    library = import_library("deepl", name=NAME, extra="deepl")
    from taco.translate.remote.one_attempt import OneAttempt, mount

    client = library.Translator(key.secret, server_url=options.server_url, send_platform_info=False)
    adapter = OneAttempt(service, timeout_s=options.timeout_s, connections=options.parallel_calls)
    mount(client._client._session, adapter)
    return client


def _explain(error: Any, service: Service) -> TacoError:
    """Turn an exception of DeepL's client into an error of ours; `OneAttempt`'s own come wrapped up in one."""
    if isinstance(error.__cause__, EngineError):
        return error.__cause__
    if error.http_status_code is None:
        return make_lost_fault(service, str(error))
    fault = find_status_fault(service, error.http_status_code, str(error))
    return fault or make_unreadable_fault(service, str(error), "a list of translations")


def _classify(status: int, body: str) -> Kind | None:
    """DeepL says 400 for languages and formality that it does not have, too; fewer texts would not help."""
    return "other" if status == 400 and "not supported" in body else None
