"""A direction of translation outlives programs that die, hang or answer out of turn."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from taco.errors import EngineError
from taco.translate.apertium.hop import Hop, Watchlist
from taco.translate.apertium.stream import Decoded

PROGRAM = """
import os, signal, sys
started = b""
while chunk := os.read(0, 65536):
    *whole, started = (started + chunk).split(b"\\0")
    for text in whole:
        if b"die" in text:
            os.kill(os.getpid(), signal.SIGKILL)
        if b"hang" in text:
            signal.pause()
        if b"twice" in text:
            os.write(1, text + b"\\0")
        if b"nothing" in text:
            text = b""
        os.write(1, text + b"\\0")
"""
FAULTS = {"die": "a program ended", "hang": "no answer within", "nothing": "is missing"}


@pytest.fixture
def hop() -> Iterator[Hop]:
    hop = Hop([[sys.executable, "-I", "-S", "-c", PROGRAM]], timeout_s=1.0, watchlist=Watchlist())
    yield hop
    hop.close()


def texts(answers: list[Decoded | str]) -> list[str]:
    return [answer if isinstance(answer, str) else answer.text for answer in answers]


def test_many_texts_are_answered_in_order(hop: Hop) -> None:
    asked = [f"text number {number}" * 50 for number in range(2000)]
    assert texts(hop.translate(asked)) == asked
    assert hop.translate([]) == []


@pytest.mark.parametrize("word", ["die", "nothing", pytest.param("hang", marks=pytest.mark.slow)])
def test_a_text_that_breaks_the_pipeline_costs_only_itself(hop: Hop, word: str) -> None:
    one, two, three, four, five = hop.translate(["one", "two", f"please {word} now", "four", "five"])
    assert texts([one, two, four, five]) == ["one", "two", "four", "five"]
    assert isinstance(three, str)
    assert FAULTS[word] in three
    assert texts(hop.translate(["six"])) == ["six"]


def test_no_text_gets_the_answer_to_another(hop: Hop) -> None:
    asked = ["one", "say it twice", "three", "say it twice now", "five"]
    for text, answer in zip(asked, texts(hop.translate(asked)), strict=True):
        assert answer == text or ("twice" in text and "answers for 1 texts" in answer)
    assert texts(hop.translate(["six"])) == ["six"]


def test_a_pipeline_that_never_works_is_an_error() -> None:
    hop = Hop([[sys.executable, "-c", "import sys; sys.exit('no dictionary')"]], timeout_s=5.0, watchlist=Watchlist())
    with pytest.raises(EngineError, match="does not work"):
        hop.translate(["one"])
    hop.close()


def test_a_program_that_is_not_there_is_an_error() -> None:
    hop = Hop([["no-such-program"]], timeout_s=5.0, watchlist=Watchlist())
    with pytest.raises(EngineError, match="Cannot start no-such-program"):
        hop.translate(["one"])
