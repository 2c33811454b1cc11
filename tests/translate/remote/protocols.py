"""The protocols of the remote engines, spoken by fakes; the fake translation of a text is the text in «quotes»."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from faulty_server import Answer, FaultyServer, Reply, Request, reply_json
from taco.languages.table import find_language
from taco.translate.engine import ENGINES, Engine, open_engine

KEY = "k3y-of-the-account"
KEY_VARIABLE = "TACO_TEST_KEY"
ENGLISH, SPANISH, GALICIAN = find_language("en"), find_language("es"), find_language("gl")


def quote(text: str) -> str:
    return f"«{text}»"


@dataclass(frozen=True)
class Protocol:
    """How one engine and its service speak with each other.

    Attributes:
        engine: Name of the engine.
        answer: The service at its best.
        options: Options of the engine, made from the address of the server.
        quota: The service when the quota is used up.
        short: The service when it forgets the last text; None where each text is a request of its own.
        opening_requests: Requests that opening the engine makes.
    """

    engine: str
    answer: Answer
    options: Callable[[str], dict[str, Any]]
    quota: Reply
    short: Answer | None = None
    opening_requests: int = 0

    def open(self, server: FaultyServer, **options: Any) -> Engine:
        settings = ENGINES.load_options(self.engine)(**{**self.options(server.url), **options})
        return open_engine(self.engine, settings, source=ENGLISH, target=SPANISH)


def answer_google_basic(request: Request, *, keep: slice = slice(None)) -> Reply:
    if request.headers.get("x-goog-api-key") != KEY:
        message = "API key not valid. Please pass a valid API key."
        return reply_json({"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}, 400)
    assert request.path.partition("?")[0] == "/language/translate/v2"
    asked = request.json
    assert (asked["source"], asked["target"], asked["format"]) == ("en", "es", "text")
    translations = [{"translatedText": quote(text), "model": "nmt"} for text in asked["q"]]
    return reply_json({"data": {"translations": translations[keep]}})


def answer_google_advanced(request: Request, *, keep: slice = slice(None)) -> Reply:
    if request.path == "/token":
        return reply_json({"access_token": KEY, "expires_in": 3600, "token_type": "Bearer"})
    assert request.path.partition("?")[0] == "/v3/projects/a-project/locations/global:translateText"
    assert request.headers["authorization"].startswith("Bearer ")
    asked = request.json
    assert (asked["sourceLanguageCode"], asked["targetLanguageCode"]) == ("en", "es")
    assert asked["mimeType"] == "text/plain"
    return reply_json({"translations": [{"translatedText": quote(text)} for text in asked["contents"]][keep]})


def answer_deepl(request: Request, *, keep: slice = slice(None)) -> Reply:
    if request.headers.get("authorization") != f"DeepL-Auth-Key {KEY}":
        return Reply(status=403)
    assert request.path == "/v2/translate"
    asked = request.json
    assert (asked["source_lang"], asked["target_lang"]) in {("EN", "ES"), ("EN", "GL")}
    if asked.get("tag_handling") == "xml":
        try:
            for text in asked["text"]:
                ElementTree.fromstring(f"<all>{text}</all>")
        except ElementTree.ParseError:
            return reply_json({"message": "Tag handling parsing failed, please check input."}, 400)
    translations = [
        {"detected_source_language": "EN", "text": quote(text), "billed_characters": len(text)}
        for text in asked["text"]
    ]
    return reply_json({"translations": translations[keep]})


def answer_libretranslate(request: Request, *, keep: slice = slice(None)) -> Reply:
    if request.path == "/languages":
        return reply_json([{"code": code, "name": code, "targets": ["en", "es", "zh-Hans"]} for code in ("en", "es")])
    asked = request.json
    if asked.get("api_key") != KEY:
        return reply_json({"error": "Invalid API key"}, 403)
    assert request.path == "/translate"
    assert (asked["source"], asked["target"], asked["format"]) == ("en", "es", "text")
    return reply_json({"translatedText": [quote(text) for text in asked["q"]][keep]})


def answer_apertium(request: Request) -> Reply:
    if request.path == "/listPairs":
        pairs = [("spa", "ast"), ("eng", "spa"), ("eng", "cat_valencia")]
        listed = [{"sourceLanguage": source, "targetLanguage": target} for source, target in pairs]
        return reply_json({"responseData": listed, "responseDetails": None, "responseStatus": 200})
    assert request.path == "/translateRaw"
    asked = request.form
    assert (asked["langpair"], asked["deformat"], asked["markUnknown"]) == ("eng|spa", "False", "yes")
    text, stop, mark = asked["q"].rpartition(".[e")
    return Reply(
        (quote(text.replace("zblorg", "*zblorg")) + stop + mark).encode(), headers={"Content-Type": "text/plain"}
    )


def answer_openai(request: Request, *, keep: slice = slice(None)) -> Reply:
    if request.headers.get("authorization") != f"Bearer {KEY}":
        message = f"Incorrect API key provided: {KEY[:4]}***."
        return reply_json({"error": {"message": message, "code": "invalid_api_key"}}, 401)
    assert request.path == "/v1/chat/completions"
    texts = json.loads(request.json["messages"][-1]["content"])["texts"]
    translations = [{"id": text["id"], "text": quote(text["text"])} for text in texts]
    return reply_openai(json.dumps({"translations": translations[keep]}))


def reply_openai(content: str | None, *, finish_reason: str = "stop", **message: Any) -> Reply:
    return reply_json(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "a-model",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": content, **message},
                    "finish_reason": finish_reason,
                }
            ],
            "usage": {"prompt_tokens": 400, "completion_tokens": 100, "total_tokens": 500},
        }
    )


def _forget_last(answer: Callable[..., Reply]) -> Answer:
    return lambda request: answer(request, keep=slice(-1))


PROTOCOLS = {
    "google-v2": Protocol(
        "google",
        answer_google_basic,
        lambda url: {"version": "v2", "endpoint": url, "api_key_env": KEY_VARIABLE},
        reply_json({"error": {"code": 403, "message": "Daily Limit Exceeded"}}, 403),
        _forget_last(answer_google_basic),
    ),
    "google-v3": Protocol(
        "google",
        answer_google_advanced,
        lambda url: {"endpoint": url},
        reply_json({"error": {"code": 429, "message": "Quota exceeded for quota metric 'characters' per day"}}, 429),
        _forget_last(answer_google_advanced),
    ),
    "deepl": Protocol(
        "deepl",
        answer_deepl,
        lambda url: {"server_url": url, "api_key_env": KEY_VARIABLE},
        reply_json({"message": "Quota Exceeded"}, 456),
        _forget_last(answer_deepl),
    ),
    "libretranslate": Protocol(
        "libretranslate",
        answer_libretranslate,
        lambda url: {"url": url, "api_key_env": KEY_VARIABLE},
        reply_json({"error": "Slowdown: 500 per 1 day"}, 429),
        _forget_last(answer_libretranslate),
        opening_requests=1,
    ),
    "apertium-apy": Protocol(
        "apertium-apy",
        answer_apertium,
        lambda url: {"url": url},
        # APY has no quotas; a gateway before it may have.
        reply_json({"message": "Payment required"}, 402),
        opening_requests=1,
    ),
    "openai": Protocol(
        "openai",
        answer_openai,
        lambda url: {"base_url": f"{url}/v1", "api_key_env": KEY_VARIABLE, "model": "a-model"},
        reply_json({"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}, 429),
        _forget_last(answer_openai),
    ),
}
