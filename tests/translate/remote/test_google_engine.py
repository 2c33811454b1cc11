"""What is Google's own: quotas in words, credentials, the header of the key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from protocols import ENGLISH, GALICIAN, KEY, PROTOCOLS

from faulty_server import FaultyServer, Reply, Request, reply_json, say
from taco.errors import EngineBusy, EngineError
from taco.languages.table import find_language
from taco.translate.engine import ENGINES, open_engine

BASIC, ADVANCED = PROTOCOLS["google-v2"], PROTOCOLS["google-v3"]


@pytest.mark.parametrize(
    ("status", "message", "is_busy"),
    [
        (403, "User Rate Limit Exceeded", True),
        (403, "Daily Limit Exceeded", False),
        (403, "This API method requires billing to be enabled.", False),
        (403, "Cloud Translation API has not been used in project 1 before or it is disabled.", False),
        (429, "Quota exceeded for quota metric 'v3 general model characters' and limit 'per minute per project'", True),
        (429, "Quota exceeded for limit 'v3 general model characters per day'", False),
    ],
)
def test_rates_pass_and_quotas_do_not(status: int, message: str, is_busy: bool) -> None:
    for protocol in (BASIC, ADVANCED):
        with FaultyServer(protocol.answer) as server, protocol.open(server) as engine:
            server.faults.append(say(reply_json({"error": {"code": status, "message": message}}, status)))
            with pytest.raises(EngineError) as caught:
                engine.translate(["One."])
        assert isinstance(caught.value, EngineBusy) == is_busy
        assert is_busy or caught.value.hint


def test_a_key_travels_in_a_header_and_never_in_an_address() -> None:
    with FaultyServer(BASIC.answer) as server, BASIC.open(server) as engine:
        engine.translate(["One."])
        (request,) = server.requests
    assert request.headers["x-goog-api-key"] == KEY
    assert KEY not in request.path and "authorization" not in request.headers


def test_basic_takes_application_default_credentials_too(
    monkeypatch: pytest.MonkeyPatch, service_account: Path, tmp_path: Path
) -> None:
    def answer(request: Request) -> Reply:
        if request.path == "/token":
            return reply_json({"access_token": "t0ken", "expires_in": 3600, "token_type": "Bearer"})
        assert request.headers["authorization"] == "Bearer t0ken"
        return reply_json({"data": {"translations": [{"translatedText": "Un."}]}})

    with FaultyServer(answer) as server:
        account = json.loads(service_account.read_text()) | {"token_uri": f"{server.url}/token"}
        (tmp_path / "account.json").write_text(json.dumps(account))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))
        options = ENGINES.load_options("google")(version="v2", endpoint=server.url)
        with open_engine("google", options, source=ENGLISH, target=GALICIAN) as engine:
            assert engine.translate(["One."])[0].text == "Un."
            server.faults.extend(
                [say(reply_json({"error": "x"}, 401)), say(reply_json({"error": "invalid_grant"}, 400))]
            )
            with pytest.raises(EngineError, match="refuses the credentials"):
                engine.translate(["One."])


def test_without_credentials_the_ways_to_them_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "missing.json"))
    with pytest.raises(EngineError) as caught:
        open_engine("google", ENGINES.load_options("google")(), source=ENGLISH, target=GALICIAN)
    assert "gcloud auth application-default login" in caught.value.hint


def test_the_project_is_the_recipes_or_that_of_the_credentials() -> None:
    with FaultyServer(say(reply_json({"translations": [{"translatedText": "Un."}]}))) as server:
        for settings in ({"project": "b-project", "location": "europe-west1"}, {}):
            options = ENGINES.load_options("google")(endpoint=server.url, **settings)
            with open_engine("google", options, source=ENGLISH, target=GALICIAN) as engine:
                assert engine.translate(["One."])[0].text == "Un."
        paths = [request.path.partition("?")[0] for request in server.requests]
    assert paths == [
        "/v3/projects/b-project/locations/europe-west1:translateText",
        "/v3/projects/a-project/locations/global:translateText",
    ]


def test_codes_are_googles() -> None:
    with FaultyServer(say(reply_json({"translations": [{"translatedText": "x"}]}))) as server:
        options = ENGINES.load_options("google")(endpoint=server.url)
        for source, target in (("he", "zh-Hant"), ("mni", "kok")):
            with open_engine("google", options, source=find_language(source), target=find_language(target)) as engine:
                engine.translate(["x"])
        sent = [(asked.json["sourceLanguageCode"], asked.json["targetLanguageCode"]) for asked in server.requests]
    assert sent == [("iw", "zh-TW"), ("mni-Mtei", "gom")]


def test_a_language_that_google_lacks_is_refused_by_name() -> None:
    with pytest.raises(EngineError, match=r"does not know Asturian \(ast\)"):
        open_engine("google", ENGINES.load_options("google")(), source=ENGLISH, target=find_language("ast"))


def test_the_signature_tells_versions_and_languages_apart() -> None:
    signatures = set()
    with FaultyServer(ADVANCED.answer) as server:
        for protocol in (BASIC, ADVANCED):
            with protocol.open(server) as engine:
                signatures.add(engine.signature)
        with open_engine("google", ENGINES.load_options("google")(), source=ENGLISH, target=GALICIAN) as engine:
            assert engine.signature == "google v3 nmt en-gl"
    assert len(signatures) == 2
