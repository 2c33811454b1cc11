"""What is LibreTranslate's own: its languages, and errors that all have the same number."""

from __future__ import annotations

import pytest
from protocols import ENGLISH, KEY, KEY_VARIABLE, PROTOCOLS

from faulty_server import FaultyServer, Reply, Request, reply_json, say
from taco.errors import EngineBusy, EngineError, EngineRejected
from taco.languages.table import find_language
from taco.translate.engine import ENGINES, Engine, open_engine

LIBRE = PROTOCOLS["libretranslate"]


def open_to(server: FaultyServer, target: str, source: str = "en") -> Engine:
    options = ENGINES.load_options("libretranslate")(url=server.url)
    return open_engine("libretranslate", options, source=find_language(source), target=find_language(target))


def offer(*codes: str) -> Reply:
    return reply_json([{"code": code, "name": code, "targets": list(codes)} for code in codes])


@pytest.mark.parametrize(
    ("code", "offered"),
    [
        ("zh-Hans", "zh"),
        ("zh-Hans", "zh-Hans"),
        ("zh-Hant", "zt"),
        ("pt", "pb"),
        ("pt", "pt-BR"),
        ("fil", "tl"),
        ("nb", "nb"),
        ("gl", "gl"),
        ("ur", "ur"),
    ],
)
def test_codes_are_those_of_the_server(code: str, offered: str) -> None:
    with FaultyServer(say(offer("en", offered))) as server, open_to(server, code) as engine:
        assert engine.signature.endswith(f" en-{offered}")


def test_its_own_code_is_preferred_to_another_one() -> None:
    with FaultyServer(say(offer("en", "pb", "pt", "zt", "zh"))) as server, open_to(server, "pt") as engine:
        assert engine.signature.endswith(" en-pt")


def test_a_pair_that_the_server_lacks_is_refused_with_those_that_it_has() -> None:
    with FaultyServer(say(offer("en", "es", "ru"))) as server:
        with pytest.raises(EngineError) as caught:
            open_to(server, "gl")
        assert "from English into Galician; from English it offers en, es, ru" in caught.value.message
        with pytest.raises(EngineError, match="from Galician it offers nothing"):
            open_to(server, "en", source="gl")


@pytest.mark.parametrize("reply", [reply_json({"languages": 3}), reply_json([1]), reply_json(None), Reply(b"<html>")])
def test_what_is_no_list_of_languages_is_said_so(reply: Reply) -> None:
    with FaultyServer(say(reply)) as server, pytest.raises(EngineBusy):
        open_to(server, "gl")


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (400, "Invalid request: request (40) exceeds text limit (32)", EngineRejected),
        (400, "Visit https://portal.libretranslate.com to get an API key", EngineError),
        (400, "Please contact the server operator to get an API key", EngineError),
        (400, "gl is not supported", EngineError),
        (400, "Galician (gl) is not available as a target language from English (en)", EngineError),
        (403, "Too many request limits violations", EngineError),
        (429, "Slowdown: 10 per 1 minute", EngineBusy),
        (429, "Slowdown: 500 per 1 day", EngineError),
        (500, "Cannot translate text: out of memory", EngineBusy),
    ],
)
def test_errors_are_told_apart_by_what_they_say(status: int, message: str, kind: type[EngineError]) -> None:
    with FaultyServer(LIBRE.answer) as server, LIBRE.open(server) as engine:
        server.faults.append(say(reply_json({"error": message}, status)))
        with pytest.raises(EngineError) as caught:
            engine.translate(["One.", "Two."])
    assert type(caught.value) is kind
    assert message in caught.value.message


def test_a_key_is_asked_for_where_the_server_wants_one() -> None:
    def answer(request: Request) -> Reply:
        return offer("en", "es") if request.path == "/languages" else reply_json({"error": "no API key"}, 400)

    with FaultyServer(answer) as server, open_to(server, "es") as engine, pytest.raises(EngineError) as caught:
        engine.translate(["One."])
    assert "api_key_env" in caught.value.hint


def test_the_key_goes_to_translations_only() -> None:
    with FaultyServer(LIBRE.answer) as server, LIBRE.open(server) as engine:
        engine.translate(["One."])
        asked_languages, asked = server.requests
    assert asked.json["api_key"] == KEY
    assert KEY not in str(asked_languages)
    assert KEY_VARIABLE not in engine.signature and KEY not in engine.signature


@pytest.mark.parametrize("translated", ["Un.", [1], [None], {"0": "Un."}, None])
def test_what_is_no_list_of_texts_is_no_translation(translated: object) -> None:
    with FaultyServer(LIBRE.answer) as server, LIBRE.open(server) as engine:
        server.faults.append(say(reply_json({"translatedText": translated})))
        with pytest.raises(EngineBusy, match="a list of translations"):
            engine.translate(["One."])


def test_texts_hold_no_slots() -> None:
    with FaultyServer(LIBRE.answer) as server, LIBRE.open(server) as engine:
        assert not engine.keeps_slots
        assert engine.price.usd_per_million_characters == 0
    assert ENGLISH.code == "en"
