r"""Chat templates that say all of what taco's own prompts say, for engines that know a model by its template only.

`encode_prompt` helps itself where a base has no chat template (Guanaco's form) or one without a system message (it goes
in front of the user's). An exported model must bring both along, or the served prompts are not those it was tuned on.
"""

from __future__ import annotations

from typing import Any

from taco.errors import ModelError
from taco.model.prompt import encode_prompt, end_token_id

_FOLD_SYSTEM = (
    "{%- if messages[0]['role'] == 'system' -%}"
    "{%- set messages = [{'role': 'user', 'content': messages[0]['content'] + '\n\n' + messages[1]['content']}]"
    " + messages[2:] -%}{%- endif -%}"
)
"""Puts the system message in front of the user's, for a template that knows none."""

_GUANACO = (
    "{%- for message in messages -%}"
    "{%- if loop.first -%}FIRST{%- endif -%}"
    "{%- if message['role'] == 'system' -%}{{- message['content'] + '\n' -}}"
    "{%- elif message['role'] == 'user' -%}{{- '### Human: ' + message['content'] + '\n' -}}"
    "{%- else -%}{{- '### Assistant:' + message['content'] + END + '\n' -}}{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '### Assistant:' -}}{%- endif -%}"
)

FIRST, SPACED_FIRST = "{{- bos_token -}}", "{{- bos_token + ' ' -}}"
"""How Guanaco's form begins where the tokenizer puts a token before every text, and a space after that one."""

_SAMPLES = (("", "Hello"), ("Answer.", "O ceo é azul.\n\n1. 12345"), ("Be short.", "नेपाल कहाँ छ?"))
"""System and user messages on which the completed template is held against `encode_prompt`."""


def complete_chat_template(tokenizer: Any) -> None:
    """Give a tokenizer a chat template that yields `encode_prompt`'s ids, where its own does not.

    Args:
        tokenizer: A transformers tokenizer; its `chat_template` is replaced where needed.

    Raises:
        ModelError: No template gives these ids; then no engine could be told how to prompt the model.
    """
    wanted = [encode_prompt(tokenizer, system=system, prompt=prompt) for system, prompt in _SAMPLES]
    own = tokenizer.chat_template
    for candidate in [own, _FOLD_SYSTEM + own] if own else _list_guanaco(tokenizer):
        tokenizer.chat_template = candidate
        if _list_ids(tokenizer) == wanted:
            return
    tokenizer.chat_template = own
    raise ModelError(
        "The base model's chat template cannot be completed: its prompts come out with other token ids than those of "
        "training.",
        hint="Tune a base model whose chat template takes a system message.",
    )


def render_prompt(tokenizer: Any, *, system: str, prompt: str) -> str:
    """Return the text of a prompt, special tokens spelled out; encoded without further ones it gives the prompt's ids.

    Args:
        tokenizer: A transformers tokenizer with a completed chat template.
        system: The system message; "" for none.
        prompt: The user's message.
    """
    messages = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": prompt})
    return str(tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False))


def _list_ids(tokenizer: Any) -> list[list[int]] | None:
    from jinja2.exceptions import TemplateError

    try:
        texts = [render_prompt(tokenizer, system=system, prompt=prompt) for system, prompt in _SAMPLES]
    except TemplateError:
        return None
    return [[int(token) for token in tokenizer(text, add_special_tokens=False)["input_ids"]] for text in texts]


def _list_guanaco(tokenizer: Any) -> list[str]:
    """Return Guanaco's form as templates: some tokenizers put a space before a text, but not after a special token."""
    ids = tokenizer("a")["input_ids"]
    end = tokenizer.convert_ids_to_tokens(end_token_id(tokenizer))
    firsts = [FIRST, SPACED_FIRST] if ids and ids[0] == tokenizer.bos_token_id else [""]
    return [_GUANACO.replace("FIRST", first).replace("END", repr(end)) for first in firsts]
