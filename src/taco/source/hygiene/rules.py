"""How a hostile row is recognised: by what it asks. The rules themselves are in rules.toml.

A rule looks at the request only (see `taco.source.hygiene.request`): quoted texts are blanked, so that a title or an
example sentence cannot set it off.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from taco.languages.table import ENGLISH, all_languages
from taco.source.hygiene.phrases import compile_phrase
from taco.source.hygiene.request import Request

FURTHER_LANGUAGES = ("chinese", "mandarin", "cantonese", "farsi", "kurdish", "flemish", "latin", "greek", "klingon")
"""Names that instructions use and the table of languages does not have as one word."""

SHORTEST_NAME = 4
"""Names of languages with fewer letters are words, or parts of names, in too many instructions (Ga, Fon, Twi)."""


Answer = Literal["text", "prose"]
"""Whether an answer is, or holds, English text to keep, or speaks about such a text."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a row is of a class.

    Attributes:
        told: The words that told.
        answer: What kind of answer the request has.
    """

    told: str
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One way to ask for something of a class.

    Attributes:
        kind: Name of the class.
        hints: Words, in lower case, of which every request that can match holds at least one.
        asks: What the request matches.
        unless: What it does not match.
        answer: What kind of answer the request has.
        needs_text: Whether the row has to bring a text along that is asked about.
        of_code: Whether requests for code are looked at.
        of_knowledge: Whether requests for an explanation are looked at that bring no text along.
    """

    kind: str
    hints: frozenset[str]
    asks: re.Pattern[str]
    unless: re.Pattern[str] | None
    answer: Answer
    needs_text: bool
    of_code: bool
    of_knowledge: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """All rules.

    Attributes:
        rules: In the order of the file.
        hints: The hints of all rules.
        by_hint: Hint -> numbers of the rules that it may set off.
        code: Matches requests for code.
        knowledge: Matches requests for an explanation.
        pointing: Matches requests that point at a text.
    """

    rules: tuple[Rule, ...]
    hints: frozenset[str]
    by_hint: Mapping[str, tuple[int, ...]]
    code: re.Pattern[str]
    knowledge: re.Pattern[str]
    pointing: re.Pattern[str]

    def classify(self, request: Request, numbers: set[int]) -> dict[str, Finding]:
        """Return the classes of a request.

        Args:
            request: What is asked.
            numbers: Numbers of the rules to try.
        """
        found: dict[str, Finding] = {}
        for number in sorted(numbers):
            rule = self.rules[number]
            if rule.kind in found or (rule.needs_text and not request.given):
                continue
            match = rule.asks.search(request.ask)
            if match and not self._is_off(rule, request.ask):
                found[rule.kind] = Finding(match[0], rule.answer)
        return found

    def _is_off(self, rule: Rule, ask: str) -> bool:
        if rule.unless and rule.unless.search(ask):
            return True
        if not rule.of_code and self.code.search(ask):
            return True
        return not rule.of_knowledge and bool(self.knowledge.search(ask)) and not self.pointing.search(ask)


@cache
def read_rules() -> RuleBook:
    """Read rules.toml."""
    table = tomllib.loads(resources.files("taco.source.hygiene").joinpath("rules.toml").read_text(encoding="utf-8"))
    words = {"language": "|".join(_list_languages()), **table["words"]}
    rules = tuple(_read_rule(entry, words) for entry in table["rules"])
    by_hint: dict[str, list[int]] = {}
    for number, rule in enumerate(rules):
        for hint in rule.hints:
            by_hint.setdefault(hint, []).append(number)
    vetoes = {name: _compile(phrases, words) for name, phrases in table["vetoes"].items()}
    numbers = {hint: tuple(found) for hint, found in by_hint.items()}
    return RuleBook(rules=rules, hints=frozenset(numbers), by_hint=numbers, **vetoes)


def _read_rule(entry: Mapping[str, Any], words: Mapping[str, str]) -> Rule:
    hints = words["language"].split("|") if entry["hints"] == "{language}" else entry["hints"].split()
    return Rule(
        kind=entry["kind"],
        hints=frozenset(hints),
        asks=_compile(entry["asks"], words),
        unless=_compile(entry["unless"], words) if "unless" in entry else None,
        answer=entry["answer"],
        needs_text=entry.get("needs_text", False),
        of_code=entry.get("of_code", False),
        of_knowledge=entry.get("of_knowledge", False),
    )


def _compile(phrases: list[str], words: Mapping[str, str]) -> re.Pattern[str]:
    return re.compile("|".join(compile_phrase(phrase, words=words) for phrase in phrases), re.DOTALL)


def _list_languages() -> list[str]:
    names = {language.name.lower() for language in all_languages() if language != ENGLISH}
    single = {name for name in names if name.isalpha() and len(name) >= SHORTEST_NAME}
    return sorted(single | set(FURTHER_LANGUAGES), key=lambda name: (-len(name), name))
