"""Which steps of the chain an engine does in each mode, and which chains have them; see `taco.generate.relay`."""

from __future__ import annotations

from typing import cast, get_args

from taco.chain.template import Template
from taco.errors import RecipeError
from taco.generate.options import Mode
from taco.registry import suggest

ASKS_ENGLISH: frozenset[Mode] = frozenset({"engine-question", "engine-both"})
SAYS_TARGET: frozenset[Mode] = frozenset({"engine-answer", "engine-both"})


def parse_mode(name: str) -> Mode:
    """Return the mode of a name.

    Raises:
        RecipeError: There is none.

    >>> parse_mode("engine-both")
    'engine-both'
    """
    for mode in get_args(Mode):
        if mode == name:
            return cast(Mode, mode)
    known = get_args(Mode)
    raise RecipeError(f"There is no mode {name!r}{suggest(name, known)}", hint=f"Known: {', '.join(known)}.")


_NEEDED: dict[Mode, tuple[str, ...]] = {
    "chain": (),
    "engine-question": ("instruction_en", "response_en"),
    "engine-answer": ("response_en", "response"),
    "engine-both": ("instruction_en", "response_en", "response"),
}


def find_until(mode: Mode) -> str:
    """Return the section at whose label the model ends, because an engine writes it; "" for none.

    >>> find_until("engine-both"), find_until("engine-question")
    ('response', '')
    """
    return "response" if mode in SAYS_TARGET else ""


def check_mode(mode: Mode, template: Template) -> None:
    """Check that a template has the sections that a mode needs.

    Raises:
        RecipeError: It lacks one, or its prompts are no questions in the target language.
    """
    lacking = [name for name in _NEEDED[mode] if name not in template.section_names]
    if mode != "chain" and (lacking or template.prompt != "instruction"):
        raise RecipeError(
            f"The mode {mode} needs the sections {', '.join(_NEEDED[mode])}; the chain format {template.name!r} has "
            f"{', '.join(template.section_names)}.",
            hint="Choose a format such as taco, or generate.mode = 'chain'.",
        )
