"""Telling hostile rows from the others, and doing with them what the recipe says."""

from __future__ import annotations

import dataclasses

from taco.records import Drop, Row
from taco.source.hygiene.classes import ACTIONS, BY_NAME, CLASSES
from taco.source.hygiene.evidence import is_foreign, is_small_edit
from taco.source.hygiene.keep import find_literals
from taco.source.hygiene.options import HygieneOptions
from taco.source.hygiene.request import Request, list_request_words, read_request
from taco.source.hygiene.rules import Finding, read_rules

REASON = "hostile-"
"""What drop reasons begin with; the name of the class follows."""

_RANK = {kind.name: rank for rank, kind in enumerate(CLASSES)}


def find_classes(row: Row) -> dict[str, str]:
    """Return the classes of a row, each with what told it, none for a row that translates well.

    >>> find_classes(Row(id="", instruction="Name a word that rhymes with 'moon'.", input="", response="Spoon."))
    {'rhyme': 'rhymes'}
    """
    return {name: finding.told for name, finding in _read(row)[0].items()}


class Sieve:
    """Applies a recipe's actions to rows.

    Args:
        options: The table [source.hygiene].
    """

    def __init__(self, options: HygieneOptions) -> None:
        self._is_on = options.enabled
        self._actions = {name: getattr(options, name) for name in BY_NAME}

    def sift(self, row: Row) -> Row | Drop:
        """Return a row that stays, marked where it is hostile, or why it does not stay. No text of it is changed."""
        if not self._is_on:
            return row
        found, request = _read(row)
        if not found or request is None:
            return row
        kind = max(found, key=lambda name: (ACTIONS.index(self._actions[name]), -_RANK[name]))
        action = self._actions[kind]
        if action == "drop":
            return _drop(row, kind, f"asks {BY_NAME[kind].asks}: {found[kind].told!r}")
        if action == "translate":
            return dataclasses.replace(row, hostile=kind)
        literals = find_literals(row, request, answer=found[kind].answer)
        if not literals:
            return _drop(row, kind, f"{found[kind].told!r}, but what to keep in English cannot be told from prose")
        return dataclasses.replace(row, hostile=kind, keep=literals)


def _read(row: Row) -> tuple[dict[str, Finding], Request | None]:
    rules = read_rules()
    found: dict[str, Finding] = {}
    request = None
    if hints := rules.hints.intersection(list_request_words(row)):
        request = read_request(row)
        found = rules.classify(request, {number for hint in hints for number in rules.by_hint[hint]})
    if row.input and row.input == row.response:
        found["unchanged"] = Finding("the response is the input", "text")
    elif not found and row.input and is_small_edit(row.input, row.response):
        found["correction"] = Finding("the response is the input with small corrections", "text")
    if "translation" not in found and (is_foreign(row.input) or is_foreign(row.response)):
        found["translation"] = Finding("a text is not English", "text")
    return found, request or (read_request(row) if found else None)


def _drop(row: Row, kind: str, detail: str) -> Drop:
    return Drop(id=row.id, stage="source", reason=REASON + kind, detail=detail, origin=row.origin)
