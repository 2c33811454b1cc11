"""Conversations are put into the base model's own form, as transformers itself would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from taco.errors import ModelError
from taco.model.base import Base
from taco.model.load import load_tokenizer
from taco.model.prompt import encode_prompt, encode_turns

TURNS = [("user", "Ola"), ("assistant", "Boas!"), ("user", "Que é o ceo?")]


@pytest.fixture
def tokenizer(tiny_base: Path) -> Any:
    return load_tokenizer(Base(name="tiny", path=tiny_base, digest="", licence=""))


def test_one_turn_is_a_prompt(tokenizer: Any) -> None:
    assert encode_turns(tokenizer, system="Be brief.", turns=TURNS[:1]) == encode_prompt(
        tokenizer, system="Be brief.", prompt="Ola"
    )


def test_several_turns_are_those_of_the_chat_template(tokenizer: Any) -> None:
    messages = [{"role": "system", "content": "Be brief."}, *({"role": role, "content": text} for role, text in TURNS)]
    expected = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=True)["input_ids"]
    assert encode_turns(tokenizer, system="Be brief.", turns=TURNS) == expected


def test_without_a_template_turns_are_guanacos(tokenizer: Any) -> None:
    tokenizer.chat_template = None
    text = tokenizer.decode(encode_turns(tokenizer, system="", turns=TURNS))
    assert text.endswith("### Human: Ola\n### Assistant: Boas!\n### Human: Que é o ceo?\n### Assistant:")


def test_a_template_that_refuses_turns_says_so(tokenizer: Any) -> None:
    tokenizer.chat_template = "{% if messages | length > 1 %}{{ raise_exception('one only') }}{% endif %}a"
    with pytest.raises(ModelError, match="refuses a message of the roles"):
        encode_turns(tokenizer, system="", turns=TURNS)
