"""What prompts begin with alike, such as a run's system message: read once, not for every prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from taco.generate.decode import Batch
from taco.generate.kv_cache import Prefix
from taco.model.prompt import count_common

FEWEST = 16
"""Tokens that a common beginning must have to be kept: for fewer, keeping and copying is not worth it."""


def find_common(prompts: Sequence[Sequence[int]]) -> list[int]:
    """Return the tokens that all prompts begin with; each has at least one more.

    >>> find_common([[1, 2, 3], [1, 2, 4, 5], [1, 2, 3]])
    [1, 2]
    >>> find_common([[1, 2], [1, 2]])
    [1]
    """
    shortest = min(prompts, key=len)
    return list(shortest[: min(len(shortest) - 1, *(count_common(shortest, prompt) for prompt in prompts))])


def read_prefix(model: Any, tokens: Sequence[int]) -> Prefix | None:
    """Read tokens and return what the model keeps of them; None where it keeps it in a form of its own.

    Args:
        model: A causal language model of transformers, in evaluation mode.
        tokens: At least one.
    """
    batch = Batch(model, [tokens], room=len(tokens) + 1)
    if not batch.can_absorb:
        return None
    batch.step([None])
    return Prefix(list(tokens), batch.read())


class PrefixMemory:
    """Remembers for each adapter what its prompts begin with."""

    def __init__(self) -> None:
        self._known: dict[str, Prefix] = {}
        self._last: dict[str, list[int]] = {}

    def find(self, model: Any, adapter: str, prompts: Sequence[Sequence[int]]) -> Prefix | None:
        """Return what these prompts begin with, read now where it is new; None where that is too little.

        What is remembered gets shorter where prompts come that begin with a part of it, so that it ends up as what all
        of them share.

        Args:
            model: The model with the adapter switched on.
            adapter: Its name.
            prompts: Token ids, none of them empty.
        """
        known, last = self._known.get(adapter), self._last.get(adapter)
        self._last[adapter] = list(prompts[-1])
        if known is None:
            common = find_common([*prompts, *([last] if last else [])])
            if len(prompts) + bool(last) < 2 or len(common) < FEWEST:
                return None
            known = read_prefix(model, common)
        elif not known.begins(prompts):
            common = find_common([[*known.tokens, -1], *prompts])
            if len(common) < FEWEST:
                return None
            known = known.cut(len(common))
        if known is not None:
            self._known[adapter] = known
        return known
