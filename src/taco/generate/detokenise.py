"""From tokens back to text, with the number of characters that are complete after each token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

WINDOW = 16
"""Tokens decoded at a time. A token's text may depend on the one before it, never on one so far back."""

_BROKEN = "\ufffd"


def decode_text(tokenizer: Any, tokens: Sequence[int]) -> str:
    """Return the text of tokens, special tokens in it spelled out."""
    text = tokenizer.decode(list(tokens), skip_special_tokens=False, clean_up_tokenization_spaces=False)
    return str(text)


def decode_after(tokenizer: Any, before: Sequence[int], tokens: Sequence[int]) -> tuple[str, list[int]]:
    """Return the text of tokens and its ends as `decode_with_ends` does, as it is behind some others.

    Tokenizers that write a space into a token leave it out at the beginning of a text, where it is none.

    Args:
        tokenizer: A transformers tokenizer.
        before: The tokens in front; empty at the beginning of an answer.
        tokens: The tokens, without an end token.
    """
    shown = list(before[-WINDOW:])
    text, ends = decode_with_ends(tokenizer, [*shown, *tokens])
    if not shown:
        return text, ends
    skipped = ends[len(shown) - 1]
    return text[skipped:], [end - skipped for end in ends[len(shown) :]]


def decode_with_ends(tokenizer: Any, tokens: Sequence[int]) -> tuple[str, list[int]]:
    """Return the text of tokens and, for each token, how many of its characters are complete after it.

    Byte-level tokens may hold a part of a character; it is complete with the token that holds its last byte.

    Args:
        tokenizer: A transformers tokenizer.
        tokens: The tokens, without an end token.

    Returns:
        The text, and ends that never fall, the last of which is the text's length.
    """
    text = decode_text(tokenizer, tokens)
    ends: list[int] = []
    first, before, done = 0, 0, 0  # the window's first token, and characters in front of the window, and complete ones
    for count in range(1, len(tokens) + 1):
        window = decode_text(tokenizer, tokens[first:count])
        if not window.endswith(_BROKEN):
            done = max(done, before + len(window))
            if count - first > WINDOW:
                first = count - 1
                before = done - len(decode_text(tokenizer, tokens[first:count]))
        ends.append(min(done, len(text)))
    if ends:
        ends[-1] = len(text)
    return text, ends


class TextStream:
    """The text of tokens that come one by one: each call gives the characters that became complete.

    Args:
        tokenizer: A transformers tokenizer.
        before: The tokens in front of them; empty at the beginning of an answer.
    """

    def __init__(self, tokenizer: Any, before: Sequence[int] = ()) -> None:
        self._tokenizer = tokenizer
        self._window: list[int] = list(before[-WINDOW:])
        self._told = len(self._window)  # tokens of the window whose text was given away

    def push(self, token: int) -> str:
        """Take one token; "" where it holds only a part of a character."""
        self._window.append(token)
        text = decode_text(self._tokenizer, self._window)
        if text.endswith(_BROKEN) and len(self._window) - self._told < WINDOW:
            return ""
        return self._give(text)

    def flush(self) -> str:
        """Return what is left at the end, broken characters as they are."""
        return self._give(decode_text(self._tokenizer, self._window)) if len(self._window) > self._told else ""

    def _give(self, text: str) -> str:
        before = decode_text(self._tokenizer, self._window[: self._told])
        self._window, self._told = self._window[self._told :], len(self._window) - self._told
        return text[len(before) :]
