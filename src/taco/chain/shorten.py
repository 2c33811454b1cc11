"""Examples with shorter responses: whole sentences are taken from the end of both responses alike, and nothing else.

Where a template writes the response in one language only, nobody can compare the sentences of the two; such a text is cut
between its blocks alone (see `taco.languages.sentences`). What a template writes that is no response is never cut.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from taco.chain.formats import find_template
from taco.chain.template import SectionName, Template, TextName, make_chain
from taco.errors import DataError
from taco.languages.sentences import Cut, find_cuts, split_blocks
from taco.languages.table import ENGLISH, Language, find_language
from taco.records import Example

RESPONSES: tuple[TextName, ...] = ("response_en", "response")
"""The texts of a row that may be shortened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortened:
    """What became of an example that was too long.

    Attributes:
        example: The example with shorter responses; None where it cannot be shortened so far.
        reason: Why not: "not-aligned" where it is not sure which sentences of the responses belong together, else
            "too-long"; "" where it was.
        sentences_cut: How many sentences were taken away.
    """

    example: Example | None
    reason: str = ""
    sentences_cut: int = 0


def shorten_example(example: Example, fits: Callable[[Example], bool]) -> Shortened:
    """Return the example with the longest responses that fit.

    Args:
        example: An example that does not fit.
        fits: Whether an example does; what fits is taken to fit with fewer sentences too.
    """
    template, language = find_template(example.template), find_language(example.language)
    texts = _list_responses(example, template)
    cuts = _find_cuts(texts, language)
    low, high = 0, len(cuts) - 1  # cuts[:low] fit; cuts[high:] do not, the last of them being the example itself
    found: Example | None = None
    while low < high:
        middle = (low + high) // 2
        candidate = _try_cut(example, cuts[middle])
        if candidate is not None and fits(candidate):
            low, found = middle + 1, candidate
        else:
            high = middle
    if found is None:
        return Shortened(example=None, reason=_explain(texts, cuts))
    return Shortened(example=found, sentences_cut=cuts[-1].sentences - cuts[low - 1].sentences)


def find_example_cuts(example: Example) -> tuple[Cut, ...]:
    """Find where an example's responses can be cut, the shortest first; the last one keeps them whole.

    Of a template without a response nothing is found.
    """
    template = find_template(example.template)
    return _find_cuts(_list_responses(example, template), find_language(example.language))


def cut_example(example: Example, cut: Cut) -> Example:
    """Return an example with its responses cut, rendered anew.

    Raises:
        DataError: The template cannot hold what is left.
    """
    template, language = find_template(example.template), find_language(example.language)
    texts = _list_responses(example, template)
    kept = {name: text[:end].rstrip() for (name, text), end in zip(texts.items(), cut.ends, strict=True)}
    sections: dict[SectionName, str] = {
        section.name: kept.get(section.text, getattr(example.chain, section.name)) for section in template.sections
    }
    chain = make_chain(sections)
    return dataclasses.replace(
        example,
        prompt=kept.get(template.prompt, example.prompt),
        completion=template.render(chain, language),
        chain=chain,
    )


def _try_cut(example: Example, cut: Cut) -> Example | None:
    try:
        return cut_example(example, cut)
    except DataError:  # a template that cannot escape may not hold what is left
        return None


def _list_responses(example: Example, template: Template) -> dict[TextName, str]:
    """Return the responses that an example holds, in the prompt or in a section; the English one first."""
    texts = {section.text: getattr(example.chain, section.name) for section in template.sections}
    texts[template.prompt] = example.prompt
    return {name: texts[name] for name in RESPONSES if name in texts}


def _find_cuts(texts: dict[TextName, str], language: Language) -> tuple[Cut, ...]:
    if len(texts) == 2:
        return find_cuts(list(texts.values()), scripts=[ENGLISH.script, language.script])
    if "response_en" in texts:
        return find_cuts([texts["response_en"]], scripts=[ENGLISH.script])
    if "response" in texts:
        return tuple(_cut_between_blocks(texts["response"], language))
    return ()


def _cut_between_blocks(text: str, language: Language) -> list[Cut]:
    """Return the cuts of a text in the target language alone, whose ends of sentences nothing confirms."""
    ends = {block.end for block in split_blocks(text, script=language.script)}
    return [cut for cut in find_cuts([text], scripts=[language.script]) if cut.ends[0] in ends]


def _explain(texts: dict[TextName, str], cuts: tuple[Cut, ...]) -> str:
    if len(texts) == 2 and len(cuts) == 1 and len(find_cuts([texts["response_en"]], scripts=[ENGLISH.script])) > 1:
        return "not-aligned"
    return "too-long"
