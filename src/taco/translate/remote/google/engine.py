"""The engine `google`: Cloud Translation through Google's official client.

Texts go as plain text and hold no slots. The service can be told not to translate a span (HTML with translate="no"), but
its HTML mode writes entities of its own, and what it does to the white space beside a tag can only be tried with the
service itself. Spans that are cut out cannot be lost, so they are cut out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from taco.errors import EngineError, TacoError
from taco.languages.table import Language
from taco.remote.faults import (
    Kind,
    Service,
    check_count,
    find_status_fault,
    make_lost_fault,
    make_unreadable_fault,
)
from taco.remote.keys import read_key
from taco.remote.options import describe_server
from taco.translate.engine import Closing, Limits, Translation
from taco.translate.remote.calls import check_size, make_price
from taco.translate.remote.google.clients import NAME, NO_CREDENTIALS, Translate, open_advanced, open_basic
from taco.translate.remote.google.options import USD_PER_MILLION_CHARACTERS, GoogleOptions
from taco.translate.slots import count_words

PRICE_SOURCE = "list price of the NMT model, https://cloud.google.com/translate/pricing, read on 2026-11-25"

BASIC = Limits(characters_per_text=5_000, characters_per_call=5_000, texts_per_call=128)
ADVANCED = Limits(characters_per_text=30_720, characters_per_call=30_720, texts_per_call=1_024)
"""What a request of v2 and of v3 may hold. Characters: https://cloud.google.com/translate/quotas, read on 2026-11-25; for v2
the 5,000 that it recommends, of 100,000 bytes that it allows. Texts: the reference of `contents` (v3), and what v2 refuses
as "Too many text segments"."""

_NO_ACCESS = (
    "Check that the Cloud Translation API is enabled in the project and that the account may use it "
    "(role Cloud Translation API User)."
)


class GoogleEngine(Closing):
    """Translates with Cloud Translation.

    Args:
        options: The recipe's options.
        pair: Google's codes of both languages.
        call: Makes one call; raises what the clients raise.
        close: Closes the client.
        service: Whom errors speak of.
    """

    name = NAME
    keeps_slots = False

    def __init__(
        self,
        options: GoogleOptions,
        *,
        pair: tuple[str, str],
        call: Translate,
        close: Callable[[], None],
        service: Service,
    ) -> None:
        self.limits = replace(
            BASIC if options.version == "v2" else ADVANCED,
            parallel_calls=options.parallel_calls,
            characters_per_minute=options.characters_per_minute,
            calls_per_minute=options.calls_per_minute,
        )
        self.price = make_price(options.usd_per_million_characters, USD_PER_MILLION_CHARACTERS, PRICE_SOURCE)
        where = f" {describe_server(options.endpoint)}" if options.endpoint else ""
        self.signature = f"{NAME}{where} {options.version} nmt {pair[0]}-{pair[1]}"
        self._call, self._close, self._service = call, close, service

    def translate(self, texts: Sequence[str]) -> list[Translation]:
        """Translate texts in one call; see `Engine.translate`."""
        if not texts:
            return []
        check_size(NAME, texts, self.limits)
        try:
            answers = self._call(texts)
        except EngineError:
            raise
        except Exception as error:  # one of a dozen types, some of them in libraries that may be missing
            fault = _explain(error, self._service)
            if fault is None:
                raise
            raise fault from None
        if not all(isinstance(answer, str) for answer in answers):
            raise make_unreadable_fault(self._service, repr(answers), "a list of translations")
        check_count(self._service, len(answers), len(texts))
        return [Translation(text=answer, words=count_words(text)) for text, answer in zip(texts, answers, strict=True)]

    def close(self) -> None:
        """Close all connections; may be called more than once."""
        self._close()


def open_google(options: GoogleOptions, *, source: Language, target: Language) -> GoogleEngine:
    """Open Cloud Translation for a pair of languages; makes no call.

    Raises:
        EngineError: The library or credentials are missing, or Google does not know one of the languages.
    """
    for language in (source, target):
        if not language.google:
            raise EngineError(
                f"Google Translate does not know {language.name} ({language.code}).",
                hint="`taco languages --engine google` lists what it knows.",
            )
    pair = (source.google, target.google)
    key = read_key(options.api_key_env, name=NAME) if options.api_key_env else None
    service = Service(name=NAME, key=key, access_hint="" if key else _NO_ACCESS, classify=_classify)
    open_version = open_basic if options.version == "v2" else open_advanced
    call, close = open_version(options, pair, service)
    return GoogleEngine(options, pair=pair, call=call, close=close, service=service)


def _explain(error: Exception, service: Service) -> TacoError | None:
    """Turn what Google's clients raise into an error of ours; None for what they should not raise."""
    from google.api_core.exceptions import GoogleAPICallError
    from google.auth.exceptions import GoogleAuthError
    from google.protobuf.json_format import ParseError

    if isinstance(error, GoogleAPICallError) and error.response is not None:
        return find_status_fault(service, error.response.status_code, error.response.text)
    if isinstance(error, GoogleAuthError) and error.retryable:
        return make_lost_fault(service, f"no access token: {error}")
    if isinstance(error, GoogleAuthError):
        return EngineError(f"Google refuses the credentials: {service.hide_key(str(error))}", hint=NO_CREDENTIALS)
    if isinstance(error, (ValueError, TypeError, KeyError, AttributeError, ParseError)):
        return make_unreadable_fault(service, f"{type(error).__name__}: {error}", "a list of translations")
    return None


def _classify(status: int, body: str) -> Kind | None:
    """Google says 403 or 429 for rates, which pass, and for quotas of a day, which do not within a run."""
    said = body.casefold()
    if status in (403, 429) and ("daily limit" in said or "per day" in said or "billing" in said):
        return "quota"
    if status == 403 and ("rate limit" in said or "ratelimitexceeded" in said):
        return "busy"
    return None
