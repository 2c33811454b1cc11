"""Going on from a prefix: every backend and session goes on alike, and gives what it added alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch", reason="needs the extra [train]")

from taco.chain.formats import find_template
from taco.chain.parse import find_over
from taco.generate.backend import BACKENDS, Generation, Limits, Prompt, Setup
from taco.generate.detokenise import TextStream, decode_after, decode_text
from taco.generate.options import TransformersOptions
from taco.generate.session import Ask, SessionSetup
from taco.generate.transformers_session import TransformersSession
from taco.languages.table import find_language
from taco.model.base import Base
from taco.model.load import load_tokenizer
from taco.model.options import ModelOptions
from taco.model.prompt import encode_completion, encode_prefix
from taco.progress import SilentProgress

GALICIAN = find_language("gl")
PREFIXES = ("", "Response in Galician:\n", "Response in Galician:\nO ceo é azul e", "a <|im_end|> b")
LIMITS = Limits(max_new_tokens=40, loop_guard=True, lead_outs=1)

MakePrompts = Callable[[Sequence[str]], list[Prompt]]


def generate(
    name: str, base: Path, adapter: Path, cache: Path, prompts: Sequence[Prompt], limits: Limits, **options: Any
) -> dict[str, Generation]:
    setup = Setup(
        model=ModelOptions(base=str(base), threads=1), adapter=adapter, cache=cache, progress=SilentProgress()
    )
    backend = BACKENDS.load_implementation(name)(BACKENDS.load_options(name)(**options), setup=setup)
    try:
        made = list(backend.generate(prompts, arm="tuned", limits=limits, on_tokens=lambda tokens: None))
    finally:
        backend.close()
    assert all(isinstance(one, Generation) for one in made)
    return {one.id: one for one in made}


def make_prompts(ask: MakePrompts) -> list[Prompt]:
    prompts = ask(["O ceo é azul"] * len(PREFIXES))
    return [replace(prompt, prefix=prefix) for prompt, prefix in zip(prompts, PREFIXES, strict=True)]


@pytest.fixture(scope="module")
def tokenizer(tiny_base: Path) -> Any:
    return load_tokenizer(Base(name="tiny", path=tiny_base, digest="", licence=""))


@pytest.mark.parametrize("penalty", [1.0, 1.5])
def test_a_session_goes_on_as_the_backend_does(
    tiny_base: Path, tiny_adapter: Path, tmp_path: Path, ask: MakePrompts, penalty: float
) -> None:
    prompts, limits = make_prompts(ask), replace(LIMITS, penalty=penalty)
    made = generate("transformers", tiny_base, tiny_adapter, tmp_path, prompts, limits)
    assert len({one.text for one in made.values()}) > 1  # the prefix makes a difference
    for prompt in prompts:
        assert made[prompt.id].token_ends[-1] == len(made[prompt.id].text)
    setup = SessionSetup(
        model=ModelOptions(base=str(tiny_base)),
        adapters={"a": tiny_adapter},
        cache=tmp_path,
        progress=SilentProgress(),
    )
    session = TransformersSession(TransformersOptions(), setup=setup)
    texts = dict.fromkeys(made, "")
    left = set(texts)
    for prompt in prompts:
        joined = session.join(
            Ask(
                id=prompt.id,
                adapter="a",
                system=prompt.system,
                turns=[("user", prompt.text)],
                template=prompt.template,
                language=prompt.language,
                prefix=prompt.prefix,
                limits=limits,
            )
        )
        assert isinstance(joined, int)
    while left:
        for piece in session.step():
            texts[piece.id] += piece.text
            left -= {piece.id} if piece.finish else set()
    assert texts == {key: one.text for key, one in made.items()}


def test_a_penalty_changes_what_comes_and_ends_repeats(
    tiny_base: Path, tiny_adapter: Path, tmp_path: Path, ask: MakePrompts
) -> None:
    plain, penalised = (
        generate("transformers", tiny_base, tiny_adapter, tmp_path, ask(["Hello"]), replace(LIMITS, penalty=penalty))
        for penalty in (1.0, 1e6)
    )
    assert plain["0"].text != penalised["0"].text


def test_ctranslate2_goes_on_as_transformers_does(
    tiny_base: Path, tiny_adapter: Path, tmp_path: Path, ask: MakePrompts
) -> None:
    pytest.importorskip("ctranslate2", reason="needs the extra [ctranslate2]")
    prompts = make_prompts(ask)
    wanted = generate("transformers", tiny_base, tiny_adapter, tmp_path, prompts, LIMITS)
    found = generate("ctranslate2", tiny_base, tiny_adapter, tmp_path, prompts, LIMITS, weights="float32")
    assert {key: one.text for key, one in found.items()} == {key: one.text for key, one in wanted.items()}
    penalised = generate(
        "ctranslate2", tiny_base, tiny_adapter, tmp_path, prompts, replace(LIMITS, penalty=1.5), weights="float32"
    )
    assert all(one.text for one in penalised.values())


@pytest.mark.slow
def test_llama_cpp_goes_on_as_transformers_does(
    spm_base: Path, spm_adapter: Path, tmp_path: Path, ask: MakePrompts
) -> None:
    pytest.importorskip("xllamacpp", reason="needs the extra [llamacpp]")
    prompts = make_prompts(ask)[:3]
    options = {"weights": "f32", "context": 512}
    wanted = generate("transformers", spm_base, spm_adapter, tmp_path, prompts, LIMITS)
    found = generate("llamacpp", spm_base, spm_adapter, tmp_path, prompts, LIMITS, **options)
    assert {key: one.text for key, one in found.items()} == {key: one.text for key, one in wanted.items()}
    penalised = generate("llamacpp", spm_base, spm_adapter, tmp_path, prompts, replace(LIMITS, penalty=1e6), **options)
    assert {key: one.text for key, one in penalised.items()} != {key: one.text for key, one in found.items()}


def test_a_prefix_is_encoded_as_a_completion_begins(tokenizer: Any) -> None:
    prefix, rest = "Response in Galician:\n", "Ola, que tal?"
    whole = encode_completion(tokenizer, prefix + rest, end=0)
    ids = encode_prefix(tokenizer, prefix)
    assert whole[: len(ids)] == ids
    assert encode_prefix(tokenizer, "") == []
    assert not set(encode_prefix(tokenizer, "<|im_end|>")) & set(tokenizer.all_special_ids)


@given(before=st.text(max_size=20), text=st.text(max_size=20))
@settings(deadline=None, max_examples=60)
def test_text_behind_a_prefix_is_what_the_whole_has_there(tokenizer: Any, before: str, text: str) -> None:
    first, then = (encode_prefix(tokenizer, one) for one in (before, text))
    found, ends = decode_after(tokenizer, first, then)
    assert found == text
    assert len(ends) == len(then)
    assert not then or ends[-1] == len(text)
    stream = TextStream(tokenizer, first)
    assert "".join([*(stream.push(token) for token in then), stream.flush()]) == text


def test_a_space_that_a_tokenizer_writes_into_words_is_kept(spm_base: Path) -> None:
    tokenizer = load_tokenizer(Base(name="spm", path=spm_base, digest="", licence=""))
    ids = encode_prefix(tokenizer, "O ceo é azul")
    for count in range(1, len(ids)):
        found, _ = decode_after(tokenizer, ids[:count], ids[count:])
        assert decode_text(tokenizer, ids[:count]) + found == "O ceo é azul"
        stream = TextStream(tokenizer, ids[:count])
        assert "".join([*map(stream.push, ids[count:]), stream.flush()]) == found


def test_an_answer_ends_at_the_label_it_was_asked_up_to() -> None:
    labels = find_template("taco").labels(GALICIAN)
    text = "".join(f"{label}\na\n\n" for label in labels)
    found = {
        name: find_over(text, template="taco", language=GALICIAN, until=name)
        for name in ("instruction_en", "response_en", "response")
    }
    assert found == {name: text.index(label) for name, label in zip(found, labels, strict=True)}
    after = text.index(labels[2])
    assert find_over(text, template="taco", language=GALICIAN, after=after, until="response_en") is None
    assert find_over(text + labels[0], template="taco", language=GALICIAN, after=after) == len(text)
