"""The classes of hostile rows, and what becomes of each by default. docs/hygiene.md gives the reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Action = Literal["translate", "keep", "drop"]

ACTIONS: tuple[Action, ...] = ("translate", "keep", "drop")
"""From the mildest to the strictest. A row of several classes takes the strictest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostileClass:
    """One kind of row that translation would spoil.

    Attributes:
        name: As recipes, counters and drop reasons call it.
        action: What happens to its rows unless the recipe says otherwise.
        asks: What its rows ask.
    """

    name: str
    action: Action
    asks: str


CLASSES = (
    HostileClass(
        name="correction",
        action="keep",
        asks="to correct or judge spelling, grammar or punctuation of a given text",
    ),
    HostileClass(
        name="rewriting",
        action="keep",
        asks="for another tense, voice, person, polarity or kind of sentence",
    ),
    HostileClass(name="grammar", action="keep", asks="to find or name parts of speech or of a sentence, or its kind"),
    HostileClass(
        name="synonyms",
        action="keep",
        asks="for synonyms, antonyms, or other words in a given sentence",
    ),
    HostileClass(
        name="words",
        action="keep",
        asks="for a form, a part or the origin of a given word",
    ),
    HostileClass(name="jumble", action="keep", asks="to put given words in the order of a sentence"),
    HostileClass(name="sorting", action="keep", asks="for alphabetical order"),
    HostileClass(name="letters", action="keep", asks="about letters, sounds or lengths of words"),
    HostileClass(
        name="strings",
        action="keep",
        asks="to work on words as strings, or for code with the row's own words in it",
    ),
    HostileClass(
        name="translation",
        action="keep",
        asks="for a translation, or in another language",
    ),
    HostileClass(name="idioms", action="keep", asks="what a phrase means, or for idiom or slang"),
    HostileClass(name="acronyms", action="keep", asks="what an abbreviation stands for"),
    HostileClass(name="acrostics", action="drop", asks="for a text whose first letters spell something"),
    HostileClass(name="rhyme", action="drop", asks="for rhymes, or about those of a given text"),
    HostileClass(name="verse", action="drop", asks="for a form of verse that is made of rhymes or syllables"),
    HostileClass(name="wordplay", action="drop", asks="for jokes, puns, new words or words that sound alike"),
    HostileClass(
        name="vocabulary",
        action="translate",
        asks="for a text with given words in it",
    ),
    HostileClass(name="unchanged", action="drop", asks="something that is answered with the input as it is"),
)
"""Every class; of two with the same action, a row is named after the one that comes first here."""

BY_NAME = {kind.name: kind for kind in CLASSES}
