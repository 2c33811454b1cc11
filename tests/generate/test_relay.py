"""Steps 1 and 3 by an engine: whatever the mode, a chain comes out, and it is known who wrote what."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taco.chain.formats import find_template, list_formats
from taco.chain.parse import parse_chain
from taco.errors import RecipeError
from taco.generate.backend import Generation, Limits, Prompt, Refusal, Setup
from taco.generate.echo import EchoBackend
from taco.generate.modes import ASKS_ENGLISH, SAYS_TARGET, check_mode
from taco.generate.options import EchoOptions, GenerateOptions, Mode, RelayOptions
from taco.generate.relay import Asked, Relay, render_given
from taco.generate.run import run_generate
from taco.languages.table import find_language
from taco.model.options import ModelOptions
from taco.progress import SilentProgress
from taco.recipe.schema import Recipe
from taco.records import ARMS, Answer, Drop, Example, StageCount
from taco.store.jsonl import read_records, write_records
from taco.translate.options import TranslateOptions
from taco.translate.run import Means, Payer
from taco.translate.texts import TextTranslation, translate_texts

GALICIAN = find_language("gl")
MODES: tuple[Mode, ...] = ("chain", "engine-question", "engine-answer", "engine-both")
RELAY = RelayOptions(
    question_engine="echo",
    question_options={"prefix": "en"},
    answer_engine="echo",
    answer_options={"prefix": "gl"},
)


def make_means(memory: Path) -> Means:
    translate = TranslateOptions(engine="echo")
    return Means(translate=translate, memory=memory, payer=Payer(run="r", account="a"))


def run(chain: Path, out: Path, mode: Mode, **options: Any) -> StageCount:
    out.mkdir(exist_ok=True)
    return run_generate(
        GenerateOptions(backend="echo", mode=mode, relay=RELAY, **options),
        model=ModelOptions(),
        chain=chain,
        adapter=out / "adapter",
        out=out,
        cache=out.parent / "cache",
        language=GALICIAN,
        progress=SilentProgress(),
        means=make_means(out.parent / "memory.sqlite"),
    )


def read(out: Path, arm: str) -> list[Answer]:
    return list(read_records(out / f"{arm}.jsonl", Answer))


def strip_parts(answer: Answer) -> str:
    """Return what the model wrote."""
    text = answer.text
    for part in reversed(answer.engine_parts):
        text = text[: part.start] + text[part.end :]
    return text


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_gives_whole_chains_of_the_tuned_arm(chain_folder: Path, tmp_path: Path, mode: Mode) -> None:
    count = run(chain_folder, tmp_path / "out", mode)
    assert count.is_balanced()
    for answer in read(tmp_path / "out", "tuned"):
        parsed = parse_chain(answer.text, template="taco", language=GALICIAN, finish=answer.finish)
        assert answer.state == parsed.state == "complete"
        if answer.prompt == "O ceo é azul":
            assert parsed.instruction_en == ("enO enceo ené enazul" if mode in ASKS_ENGLISH else answer.prompt)
        assert len(answer.engine_parts) == (mode in ASKS_ENGLISH) + (mode in SAYS_TARGET)
        assert answer.tokens == sum(use.tokens for use in answer.sections)
        spent = {use.name: use.tokens for use in answer.sections}
        assert (spent.get("response", 0) > 0) == (mode not in SAYS_TARGET)
        assert (spent.get("instruction_en", 0) > 0) == (mode not in ASKS_ENGLISH)


def test_the_base_arm_of_both_is_a_plain_cascade(chain_folder: Path, tmp_path: Path) -> None:
    run(chain_folder, tmp_path / "out", "engine-both")
    (answer,) = [one for one in read(tmp_path / "out", "base") if one.prompt == "O ceo é azul"]
    parsed = parse_chain(answer.text, template="taco", language=GALICIAN)
    assert parsed.instruction_en == "enO enceo ené enazul"
    assert parsed.response_en == "enO enceo ené enazul"  # the echo was asked in English
    assert parsed.response.endswith("glenceo glené glenazul")
    assert strip_parts(answer) == "enO enceo ené enazul"


def test_code_goes_through_the_engines_as_it_is(chain_folder: Path, tmp_path: Path) -> None:
    path = chain_folder / "heldout.jsonl"
    code = "Explica isto:\n\n```python\nprint('hello')\n```\n\n- un\n- dous"
    rows = [dataclasses.replace(one, prompt=code) for one in read_records(path, Example)][:1]
    write_records(path, rows)
    run(chain_folder, tmp_path / "out", "engine-both")
    for arm in ARMS:
        (answer,) = read(tmp_path / "out", arm)
        assert answer.text.count("```python\nprint('hello')\n```") == 3
        assert "\n- gl" in answer.text


def test_a_killed_run_goes_on_and_completes_each_answer_once(chain_folder: Path, tmp_path: Path) -> None:
    run(chain_folder, tmp_path / "whole", "engine-both")
    whole = {name: (tmp_path / "whole" / name).read_bytes() for name in ("base.jsonl", "tuned.jsonl")}
    out = tmp_path / "out"
    run(chain_folder, out, "engine-both")
    for name, content in whole.items():
        for cut in range(0, len(content), 997):
            (out / name).write_bytes(content[:cut])
            run(chain_folder, out, "engine-both")
            assert (out / name).read_bytes() == content


def test_a_question_that_the_engine_refuses_is_dropped_and_counted() -> None:
    relay = Relay(
        mode="engine-question",
        to_english=lambda texts: {text: TextTranslation(fault="lost-slot") for text in texts},
        to_target=lambda texts: {},
    )
    prompt = Prompt(id="1", system="s", text="t", template="taco", language=GALICIAN)
    (refusal,) = relay.prepare([prompt], arm="tuned")
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "question-not-translated"
    assert "lost-slot" in refusal.detail


def test_an_answer_that_the_engine_refuses_stays_without_a_target_section() -> None:
    def refuse(texts: Sequence[str]) -> dict[str, TextTranslation]:
        return {text: TextTranslation(fault="lost-slot") for text in texts}

    relay = Relay(mode="engine-answer", to_english=refuse, to_target=refuse)
    text = "Instruction in English:\na\n\nResponse in English:\nb"
    answer = Answer(
        id="1", arm="tuned", prompt="p", text=text, finish="label", state="missing-response", tokens=1, seconds=0.0
    )
    assert relay.complete([answer], template={"1": "taco"}, language=GALICIAN) == [answer]


def test_a_dropped_question_reaches_the_files(
    chain_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(texts: Sequence[str], job: Any, *, progress: Any) -> dict[str, TextTranslation]:
        found = translate_texts(texts, job, progress=progress)
        return {text: TextTranslation(fault="no") if text == "Hello" else one for text, one in found.items()}

    monkeypatch.setattr("taco.generate.relay.translate_texts", refuse)
    count = run(chain_folder, tmp_path / "out", "engine-question")
    assert count.dropped == {"question-not-translated": 2}
    assert count.is_balanced()
    assert len(list(read_records(tmp_path / "out" / "dropped.jsonl", Drop))) == 2


@given(text=st.text(max_size=80), mode=st.sampled_from(MODES), arm=st.sampled_from(ARMS))
@settings(deadline=None, max_examples=60)
def test_what_the_model_wrote_is_never_lost(text: str, mode: Mode, arm: str) -> None:
    text = text.replace("\r", "")
    backend = EchoBackend(
        EchoOptions(),
        setup=Setup(model=ModelOptions(), adapter=None, cache=Path(), progress=SilentProgress()),
    )
    relay = Relay(
        mode=mode,
        to_english=lambda texts: {one: TextTranslation(text=f"E {one}", engine="e") for one in texts},
        to_target=lambda texts: {one: TextTranslation(text=f"T {one}", engine="t") for one in texts},
    )
    prompt = Prompt(id="1", system="", text=text, template="taco", language=GALICIAN)
    (asked,) = relay.prepare([prompt], arm=arm)
    assert isinstance(asked, Asked)
    limits = Limits(max_new_tokens=500, loop_guard=True)
    (made,) = backend.generate([asked.prompt], arm=arm, limits=limits, on_tokens=lambda count: None)
    assert isinstance(made, Generation)
    from taco.generate.asking import make_answer

    example = Example(
        id="1",
        language="gl",
        category="",
        template="taco",
        system="",
        prompt=text,
        completion="",
        chain=None,  # type: ignore[arg-type]
    )
    (answer,) = relay.complete([make_answer(made, example, arm, asked)], template={"1": "taco"}, language=GALICIAN)
    assert strip_parts(answer) == made.text


@pytest.mark.parametrize("template", [one.name for known in list_formats().values() for one in known.templates])
@pytest.mark.parametrize("mode", MODES)
def test_modes_that_a_format_has_no_sections_for_are_refused(template: str, mode: Mode) -> None:
    made_by = find_template(template)
    fits = mode == "chain" or (
        made_by.prompt == "instruction"
        and ("instruction_en" in made_by.section_names or mode == "engine-answer")
        and "response_en" in made_by.section_names
    )
    if fits:
        check_mode(mode, made_by)
    else:
        with pytest.raises(RecipeError, match=mode):
            check_mode(mode, made_by)


def test_a_recipe_says_so_before_anything_runs() -> None:
    with pytest.raises(ValueError, match="engine-both"):
        Recipe.model_validate(
            {"name": "a", "language": "gl", "chain": {"template": "direct"}, "generate": {"mode": "engine-both"}}
        )
    with pytest.raises(ValueError, match="question_engine"):
        GenerateOptions.model_validate({"relay": {"question_options": {"prefix": "x"}}})


def test_no_prefix_ends_with_a_space() -> None:
    """Tokenizers write the space into the word that follows."""
    for known in list_formats().values():
        for template in known.templates:
            if len(template.sections) > 1:
                assert not render_given("Why?", template, GALICIAN).endswith(" ")


def test_texts_are_translated_once_and_come_from_the_memory(tmp_path: Path) -> None:
    job = make_means(tmp_path / "memory.sqlite").make_job(target=GALICIAN)
    found = translate_texts(["a b", "a b", "", " ", "c\n\nd"], job, progress=SilentProgress())
    assert {text: one.text for text, one in found.items()} == {"a b": "a b", "": "", " ": "", "c\n\nd": "c\n\nd"}
    assert all(one.engine for text, one in found.items() if text.strip())
    assert translate_texts([], job, progress=SilentProgress()) == {}


def test_the_echo_goes_on_from_a_prefix(ask: Callable[[Sequence[str]], list[Prompt]], tmp_path: Path) -> None:
    setup = Setup(model=ModelOptions(), adapter=None, cache=tmp_path, progress=SilentProgress())
    (prompt,) = ask(["Ola"])
    given = render_given("Hi", find_template("taco"), GALICIAN)
    limits = Limits(max_new_tokens=50, loop_guard=True)
    backend = EchoBackend(EchoOptions(), setup=setup)
    for until, rest in (("", "Ola\n\nResponse in Galician:\nOla"), ("response", "Ola\n\n")):
        asked = dataclasses.replace(prompt, prefix=given, until=until)
        (made,) = backend.generate([asked], arm="tuned", limits=limits, on_tokens=lambda count: None)
        assert isinstance(made, Generation)
        assert (made.text, made.finish) == (rest, "label" if until else "stop")
