"""The fake backend that ships with taco: it needs no model and answers the same each time.

With the adapter it answers with a complete chain whose sections are all the prompt itself; without, with the prompt.
Tests use it, and recipes that try out the other stages on a machine without torch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from taco.chain.formats import find_template
from taco.chain.template import make_chain
from taco.errors import DataError
from taco.generate.backend import Generation, Limits, Prompt, Refusal, Setup
from taco.generate.options import EchoOptions

_WORD = re.compile(r"\s*\S+\s*")


class EchoBackend:
    """Says the prompt back, a word a token.

    Args:
        options: How long it pretends to take.
        setup: Not used; there is no model.
    """

    name = "echo"

    def __init__(self, options: EchoOptions, *, setup: Setup) -> None:
        self._seconds_per_token = options.seconds_per_token

    @property
    def signature(self) -> str:
        return "echo 1"

    def generate(
        self, prompts: Sequence[Prompt], *, arm: str, limits: Limits, on_tokens: Callable[[int], None]
    ) -> Iterator[Generation | Refusal]:
        """Answer each prompt, in the order given; see `Backend.generate`."""
        for prompt in prompts:
            try:
                text = prompt.text if arm == "base" else _render(prompt)
            except DataError as error:
                yield Refusal(id=prompt.id, reason="label-in-text", detail=error.message)
                continue
            generation = self._speak(prompt.id, text, limits.max_new_tokens)
            on_tokens(len(generation.token_ends))
            yield generation

    def close(self) -> None:
        """Do nothing; there is nothing to let go of."""

    def _speak(self, prompt_id: str, text: str, max_new_tokens: int) -> Generation:
        ends = [match.end() for match in _WORD.finditer(text)]
        is_whole = len(ends) < max_new_tokens
        ends = [*ends, len(text)] if is_whole else ends[:max_new_tokens]
        return Generation(
            id=prompt_id,
            text=text[: ends[-1]],
            finish="stop" if is_whole else "length",
            token_ends=ends,
            token_seconds=[self._seconds_per_token] * len(ends),
        )


def _render(prompt: Prompt) -> str:
    template = find_template(prompt.template)
    chain = make_chain(dict.fromkeys(template.section_names, prompt.text))
    return template.render(chain, prompt.language)
