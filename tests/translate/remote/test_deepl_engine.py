"""What is DeepL's own: XML around what must stay, languages, formality, characters that it bills."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocols import ENGLISH, KEY_VARIABLE, PROTOCOLS, SPANISH, quote

from faulty_server import FaultyServer, reply_json, say
from taco.errors import EngineBusy, EngineError, EngineRejected
from taco.languages.table import all_languages, find_language
from taco.translate.engine import ENGINES, Engine, open_engine
from taco.translate.remote.deepl import languages
from taco.translate.remote.deepl.xml_marks import decode_xml, encode_xml
from taco.translate.slots import SLOTS_OF_A_KIND, make_slot

DEEPL = PROTOCOLS["deepl"]
WORD, FORMAT = make_slot(0, is_word=True), make_slot(3, is_word=False)

slots = st.builds(make_slot, st.integers(0, SLOTS_OF_A_KIND - 1), is_word=st.booleans())
markup = st.sampled_from(
    ["<x>w0</x>", '<f i="3"/>', "&lt;", "&amp;amp;", "&#60;", "]]>", "<!--", "&", "<", "\r\n", "\x00"]
)
texts = st.lists(st.one_of(st.text(), slots, markup)).map("".join)


def open_deepl(server: FaultyServer, **options: object) -> Engine:
    return open_to("gl", server, **options)


def open_to(code: str, server: FaultyServer, **options: object) -> Engine:
    settings = ENGINES.load_options("deepl")(server_url=server.url, api_key_env=KEY_VARIABLE, **options)
    return open_engine("deepl", settings, source=ENGLISH, target=find_language(code))


@given(texts)
def test_xml_gives_every_text_back(text: str) -> None:
    xml = encode_xml(text)
    assert decode_xml(xml) == text
    assert "".join(ElementTree.fromstring(f"<all>{xml}</all>").itertext()) is not None


@given(texts)
def test_what_a_parser_writes_anew_is_read_too(text: str) -> None:
    element = ElementTree.fromstring(f"<all>{encode_xml(text)}</all>")
    written = ElementTree.tostring(element, encoding="unicode").removeprefix("<all>").removesuffix("</all>")
    assert decode_xml("" if written == "<all />" else written) == text


@pytest.mark.parametrize("xml", ["<x>w0", "a</x>", "<x>name</x>", "<b>a</b>", '<f i="3">a</f>', "<x >w0</x>"])
def test_broken_tags_are_seen(xml: str) -> None:
    with pytest.raises(ValueError, match="broken tags"):
        decode_xml(xml)


def test_slots_travel_as_tags_that_deepl_leaves_alone() -> None:
    text = f"Run {WORD} & {FORMAT}not{FORMAT} <that>."
    with FaultyServer(DEEPL.answer) as server, DEEPL.open(server) as engine:
        assert engine.keeps_slots
        assert engine.translate([text])[0].text == quote(text)
        sent = server.requests[0].json
    assert sent["text"] == ['Run <x>w0</x> &amp; <f i="3"/>not<f i="3"/> &lt;that&gt;.']
    assert (sent["tag_handling"], sent["tag_handling_version"], sent["ignore_tags"]) == ("xml", "v2", ["x"])


def test_an_answer_with_broken_tags_is_refused_alone() -> None:
    entries = [{"detected_source_language": "EN", "text": text, "billed_characters": 9} for text in ("<x>w0", "Ola")]
    with FaultyServer(say(reply_json({"translations": entries}))) as server, DEEPL.open(server) as engine:
        broken, good = engine.translate([f"Run {WORD}.", "Hello"])
    assert broken.text == "" and "broken tags" in broken.refusal
    assert broken.cost_usd == good.cost_usd == pytest.approx(9 * 25 / 1e6)
    assert good.text == "Ola"


def test_languages_without_tags_get_plain_text() -> None:
    with FaultyServer(DEEPL.answer) as server, open_to("gl", server) as engine:
        assert not engine.keeps_slots
        assert engine.translate(["A & B <c>"])[0].text == quote("A & B <c>")
        assert "tag_handling" not in server.requests[0].json


def test_what_deepl_bills_is_the_cost() -> None:
    with FaultyServer(DEEPL.answer) as server, open_to("gl", server, usd_per_million_characters=10) as engine:
        answers = engine.translate(["12345", "123"])
    assert [answer.cost_usd for answer in answers] == pytest.approx([5e-5, 3e-5])


@pytest.mark.parametrize(
    "entry", [{"text": "Ola"}, {"text": None, "billed_characters": 1}, {"text": 3, "billed_characters": 1}, None, 3]
)
def test_a_strange_entry_is_no_translation(entry: object) -> None:
    reply = reply_json({"translations": [entry]})
    with FaultyServer(say(reply)) as server, open_to("gl", server) as engine, pytest.raises(EngineBusy):
        engine.translate(["Hello"])


@pytest.mark.parametrize(
    "message", ["Value for 'target_lang' not supported.", "'formality' is not supported for given 'target_lang'."]
)
def test_what_fewer_texts_would_not_cure_ends_it(message: str) -> None:
    reply = reply_json({"message": message}, 400)
    with FaultyServer(say(reply)) as server, open_to("gl", server) as engine, pytest.raises(EngineError) as caught:
        engine.translate(["Hello"])
    assert not isinstance(caught.value, EngineRejected)


def test_formality_is_sent_where_it_is_known_and_refused_where_not() -> None:
    with FaultyServer(DEEPL.answer) as server:
        with DEEPL.open(server, formality="less") as engine:
            engine.translate(["Hello"])
            assert server.requests[0].json["formality"] == "less"
            assert "formality less" in engine.signature
        with pytest.raises(EngineError, match="no formality for Galician"):
            open_to("gl", server, formality="more")


def test_a_request_that_is_too_large_in_bytes_is_not_made() -> None:
    with FaultyServer(DEEPL.answer) as server, DEEPL.open(server) as engine:
        with pytest.raises(EngineRejected, match="bytes"):
            engine.translate(["न" * 29_000])
        assert not server.requests


def test_codes_are_deepls() -> None:
    def codes(source: str, target: str) -> tuple[str, str]:
        pair = languages.find_pair(find_language(source), find_language(target))
        return pair.source, pair.target

    assert codes("en", "gl") == ("EN", "GL")
    assert codes("zh-Hans", "en") == ("ZH", "EN-US")
    assert codes("en", "zh-Hant") == ("EN", "ZH-HANT")
    assert codes("pt", "pt") == ("PT", "PT-BR")
    assert codes("kok", "fil") == ("GOM", "TL")


def test_the_table_holds_languages_of_ours_only() -> None:
    known = {language.code for language in all_languages()}
    assert known >= languages._ALL
    assert len(languages._ALL) == 109


def test_a_language_that_deepl_lacks_is_refused_with_those_that_it_has() -> None:
    with FaultyServer(DEEPL.answer) as server, pytest.raises(EngineError) as caught:
        open_to("dv", server)
    assert "does not know Dhivehi (dv)" in caught.value.message
    assert ", gl, " in caught.value.message and languages.DATE in caught.value.message


def test_the_server_is_that_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    make: Callable[..., object] = __import__("deepl").Translator

    def watch(key: str, **settings: object) -> object:
        client = make(key, **settings)
        asked.append(str(client.server_url))  # type: ignore[attr-defined]
        return client

    monkeypatch.setattr("deepl.Translator", watch)
    for key in ("abc:fx", "abc"):
        monkeypatch.setenv("DEEPL_API_KEY", key)
        open_engine("deepl", ENGINES.load_options("deepl")(), source=ENGLISH, target=SPANISH).close()
    assert asked == ["https://api-free.deepl.com", "https://api.deepl.com"]
