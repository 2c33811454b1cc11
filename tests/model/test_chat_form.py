"""Chat templates that are completed so that they say what taco's own prompts say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taco.model.base import Base
from taco.model.chat_form import complete_chat_template, render_prompt
from taco.model.load import load_tokenizer
from taco.model.prompt import encode_prompt

pytest.importorskip("transformers", reason="needs the extra [train]")

NO_SYSTEM = (
    "{% for message in messages %}{% if message['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
SILENT = NO_SYSTEM.replace("{{ raise_exception('no system') }}{% endif %}", "{% else %}").replace(
    "'<|im_end|>' }}", "'<|im_end|>' }}{% endif %}"
)


@pytest.fixture
def tokenizer(tiny_base: Path) -> Any:
    return load_tokenizer(Base(name="", path=tiny_base, digest="", licence=""))


@pytest.mark.parametrize("template", ["own", None, NO_SYSTEM, SILENT])
def test_the_completed_template_gives_the_ids_of_training(tokenizer: Any, template: str | None) -> None:
    if template != "own":
        tokenizer.chat_template = template
    own = tokenizer.chat_template
    questions = [("", "Ola"), ("Sé breve.", "Que é isto?\n\n- un\n- dous"), ("A", "नेपाल 12345")]
    wanted = [encode_prompt(tokenizer, system=system, prompt=prompt) for system, prompt in questions]
    complete_chat_template(tokenizer)
    texts = [render_prompt(tokenizer, system=system, prompt=prompt) for system, prompt in questions]
    assert [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts] == wanted
    assert (tokenizer.chat_template == own) == (template == "own")


@given(st.text(min_size=1).filter(str.strip), st.text(min_size=1).filter(str.strip))
@settings(max_examples=30, deadline=None)
def test_any_text_comes_through(tiny_base: Path, system: str, prompt: str) -> None:
    tokenizer = load_tokenizer(Base(name="", path=tiny_base, digest="", licence=""))
    complete_chat_template(tokenizer)
    text = render_prompt(tokenizer, system=system, prompt=prompt)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert ids == encode_prompt(tokenizer, system=system, prompt=prompt)
