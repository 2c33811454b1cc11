"""The echo backend answers without a model, the same each time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from taco.chain.formats import find_template, list_formats
from taco.chain.parse import parse_chain
from taco.generate.backend import Generation, Limits, Prompt, Refusal, Setup
from taco.generate.echo import EchoBackend
from taco.generate.options import EchoOptions
from taco.generate.sections import measure_sections
from taco.languages.table import find_language
from taco.model.options import ModelOptions
from taco.progress import SilentProgress

GALICIAN = find_language("gl")
LIMITS = Limits(max_new_tokens=200, loop_guard=True)


@pytest.fixture
def echo(tmp_path: Path) -> EchoBackend:
    setup = Setup(model=ModelOptions(), adapter=None, cache=tmp_path, progress=SilentProgress())
    return EchoBackend(EchoOptions(seconds_per_token=0.25), setup=setup)


def answer(echo: EchoBackend, ask: Callable, texts: list[str], arm: str, limits: Limits = LIMITS) -> list:
    return list(echo.generate(ask(texts), arm=arm, limits=limits, on_tokens=lambda count: None))


def test_the_tuned_arm_answers_with_a_complete_chain(echo: EchoBackend, ask: Callable) -> None:
    (found,) = answer(echo, ask, ["Nomea unha cor.\n\n- azul\n- Response in English: verde"], "tuned")
    parsed = parse_chain(found.text, template="taco", language=GALICIAN, finish=found.finish)
    assert parsed.state == "complete"
    assert parsed.response == "Nomea unha cor.\n\n- azul\n- Response in English: verde"


@pytest.mark.parametrize("text", ["uno dous  tres\n", " catro", "", "   "])
def test_the_base_arm_says_the_prompt(echo: EchoBackend, ask: Callable, text: str) -> None:
    (found,) = answer(echo, ask, [text], "base")
    assert (found.text, found.finish) == (text, "stop")
    assert list(found.token_ends) == sorted(found.token_ends)
    assert found.token_ends[-1] == len(text)
    assert set(found.token_seconds) == {0.25}


def test_the_limit_counts_the_end_token(echo: EchoBackend, ask: Callable) -> None:
    limits = Limits(max_new_tokens=3, loop_guard=True)
    short, exact = answer(echo, ask, ["a b", "a b c"], "base", limits)
    assert (short.text, short.finish, len(short.token_ends)) == ("a b", "stop", 3)
    assert (exact.text, exact.finish, len(exact.token_ends)) == ("a b c", "length", 3)


def test_a_text_that_the_template_cannot_hold_is_refused(echo: EchoBackend, ask: Callable) -> None:
    import dataclasses

    (prompt,) = ask(["one.\n" + " " * 24 + "Response in English: two"])
    prompt = dataclasses.replace(prompt, template="taco-paper")
    (found,) = echo.generate([prompt], arm="tuned", limits=LIMITS, on_tokens=lambda count: None)
    assert isinstance(found, Refusal)
    assert found.reason == "label-in-text"


def test_tokens_are_reported_as_they_are_made(echo: EchoBackend, ask: Callable) -> None:
    made: list[int] = []
    found = list(echo.generate(ask(["a b", "c"]), arm="base", limits=LIMITS, on_tokens=made.append))
    assert sum(made) == sum(len(one.token_ends) for one in found if isinstance(one, Generation)) == 5


@pytest.mark.parametrize("template", [one.name for known in list_formats().values() for one in known.templates])
def test_the_tuned_arm_answers_in_every_format(echo: EchoBackend, template: str) -> None:
    prompt = Prompt(id="0", system="", text="Que é o ceo?", template=template, language=GALICIAN)
    (found,) = echo.generate([prompt], arm="tuned", limits=LIMITS, on_tokens=lambda count: None)
    parsed = parse_chain(found.text, template=template, language=GALICIAN, finish=found.finish)
    assert parsed.state == "complete"
    names = find_template(template).section_names
    counted = {use.name: use.tokens for use in measure_sections(found, parsed.spans)}
    assert set(counted) == {*names, "other"}
    assert all(counted[name] >= 4 for name in names)
    assert sum(counted.values()) == len(found.token_ends)
