"""What is APY's own: marks on unknown words, slots in the stream format, texts that it cuts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from protocols import PROTOCOLS, quote

from faulty_server import FaultyServer, Reply, Request, reply_json, say
from taco.errors import EngineBusy, EngineError
from taco.languages.table import find_language
from taco.translate.engine import ENGINES, Engine, open_engine
from taco.translate.slots import make_slot

APY = PROTOCOLS["apertium-apy"]
WORD, FORMAT = make_slot(0, is_word=True), make_slot(1, is_word=False)


def answer_as_sent(request: Request) -> Reply:
    if request.path == "/listPairs":
        return APY.answer(request)
    return Reply(request.form["q"].encode())


def open_to(server: FaultyServer, target: str, source: str = "en") -> Engine:
    options = ENGINES.load_options("apertium-apy")(url=server.url)
    return open_engine("apertium-apy", options, source=find_language(source), target=find_language(target))


def test_unknown_words_are_counted_and_their_marks_taken_away() -> None:
    with FaultyServer(APY.answer) as server, APY.open(server) as engine:
        (answer,) = engine.translate(["The zblorg has a *zblorg and a 5*4*3 star*."])
    assert answer.text == quote("The zblorg has a *zblorg and a 5*4*3 star*.")
    assert (answer.words, answer.unknown_words) == (8, 2)


def test_slots_come_back_and_are_no_unknown_words() -> None:
    text = f"Run {WORD} in {FORMAT}the{FORMAT} house."
    with FaultyServer(APY.answer) as server, APY.open(server) as engine:
        assert engine.keeps_slots
        (answer,) = engine.translate([text])
        assert "Run Qxza in [sf8001]the[sf8001] house." in server.requests[-1].form["q"]
    assert (answer.text, answer.unknown_words) == (quote(text), 0)


line = st.text(st.characters(exclude_categories=["Cs", "Co", "Cc", "Zl", "Zp"]), max_size=200)


@settings(max_examples=40, deadline=None)
@given(st.lists(line, min_size=1, max_size=3))
def test_a_form_carries_every_text(texts: list[str]) -> None:
    with FaultyServer(answer_as_sent) as server, APY.open(server) as engine:
        engine.translate(texts)
        from taco.translate.apertium.stream import encode_text

        asked = [request.form["q"] for request in server.requests[1:]]
    assert asked == [encode_text(text, number) for number, text in enumerate(texts)]


def test_an_answer_to_another_text_is_refused() -> None:
    with FaultyServer(APY.answer) as server, APY.open(server) as engine:
        server.faults.extend([say(Reply(b"Un.[e0]")), say(Reply(b"Outra vez un.[e0]")), say(Reply(b"Tres.[e2]"))])
        first, second, third = engine.translate(["One.", "Two.", "Three."])
    assert (first.text, third.text) == ("Un", "Tres")
    assert second.refusal == "the end of text 1 is missing"


def test_a_text_that_apy_would_cut_is_refused_without_a_call() -> None:
    with FaultyServer(APY.answer) as server, APY.open(server) as engine:
        assert engine.limits.characters_per_text == 4_000
        (answer,) = engine.translate(["[x] " * 1_000])
        assert len(server.requests) == 1
    assert "characters of APY" in answer.refusal


@pytest.mark.parametrize(
    ("source", "target", "pairs", "found"),
    [
        ("en", "eo", [("en", "eo")], "en-eo"),
        ("en", "gl", [("eng", "spa"), ("eng", "glg")], "eng-glg"),
        ("nn", "nb", [("nno", "nob")], "nno-nob"),
        ("en", "ca", [("eng", "cat_valencia"), ("eng", "cat")], "eng-cat"),
    ],
)
def test_pairs_have_two_or_three_letters(source: str, target: str, pairs: list[tuple[str, str]], found: str) -> None:
    listed = [{"sourceLanguage": first, "targetLanguage": second} for first, second in pairs]
    with FaultyServer(say(reply_json({"responseData": listed}))) as server, open_to(server, target, source) as engine:
        assert f" {found} " in engine.signature


def test_a_pair_that_the_server_lacks_is_refused_with_those_that_it_has() -> None:
    with FaultyServer(APY.answer) as server, pytest.raises(EngineError) as caught:
        open_to(server, "gl")
    assert "it offers eng-cat_valencia, eng-spa, spa-ast" in caught.value.message


@pytest.mark.parametrize("reply", [reply_json({}), reply_json([]), reply_json({"responseData": [1]}), Reply(b"<html>")])
def test_what_is_no_list_of_pairs_is_said_so(reply: Reply) -> None:
    with FaultyServer(say(reply)) as server, pytest.raises(EngineBusy):
        open_to(server, "es")


def test_a_stuck_pipeline_is_busy() -> None:
    reply = reply_json(
        {"status": "error", "code": 503, "message": "Service Unavailable", "explanation": "internal error"}, 503
    )
    with FaultyServer(APY.answer) as server, APY.open(server) as engine:
        server.faults.append(say(reply))
        with pytest.raises(EngineBusy, match="Service Unavailable: internal error"):
            engine.translate(["One."])
