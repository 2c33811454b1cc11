"""The chain guard behind the server: repaired answers, repairs told, and no English where only the target is wanted."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from served_runs import Running, make_run, start_server

from taco.chain.formats import find_template
from taco.generate.guarded_session import GuardedSession
from taco.generate.scripted import Line, ScriptedSession
from taco.languages.table import find_language
from taco.records import Repair, undo_repairs
from taco.serve.answer import ANSWER, AnswerReader
from taco.serve.options import ServeOptions

GALICIAN = find_language("gl")
ONE, TWO, THREE = find_template("taco").separators(GALICIAN)
HIDDEN = ("Sekret question?", "Sekret answer, quite long: it says what nobody is to read.", "Sekret")
TARGET = "A resposta en galego, coa que calquera lector pode quedar satisfeito sen saber nada de inglés ningún."
HEAD = f"{ONE}{HIDDEN[0]}{TWO}{HIDDEN[1]}"
SCRIPT = {
    "good": [Line(f"{HEAD}{THREE}{TARGET}")],
    "heading": [Line(HEAD), Line(TARGET)],
    "loop": [Line(f"{HEAD} " + "Sekret over and over " * 30, "loop"), Line(f"again.{THREE}{TARGET}")],
    "language": [Line(f"{HEAD}{THREE}{(HIDDEN[1] + ' ') * 4}"), Line(TARGET)],
    "unlabelled": [Line(HIDDEN[1])],
}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    run = make_run(tmp_path_factory.mktemp("runs") / "demo-gl", "gl")
    script = {name: [*lines, *lines] for name, lines in SCRIPT.items()}  # each may be asked more than once
    session = GuardedSession(Endless(script))
    with start_server([run], ServeOptions(port=0), session=session) as running:
        yield running


class Endless(ScriptedSession):
    """Begins a question's script anew with each answer that has no prefix."""

    def join(self, ask: Any) -> Any:
        question = ask.turns[-1][1]
        self._said[question] = 1 if ask.prefix else 0
        return super().join(ask)


def ask(running: Running, question: str, **more: Any) -> str:
    body = {"model": "auto", "messages": [{"role": "user", "content": question}], **more}
    reply = running.http.post("/v1/chat/completions", json=body)
    assert reply.status_code == 200, reply.text
    return reply.text


@pytest.mark.parametrize("question", SCRIPT)
@pytest.mark.parametrize("is_stream", [False, True])
def test_hidden_english_is_nowhere_in_the_reply(guarded: Running, question: str, is_stream: bool) -> None:
    said = ask(guarded, question, stream=is_stream, taco={"chain": "none"}, stream_options={"include_usage": True})
    assert "Sekret" not in said
    assert "Response in" not in said


@pytest.mark.parametrize("question", ["good", "heading", "loop", "language"])
def test_a_repaired_answer_is_the_target_text_and_says_what_was_done(guarded: Running, question: str) -> None:
    reply = json.loads(ask(guarded, question))
    assert reply["choices"][0]["message"]["content"] == TARGET
    assert reply["taco"]["state"] == "complete"
    assert [one["kind"] for one in reply["taco"]["repairs"]] == ([] if question == "good" else [question])
    usage = reply["usage"]
    assert sum(usage["taco_sections"].values()) == usage["completion_tokens"]
    whole = json.loads(ask(guarded, question, taco={"chain": "inline"}))
    text = whole["choices"][0]["message"]["content"]
    repairs = [Repair(**{**one, "seconds": 0.0}) for one in whole["taco"]["repairs"]]
    assert SCRIPT[question][0].text.startswith(undo_repairs(text, repairs))


def test_tokens_count_where_they_stand_although_text_is_held_back(guarded: Running) -> None:
    usage = json.loads(ask(guarded, "good"))["usage"]
    english = [len(text.split()) for text in HIDDEN[:2]]
    sections = usage["taco_sections"]
    assert [sections["instruction_en"], sections["response_en"]] == english
    assert sections["response"] == len(TARGET.split())
    assert sections["other"] == 3 * 3 + 1  # three labels of three words, and the end token


def test_a_request_can_do_without_the_guard(guarded: Running) -> None:
    reply = json.loads(ask(guarded, "heading", taco={"guard": False}))
    assert (reply["choices"][0]["message"]["content"], reply["taco"]["state"]) == ("", "missing-response")
    assert reply["taco"]["repairs"] == []


def test_repairs_are_counted(guarded: Running) -> None:
    ask(guarded, "heading")
    figures = guarded.http.get("/metrics").text
    assert 'taco_repairs_total{kind="heading",model="demo-gl",outcome="continued"}' in figures


@given(name=st.sampled_from(sorted(SCRIPT)), seed=st.integers(0, 2**16), pieces=st.integers(1, 60))
@settings(deadline=None, max_examples=60)
def test_hidden_english_never_comes_out_however_the_text_is_cut(name: str, seed: int, pieces: int) -> None:
    chance = random.Random(seed)

    def cut(text: str) -> list[str]:
        places = sorted({0, len(text), *(chance.randrange(len(text) + 1) for _ in range(pieces))})
        return [text[start:end] for start, end in itertools.pairwise(places)]

    from taco.generate.backend import Limits
    from taco.generate.guard_options import GuardOptions
    from taco.generate.session import Ask

    session = GuardedSession(ScriptedSession(SCRIPT, cut=cut))
    limits = Limits(max_new_tokens=2000, loop_guard=True)
    asked = Ask(
        id="1",
        adapter="a",
        turns=[("user", name)],
        template="taco",
        language=GALICIAN,
        limits=limits,
        guard=GuardOptions(),
    )
    assert isinstance(session.join(asked), int)
    reader = AnswerReader("taco", GALICIAN, "none")
    shown = []
    while not reader.finish:
        for piece in session.step():
            shown += reader.take(piece.text)
            if piece.finish:
                shown += reader.end(piece.finish)
    assert {delta.section for delta in shown} <= {ANSWER}
    text = "".join(delta.text for delta in shown)
    assert "Sekret" not in text
    assert text == reader.content
    if name in ("good", "heading"):
        assert text == TARGET


def test_the_terminal_says_that_an_answer_was_repaired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import io

    from taco.serve.served import read_served
    from taco.serve.terminal import Terminal

    run = read_served(make_run(tmp_path / "demo-gl", "gl"))
    monkeypatch.setattr("sys.stdin", io.StringIO("heading\n"))
    session = GuardedSession(ScriptedSession(SCRIPT))
    Terminal(run, session, max_tokens=512, folder=tmp_path / "feedback", shows_chain=False).talk()
    told = capsys.readouterr()
    assert told.out.strip() == TARGET
    assert "Repaired while it was written: heading." in told.err
    assert "not complete" not in told.err
