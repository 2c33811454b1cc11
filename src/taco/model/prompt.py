r"""The prompt format of a base model: its own chat template, or Guanaco's where it has none.

Guanaco, the base of the TaCo paper, marks turns as "### Human: ..." and "### Assistant: ..." (QLoRA, arXiv 2305.14314;
data set timdettmers/openassistant-guanaco).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from taco.errors import ModelError

_MARKER = "xyzzy-plugh-4711"
"""A text that no chat template holds, to find where the assistant's text ends."""

Messages = list[dict[str, str]]


def encode_prompt(tokenizer: Any, *, system: str, prompt: str) -> list[int]:
    """Encode a system and a user message, up to where the assistant's text begins.

    The ids are those of `tokenizer.apply_chat_template(..., add_generation_prompt=True)`. A template that knows no
    system message gets it in front of the user's. Without a template the text is Guanaco's.

    Args:
        tokenizer: A transformers tokenizer.
        system: The system message; "" for none.
        prompt: The user's message.

    Raises:
        ModelError: The chat template cannot be rendered.
    """
    if not tokenizer.chat_template:
        return _encode_guanaco(tokenizer, system=system, prompt=prompt)
    messages = _build_messages(tokenizer, system=system, prompt=prompt)
    ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=True, return_dict=False)
    return [int(token) for token in ids]


def encode_turns(tokenizer: Any, *, system: str, turns: Sequence[tuple[str, str]]) -> list[int]:
    """Encode a conversation, up to where the assistant's next text begins; of one turn the same as `encode_prompt`.

    Args:
        tokenizer: A transformers tokenizer.
        system: The system message; "" for none.
        turns: (role, text), "user" and "assistant" in turn, a user's first and last.

    Raises:
        ModelError: The chat template cannot be rendered.
    """
    (_, first), *others = turns
    if not others:
        return encode_prompt(tokenizer, system=system, prompt=first)
    if not tokenizer.chat_template:
        marks = {"user": "\n### Human: ", "assistant": "\n### Assistant: "}
        rest = "".join(marks[role] + text for role, text in others)
        return _encode_guanaco(tokenizer, system=system, prompt=first + rest)
    messages = _build_messages(tokenizer, system=system, prompt=first)
    messages += [{"role": role, "content": text} for role, text in others]
    _render(tokenizer, messages)  # a template that refuses says so as an error of ours
    ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=True, return_dict=False)
    return [int(token) for token in ids]


def encode_completion(tokenizer: Any, completion: str, *, end: int) -> list[int]:
    """Encode the assistant's text and the token that ends its turn; see `encode_with_spans`."""
    return encode_with_spans(tokenizer, completion, end=end)[0]


def encode_with_spans(tokenizer: Any, completion: str, *, end: int) -> tuple[list[int], list[tuple[int, int]]]:
    """Encode the assistant's text and the token that ends its turn, and say where in the text each token lies.

    A text that spells a special token is encoded as plain characters, so that only the last token ends the turn.

    Args:
        tokenizer: A transformers tokenizer.
        completion: The text, without an end token.
        end: What `end_token_id` found for this tokenizer.

    Returns:
        The ids, the end token last; and [start, end) in characters for each id but the last, none at all where the
        tokenizer cannot tell.

    Raises:
        ModelError: The tokenizer leaves out the end of the text.
    """
    encoded = tokenizer(
        completion,
        add_special_tokens=False,
        split_special_tokens=True,
        truncation=False,
        return_offsets_mapping=tokenizer.is_fast,
    )
    ids = [int(token) for token in encoded["input_ids"]]
    spans = [(int(start), int(stop)) for start, stop in encoded.get("offset_mapping", [])]
    covered = max((stop for _, stop in spans), default=0)
    if tokenizer.is_fast and covered < len(completion.rstrip()):
        raise ModelError(
            f"The tokenizer encodes {covered} of {len(completion)} characters of a text and leaves the end out.",
            hint="Remove `truncation` from the base model's tokenizer.json.",
        )
    return [*ids, end], spans


def encode_prefix(tokenizer: Any, text: str) -> list[int]:
    """Encode what an answer begins with, as the beginning of a completion is encoded; no ids for "".

    Raises:
        ModelError: The tokenizer leaves out the end of the text.
    """
    return encode_with_spans(tokenizer, text, end=0)[0][:-1] if text else []


def end_token_id(tokenizer: Any) -> int:
    """Return the id of the token that ends the assistant's turn.

    It is the special token that the chat template puts after the assistant's text; without a template, or where that
    token is none of the tokenizer's special tokens, the end-of-text token.

    Raises:
        ModelError: There is neither.
    """
    found = _find_template_end(tokenizer) if tokenizer.chat_template else None
    if found is None:
        found = tokenizer.eos_token_id
    if found is None:
        raise ModelError(
            "The tokenizer has no token that ends an answer: neither its chat template nor `eos_token` names one.",
            hint="Set eos_token in the base model's tokenizer_config.json.",
        )
    return int(found)


def _build_messages(tokenizer: Any, *, system: str, prompt: str) -> Messages:
    user = {"role": "user", "content": prompt}
    if not system:
        return [user]
    messages = [{"role": "system", "content": system}, user]
    try:
        takes_system = system.strip() in _render(tokenizer, messages)
    except ModelError:
        takes_system = False
    return messages if takes_system else [{"role": "user", "content": f"{system}\n\n{prompt}"}]


def _render(tokenizer: Any, messages: Messages, *, for_generation: bool = True) -> str:
    from jinja2.exceptions import TemplateError

    try:
        text = tokenizer.apply_chat_template(messages, add_generation_prompt=for_generation, tokenize=False)
    except TemplateError as error:
        raise ModelError(
            f"The base model's chat template refuses a message of the roles {[m['role'] for m in messages]}: {error}.",
            hint="Use an instruction-tuned base model whose chat template takes user and assistant messages.",
        ) from error
    return str(text)


def _find_template_end(tokenizer: Any) -> int | None:
    messages = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": _MARKER}]
    rendered = _render(tokenizer, messages, for_generation=False)
    _, found, after = rendered.rpartition(_MARKER)
    if not found or not after.strip():
        return None
    first = int(tokenizer(after.strip(), add_special_tokens=False)["input_ids"][0])
    specials = {*tokenizer.all_special_ids, *tokenizer.added_tokens_decoder}
    return first if first in specials else None


def _encode_guanaco(tokenizer: Any, *, system: str, prompt: str) -> list[int]:
    head = f"{system}\n" if system else ""
    ids = [int(token) for token in tokenizer(f"{head}### Human: {prompt}\n### Assistant:")["input_ids"]]
    if ids and ids[-1] == tokenizer.eos_token_id:
        ids.pop()
    return ids


def count_common(one: Sequence[int], other: Sequence[int]) -> int:
    """Return with how many of the same tokens two texts begin.

    >>> count_common([1, 2, 3], [1, 2, 4, 5]), count_common([], [1])
    (2, 0)
    """
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (left, right) in pairs if left != right), min(len(one), len(other)))
