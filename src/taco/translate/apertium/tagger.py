"""Why a text may be translated differently after another one, and how to find out that it would be.

Apertium's hidden Markov tagger (3.8 at least) keeps the set of tags that it assumes for unknown words in the variable that
it hands out when it looks for a class like one it was not trained on, and then overwrites it. From then on every unknown
word, and every word of such a class, may be tagged differently. An engine must not depend on what was sent before, so a
tagger that changed has to be replaced. It says in its debug messages which words had a class that is new to it; its model
says which of these classes change it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_NEW_CLASS = re.compile(r"Word '(?P<word>.*)'\.\nNew ambiguity class: \{(?P<tags>.*)\}")


@dataclass(frozen=True, slots=True)
class TaggerModel:
    """What of a tagger's model decides whether a class changes it.

    Attributes:
        names: Name -> number of each coarse tag.
        open_class: Tags that unknown words may have.
        classes: The classes that the tagger was trained on.
    """

    names: dict[str, int]
    open_class: frozenset[int]
    classes: frozenset[frozenset[int]]

    def is_changed_by(self, tags: str) -> bool:
        """Whether a word of the class "TAG,TAG" makes the tagger overwrite its open class."""
        try:
            wanted = {self.names[tag] for tag in tags.split(",")}
        except KeyError:
            return True
        return any(len(known) < len(self.open_class) and known >= wanted for known in self.classes)


def find_changing_words(messages: str, model: TaggerModel | None) -> set[str]:
    """Return the words in a tagger's debug messages that changed it; all new ones if the model could not be read."""
    return {
        found["word"] for found in _NEW_CLASS.finditer(messages) if model is None or model.is_changed_by(found["tags"])
    }


def is_hidden_markov(command: list[str]) -> bool:
    """Whether a command is a tagger with a hidden Markov model; the perceptron's (-gx) has no such fault.

    >>> is_hidden_markov(["apertium-tagger", "-z", "-g", "a.prob"]), is_hidden_markov(["apertium-tagger", "-gx", "a.prob"])
    (True, False)
    """
    options = [option for option in command[1:] if option.startswith("-")]
    return Path(command[0]).name == "apertium-tagger" and not any(
        letter in option.lstrip("-") for option in options for letter in "xuw"
    )


@cache
def read_model(path: Path) -> TaggerModel | None:
    """Read a .prob file as far as its classes; None where it is not of the known form."""
    try:
        return _Reader(path.read_bytes()).read_model()
    except (OSError, IndexError, ValueError):
        return None


class _Reader:
    """Reads the compressed integers and strings of Apertium's binary files (lttoolbox, Compression)."""

    def __init__(self, content: bytes) -> None:
        self._content, self._position = content, 0

    def read_model(self) -> TaggerModel:
        open_class, tag = set(), 0
        for _ in range(self._number()):
            tag += self._number()
            open_class.add(tag)
        for _ in range(self._number()):  # forbidden pairs
            self._number(), self._number()
        names = {self._string(): number for number in range(self._number())}
        for _ in range(self._number()):  # index of the tags
            self._string(), self._number()
        for _ in range(self._number()):  # what must follow
            self._number(), self._set()
        for _ in range(self._number()):  # preferred tags
            self._string()
        for _ in range(self._number()):  # constants
            self._string(), self._number()
        classes = frozenset(self._set() for _ in range(self._number()))
        if not open_class <= set(names.values()) or not classes:
            raise ValueError("no tagger model of the known form")
        return TaggerModel(names, frozenset(open_class), classes)

    def _number(self) -> int:
        first = self._content[self._position]
        length = first >> 6
        rest = self._content[self._position + 1 : self._position + 1 + length]
        self._position += 1 + length
        return int.from_bytes(bytes([first & 0x3F]) + rest, "big")

    def _string(self) -> str:
        return "".join(chr(self._number()) for _ in range(self._number()))

    def _set(self) -> frozenset[int]:
        return frozenset(self._number() for _ in range(self._number()))
