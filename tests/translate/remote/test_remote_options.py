"""What recipes may say about remote engines, and what is said where a library is missing."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from protocols import ENGLISH, KEY, PROTOCOLS, SPANISH
from pydantic import ValidationError

from faulty_server import FaultyServer
from taco.errors import EngineError
from taco.translate.engine import ENGINES, open_engine
from taco.translate.options import TranslateOptions

REMOTE = ["apertium-apy", "deepl", "google", "libretranslate", "openai"]
FREE_CHAT = {"model": "m", "base_url": "http://127.0.0.1:1"}


def make_options(engine: str, **options: Any) -> Any:
    return ENGINES.load_options(engine)(**({**FREE_CHAT, **options} if engine == "openai" else options))


@pytest.mark.parametrize("engine", REMOTE)
def test_every_option_is_described_and_others_are_refused(engine: str) -> None:
    kind = ENGINES.load_options(engine)
    assert all(field.description for field in kind.model_fields.values())
    with pytest.raises(ValidationError, match="Extra inputs"):
        make_options(engine, nonsense=1)
    with pytest.raises(ValidationError, match="frozen"):
        make_options(engine).timeout_s = 3


@pytest.mark.parametrize("engine", REMOTE)
def test_options_go_through_a_recipe_unchanged(engine: str) -> None:
    options = make_options(engine, timeout_s=3, parallel_calls=7)
    again = TranslateOptions(engine=engine, options=options.model_dump(mode="json", exclude_none=True))
    assert again.engine_options == options


@pytest.mark.parametrize(
    ("engine", "name", "value"),
    [
        ("libretranslate", "url", "translate.example.org"),
        ("libretranslate", "url", "ftp://example.org"),
        ("libretranslate", "url", "http://user:s3cret@example.org"),
        ("libretranslate", "url", "http://example.org/?api_key=s3cret"),
        ("apertium-apy", "url", "http://example.org:port"),
        ("deepl", "server_url", "https://s3cret@example.org"),
        ("google", "endpoint", "https://example.org#s3cret"),
        ("openai", "base_url", "https://u:s3cret@example.org/v1"),
        ("deepl", "api_key_env", "279a2e9d-83b3-c416-7e2d-s3cret:fx"),
        ("openai", "api_key_env", "sk-s3cret"),
        ("google", "api_key_env", "AIzaSyS3cret_s3cret"),
    ],
)
def test_secrets_and_wrong_addresses_have_no_place_in_a_recipe(engine: str, name: str, value: str) -> None:
    with pytest.raises(ValidationError) as caught:
        make_options(engine, **{name: value})
    assert "s3cret" not in str(caught.value)


def test_a_slash_at_the_end_of_an_address_does_not_matter() -> None:
    assert make_options("libretranslate", url="http://example.org/lt/").url == "http://example.org/lt"


def test_google_advanced_takes_no_key() -> None:
    with pytest.raises(ValidationError, match="v3 takes no keys"):
        make_options("google", api_key_env="GOOGLE_KEY")


def test_a_chat_model_that_is_not_on_this_machine_has_a_price() -> None:
    with pytest.raises(ValidationError, match="0 where it costs nothing"):
        ENGINES.load_options("openai")(model="m")
    prices = {"usd_per_million_input_tokens": 0, "usd_per_million_output_tokens": 1}
    assert ENGINES.load_options("openai")(model="m", **prices)


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [
        ("google-v2", "google.cloud.translate_v2", "google"),
        ("google-v3", "google.cloud.translate_v3", "google"),
        ("deepl", "deepl", "deepl"),
        ("libretranslate", "httpx2", "http"),
        ("apertium-apy", "httpx2", "http"),
        ("openai", "openai", "openai"),
    ],
)
def test_without_the_library_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, module: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    protocol = PROTOCOLS[name]
    with FaultyServer(protocol.answer) as server, pytest.raises(EngineError) as caught:
        protocol.open(server)
    assert module in caught.value.message
    assert f"Install taco-llm[{extra}]" in caught.value.hint


@pytest.mark.parametrize("engine", ["deepl", "google", "openai", "libretranslate"])
def test_without_the_key_its_variable_is_named(monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
    monkeypatch.delenv("MY_KEY", raising=False)
    more = {"version": "v2"} if engine == "google" else {}
    options = make_options(engine, api_key_env="MY_KEY", **more)
    with pytest.raises(EngineError, match="MY_KEY") as caught:
        open_engine(engine, options, source=ENGLISH, target=SPANISH)
    assert "export MY_KEY=" in caught.value.hint


def test_limits_and_prices_are_the_recipes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPL_API_KEY", KEY)
    options = make_options("deepl", calls_per_minute=30, characters_per_minute=1000, usd_per_million_characters=5)
    with open_engine("deepl", options, source=ENGLISH, target=SPANISH) as engine:
        assert (engine.limits.calls_per_minute, engine.limits.characters_per_minute) == (30, 1000)
        assert engine.price.usd_per_million_characters == 5
        assert engine.price.source
