"""Names that a recipe may use -> where their code lives, imported on use.

There are three registries only: translation engines, generation backends and judges. Each entry has two lazy targets,
the typed options (cheap to import: a recipe is checked with them) and the implementation (may be heavy).
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from taco.errors import RecipeError


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a named thing lives, each target as "module:attribute"."""

    options: str
    implementation: str


class Registry:
    """A fixed table of names.

    Args:
        noun: What the names stand for, for messages: "translation engine".
        entries: Name -> targets.
    """

    def __init__(self, noun: str, entries: Mapping[str, Entry]) -> None:
        self.noun = noun
        self._entries = dict(entries)

    @property
    def names(self) -> tuple[str, ...]:
        """The known names, sorted."""
        return tuple(sorted(self._entries))

    def load_options(self, name: str) -> Any:
        """Import and return the options class of `name`."""
        return _import_target(self._find(name).options)

    def load_implementation(self, name: str) -> Any:
        """Import and return the implementation of `name`."""
        return _import_target(self._find(name).implementation)

    def _find(self, name: str) -> Entry:
        if name not in self._entries:
            raise RecipeError(
                f"There is no {self.noun} {name!r}{suggest(name, self._entries)}",
                hint=f"Known: {', '.join(self.names)}.",
            )
        return self._entries[name]


def suggest(name: str, known: Iterable[str]) -> str:
    """Say which known name was probably meant, as the end of a sentence.

    >>> suggest("apertum", ["apertium", "echo"])
    "; did you mean 'apertium'?"
    >>> suggest("zzz", ["apertium", "echo"])
    '.'
    """
    close = difflib.get_close_matches(name.casefold(), list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else "."


def _import_target(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)
