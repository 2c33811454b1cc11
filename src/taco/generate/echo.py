"""The fake backend that ships with taco: it needs no model and answers the same each time.

With the adapter it answers with a complete chain whose sections are all the prompt itself; without, with the prompt.
Tests use it, and recipes that try out the other stages on a machine without torch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from taco.chain.formats import find_template
from taco.chain.parse import find_over
from taco.chain.template import label_pattern, make_chain
from taco.errors import DataError
from taco.generate.backend import Generation, Limits, Prompt, Refusal, Setup
from taco.generate.options import EchoOptions
from taco.generate.session import Ask
from taco.records import Chain

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
                text = prompt.text if arm == "base" else render_rest(prompt.text, prompt)
            except DataError as error:
                yield Refusal(id=prompt.id, reason="label-in-text", detail=error.message)
                continue
            generation = end_at_label(self._speak(prompt.id, text, limits.max_new_tokens - prompt.spent), prompt)
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


def render_rest(text: str, prompt: Prompt | Ask, chain: Chain | None = None) -> str:
    """Return what comes after a prompt's prefix in a chain: each section that it does not begin yet, and the open one.

    Args:
        text: What each section says.
        prompt: What is asked.
        chain: What to say instead.

    Raises:
        DataError: The template cannot hold the text.
    """
    template = find_template(prompt.template)
    chain = chain or make_chain(dict.fromkeys(template.section_names, text))
    whole = template.render(chain, prompt.language)
    begun = len(label_pattern(template, prompt.language).findall(prompt.prefix))
    if not begun:
        return whole
    rest = list(zip(template.separators(prompt.language), template.section_names, strict=True))[begun - 1 :]
    return "".join(separator + getattr(chain, name) for separator, name in rest).removeprefix(rest[0][0])


def end_at_label(generation: Generation, prompt: Prompt) -> Generation:
    """End an answer at the label that its prompt names, its end token left out."""
    place = find_over(
        prompt.prefix + generation.text,
        template=prompt.template,
        language=prompt.language,
        after=len(prompt.prefix),
        until=prompt.until,
    )
    if not prompt.until or place is None:
        return generation
    cut = place - len(prompt.prefix)
    count = sum(end < cut for end in generation.token_ends) + 1
    ends = [min(end, cut) for end in generation.token_ends[:count]]
    return replace(
        generation,
        text=generation.text[:cut],
        finish="label",
        token_ends=ends,
        token_seconds=generation.token_seconds[:count],
    )
