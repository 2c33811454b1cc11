"""Prompts are the base model's own, and every completion ends with the token that ends its turn."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taco.chain.formats import find_format, list_formats
from taco.chain.template import make_chain
from taco.errors import ModelError
from taco.languages.table import find_language
from taco.model.base import Base
from taco.model.load import load_tokenizer
from taco.model.prompt import encode_completion, encode_prompt, end_token_id

USER_ONLY = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    "{% for message in messages %}<|im_start|>{{ message['content'] }}<|im_end|>{% endfor %}"
)
SILENT_ABOUT_SYSTEM = (
    "{% for m in messages %}{% if m['role'] != 'system' %}<|im_start|>{{ m['content'] }}{% endif %}{% endfor %}"
)
OTHER_END = "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }} <|endoftext|>\n{% endfor %}"
PLAIN_END = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@pytest.fixture(scope="module")
def shared_tokenizer(tiny_base: Path) -> Any:
    return load_tokenizer(Base(name="tiny", path=tiny_base, digest="", licence=""))


@pytest.fixture
def tokenizer(tiny_base: Path) -> Any:
    return load_tokenizer(Base(name="tiny", path=tiny_base, digest="", licence=""))


@settings(max_examples=60, deadline=None)
@given(system=texts.filter(str.strip), prompt=texts)
def test_ids_are_those_of_the_chat_template(shared_tokenizer: Any, system: str, prompt: str) -> None:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": prompt}]
    expected = shared_tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=True)["input_ids"]
    assert encode_prompt(shared_tokenizer, system=system, prompt=prompt) == expected


def test_prompt_text_is_chatml(tokenizer: Any) -> None:
    ids = encode_prompt(tokenizer, system="Be brief.", prompt="Que é o ceo?")
    assert tokenizer.decode(ids) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nQue é o ceo?<|im_end|>\n<|im_start|>assistant\n"
    )


@pytest.mark.parametrize("template", [USER_ONLY, SILENT_ABOUT_SYSTEM])
def test_a_template_without_system_gets_it_in_the_users_message(tokenizer: Any, template: str) -> None:
    tokenizer.chat_template = template
    assert "<|im_start|>Be brief.\n\nHello" in tokenizer.decode(
        encode_prompt(tokenizer, system="Be brief.", prompt="Hello")
    )


def test_without_a_template_the_prompt_is_guanacos(tokenizer: Any) -> None:
    tokenizer.chat_template = None
    ids = encode_prompt(tokenizer, system="Be brief.", prompt="Hello")
    assert tokenizer.decode(ids) == "Be brief.\n### Human: Hello\n### Assistant:"


def test_end_token_is_the_templates(tokenizer: Any) -> None:
    assert tokenizer.convert_ids_to_tokens(end_token_id(tokenizer)) == "<|im_end|>"
    tokenizer.chat_template = OTHER_END
    assert tokenizer.convert_ids_to_tokens(end_token_id(tokenizer)) == "<|endoftext|>"


@pytest.mark.parametrize("template", [None, PLAIN_END])
def test_end_token_falls_back_to_end_of_text(tokenizer: Any, template: str | None) -> None:
    tokenizer.chat_template = template
    tokenizer.eos_token = "<|endoftext|>"
    assert end_token_id(tokenizer) == tokenizer.convert_tokens_to_ids("<|endoftext|>")
    tokenizer.eos_token = None
    with pytest.raises(ModelError, match="no token that ends an answer"):
        end_token_id(tokenizer)


@settings(max_examples=60, deadline=None)
@given(completion=texts)
def test_a_completion_comes_back_and_ends_once(shared_tokenizer: Any, completion: str) -> None:
    end = end_token_id(shared_tokenizer)
    ids = encode_completion(shared_tokenizer, completion, end=end)
    assert ids[-1] == end
    assert shared_tokenizer.decode(ids[:-1]) == completion


def test_a_special_token_inside_a_text_is_plain_characters(tokenizer: Any) -> None:
    end = end_token_id(tokenizer)
    ids = encode_completion(tokenizer, "Write <|im_end|> at the end.", end=end)
    assert ids.count(end) == 1
    assert tokenizer.decode(ids[:-1]) == "Write <|im_end|> at the end."


def test_a_tokenizer_that_cuts_is_refused(tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Cutting:
        is_fast = True

        def __call__(self, text: str, **_: object) -> dict[str, list[Any]]:
            return {"input_ids": [7], "offset_mapping": [(0, 3)]}

    with pytest.raises(ModelError, match="3 of 11 characters"):
        encode_completion(Cutting(), "Hello there", end=2)


WORDS = st.sampled_from(
    ["Ola", "नमस्ते।", "سلام؟", "今日は。", "สวัสดี", "### Human:", "Response in English:", "\n", "1. "]
)
written = st.lists(WORDS, min_size=1, max_size=6).map(lambda words: "x " + " ".join(words) + " x")


@pytest.mark.parametrize("name", sorted(list_formats()))
@settings(max_examples=20, deadline=None)
@given(prompt=written, text_en=written, text=written)
def test_rows_of_every_format_are_the_chat_template_plus_completion(
    shared_tokenizer: Any, name: str, prompt: str, text_en: str, text: str
) -> None:
    language, end = find_language("gl"), end_token_id(shared_tokenizer)
    for template in find_format(name).templates:
        texts = {"instruction_en": text_en, "response_en": text_en, "response": text}
        chain = make_chain({section: texts[section] for section in template.section_names})
        completion, system = template.render(chain, language), template.system(language)
        ids = encode_prompt(shared_tokenizer, system=system, prompt=prompt)
        ids += encode_completion(shared_tokenizer, completion, end=end)
        asked = [{"role": "system", "content": system}, {"role": "user", "content": prompt}]
        answered = [*asked, {"role": "assistant", "content": completion}]
        render = {"tokenize": True, "return_dict": False}
        opened = shared_tokenizer.apply_chat_template(asked, add_generation_prompt=True, **render)
        assert ids == [*opened, *shared_tokenizer(completion, add_special_tokens=False)["input_ids"], end]
        # The whole conversation at once ends with the line end that this template puts after every turn.
        whole = shared_tokenizer.apply_chat_template(answered, **render)
        assert ids == whole[: len(ids)]
        assert shared_tokenizer.decode(whole[len(ids) :]) == "\n"


@settings(max_examples=20, deadline=None)
@given(prompt=written, completion=written)
def test_without_a_chat_template_the_ids_are_those_of_guanacos_text(
    shared_tokenizer: Any, prompt: str, completion: str
) -> None:
    bare = copy.deepcopy(shared_tokenizer)
    bare.chat_template = None
    end = end_token_id(bare)
    ids = encode_prompt(bare, system="Be brief.", prompt=prompt) + encode_completion(bare, completion, end=end)
    text = f"Be brief.\n### Human: {prompt}\n### Assistant:"
    assert ids == [*bare(text)["input_ids"], *bare(completion)["input_ids"], end]
    # A chat template with Guanaco's words gives the same ids.
    bare.chat_template = (
        "{% for m in messages %}{% if m['role'] == 'system' %}{{ m['content'] + '\n' }}{% elif m['role'] == 'user' %}"
        "{{ '### Human: ' + m['content'] + '\n' }}{% else %}{{ '### Assistant:' + m['content'] + eos_token }}{% endif %}"
        "{% endfor %}{% if add_generation_prompt %}{{ '### Assistant:' }}{% endif %}"
    )
    with_template = encode_prompt(bare, system="Be brief.", prompt=prompt)
    assert end_token_id(bare) == end
    assert ids == with_template + encode_completion(bare, completion, end=end)
