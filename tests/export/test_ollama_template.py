"""Ollama's template against the chat template, for first and later turns."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from taco.errors import PublishError
from taco.export.ollama import Turn, find_turn, read_prompt, render_modelfile, render_template
from taco.model.base import Base
from taco.model.chat_form import complete_chat_template, render_prompt
from taco.model.load import load_tokenizer

FOLDED = (
    "{% for message in messages %}{% if message['role'] == 'system' %}{{ raise_exception('none') }}{% endif %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
WITH_DEFAULT = (
    "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}{{ '<|im_start|>system\nBe.<|im_end|>\n' }}"
    "{% endif %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
TALK = ("Ola", "Boas.", "Cantos?")


@pytest.fixture
def tokenizer(tiny_base: Path) -> Any:
    return load_tokenizer(Base(name="", path=tiny_base, digest="", licence=""))


def evaluate(template: str, *, system: str, turns: tuple[str, ...]) -> str:
    """Evaluate the two forms of template that taco writes as Ollama does, for questions and answers in turn."""
    head, rest = template.split("{{ end }}", 1)
    with_system, without = head.removeprefix("{{ if .System }}").split("{{ else }}")
    opening = with_system.replace("{{ .System }}", system)
    text = opening if system else without
    if rest.startswith("{{ range .Messages }}"):
        pattern = r'user" }}(.*?){{ \.Content }}(.*?){{ else.*?{{ \.Content }}(.*?){{ end }}'
        before, after, end = re.search(pattern, rest, re.DOTALL).groups()  # type: ignore[union-attr]
        return text + "".join(f"{before}{t}{after}" if n % 2 == 0 else t + end for n, t in enumerate(turns))
    after, end = rest.removeprefix("{{ .Prompt }}").split("{{ .Response }}")
    pieces = [text]
    for number, turn in enumerate(turns):  # each turn is rendered anew, later ones without the system message
        pieces.append((without if number else "") + turn + after if number % 2 == 0 else turn + end)
    return "".join(pieces)


@pytest.mark.parametrize("form", ["own", None, FOLDED, WITH_DEFAULT])
@pytest.mark.parametrize("system", ["", "Sé breve."])
def test_ollama_says_what_the_chat_template_says(tokenizer: Any, form: str | None, system: str) -> None:
    if form != "own":
        tokenizer.chat_template = form
    complete_chat_template(tokenizer)
    template = render_template(find_turn(tokenizer))
    messages = [{"role": "system", "content": system}] if system else []
    messages += [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(TALK)]
    expected = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    assert evaluate(template, system=system, turns=TALK) == expected
    written = render_modelfile(tokenizer, gguf="m.gguf", system="S", max_new_tokens=9, context=2048)
    assert read_prompt(written, system=system, prompt="Ola") == render_prompt(tokenizer, system=system, prompt="Ola")


def test_the_modelfile_stops_and_decodes_as_taco_does(tokenizer: Any) -> None:
    text = render_modelfile(tokenizer, gguf="m.gguf", system="Translate.", max_new_tokens=77, context=2048)
    assert text.startswith("FROM ./m.gguf\n")
    for line in ("temperature 0", "num_predict 77", 'stop "<|im_end|>"', "num_ctx 2048", "repeat_penalty 1.0"):
        assert f"PARAMETER {line}\n" in text
    assert 'SYSTEM """Translate."""\n' in text


def test_what_cannot_be_quoted_is_refused(tokenizer: Any) -> None:
    with pytest.raises(PublishError, match="cannot hold"):
        render_modelfile(tokenizer, gguf="m.gguf", system='say """', max_new_tokens=7, context=None)
    for unseen in ("\u200c", "\u00a0", "\x00"):  # parser.go of Ollama keeps what Go's strconv.IsPrint takes
        with pytest.raises(PublishError, match=f"U\\+{ord(unseen):04X}"):
            render_modelfile(tokenizer, gguf="m.gguf", system=f"a{unseen}b", max_new_tokens=7, context=None)
    with pytest.raises(PublishError, match="before a message"):
        render_template(Turn(first="{", between="b", bare="c", after="d", end="e", later="c"))
    odd = Turn(first="a", between="b", bare="c", after="d", end="e", later="f")
    with pytest.raises(PublishError, match="later turns"):
        render_template(odd)
    tokenizer.chat_template = tokenizer.chat_template.replace("message['content']", "(message['content'] | upper)")
    with pytest.raises(PublishError, match="changes the messages"):
        find_turn(tokenizer)
