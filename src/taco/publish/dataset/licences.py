"""Licences of rows and terms of engines: what is known of them (`licences.toml`), and what they add up to.

Everything here errs on the strict side and says what it does not know. It reads what sources state about themselves,
and it is no legal advice.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from taco.source.options import SEED

NOT_STATED = "not stated"
"""The licence of rows of which neither the recipe nor the table says it."""

_LINE = re.compile(r":\d+(?:#\d+)?\Z")
"""What an origin has after the name of its source: line or index, and the number of the instance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """A licence and what it asks for.

    Attributes:
        id: SPDX identifier.
        hub: Identifier on the Hugging Face hub.
        asks: Of "attribution", "non-commercial", "share-alike" and "no-derivatives".
    """

    id: str
    hub: str
    url: str
    asks: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLicence:
    """What a source says of itself.

    Attributes:
        path: As in `source.path` of a recipe.
        licence: SPDX identifier.
        stated_at: Where it says so.
        note: What else a reader should know, "" for nothing.
    """

    path: str
    licence: str
    stated_at: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineTerms:
    """What an engine asks of those who use its translations.

    Attributes:
        name: The first word of its signature.
        free: Whether nothing is asked.
    """

    name: str
    free: bool
    terms: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """What licences and terms add up to.

    Attributes:
        hub: Identifier for the card's front matter: a licence's, "other" or "unknown".
        statement: One sentence on the whole data set.
        warnings: What stands in the way of publishing or using it, a sentence each.
        licence: The one licence that covers all; None where there is none.
    """

    hub: str
    statement: str
    warnings: tuple[str, ...]
    licence: Licence | None = None


def find_licence(name: str) -> Licence | None:
    """Return the licence of an SPDX identifier, whatever its case; None where the table does not hold it.

    >>> find_licence("cc-by-sa-3.0").id, find_licence("our own")
    ('CC-BY-SA-3.0', None)
    """
    return _licences().get(name.casefold())


def find_source(path: str) -> SourceLicence | None:
    """Return what the table knows of a source; None for files and unknown data sets."""
    return _sources().get(path)


def find_terms(signature: str) -> EngineTerms:
    """Return the terms of the engine with a signature; an engine that the table does not hold is not free.

    >>> find_terms("shipped apertium eng-glg (apertium-eng-glg 0.1)").free
    True
    """
    name = signature.removeprefix("shipped ").partition(" ")[0]
    unknown = EngineTerms(name=name, free=False, terms="taco does not know its terms: see those of the engine", url="")
    return _engines().get(name, unknown)


def name_origin(origin: str) -> str:
    """Return the source that an origin names.

    >>> name_origin("rows.jsonl:17#2"), name_origin("hf:owner/name:0")
    ('rows.jsonl', 'hf:owner/name')
    """
    return _LINE.sub("", origin)


def state_licence(origin: str, *, path: str, stated: str | Mapping[str, str] | None) -> str:
    """Return the licence of a row: what the recipe says, else what the table knows, else `NOT_STATED`.

    Args:
        origin: The row's origin.
        path: `source.path` of its recipe.
        stated: `dataset.source_licence` of its recipe.
    """
    name = SEED if path == SEED and origin.startswith(f"{SEED}/") else name_origin(origin)
    given = stated.get(name, stated.get(path)) if isinstance(stated, Mapping) else stated
    if given:
        known = find_licence(given)
        return known.id if known else given
    source = find_source(name)
    return source.licence if source else NOT_STATED


def combine_licences(names: Collection[str], engines: Collection[str]) -> Combination:
    """Say what the licences of all rows and the terms of all engines add up to, on the strict side.

    Args:
        names: The licences of the rows.
        engines: The signatures of the engines.
    """
    known = [licence for name in sorted(set(names)) if (licence := find_licence(name))]
    warnings = [*_warn_unknown(names), *_warn_conflicts(known)]
    terms = sorted({find_terms(engine).name for engine in engines if not find_terms(engine).free})
    if terms:
        warnings.append(f"The translations are subject to the terms of {', '.join(terms)} as well: see the table.")
    strictest = _find_strictest(known) if len(known) == len(set(names)) else None
    if NOT_STATED in names:
        hub, statement = (
            "unknown",
            "The licence of some or all rows is not stated, so the whole is under no known licence.",
        )
    elif strictest and not warnings:
        hub, statement = strictest.hub, f"All rows can be used under {strictest.id}."
    elif strictest:
        hub, statement = "other", f"The rows are under {strictest.id} as far as their sources go; read the warnings."
    else:
        hub, statement = (
            "other",
            "The rows keep the licences of their sources, each its own: no one licence covers all.",
        )
    return Combination(hub=hub, statement=statement, warnings=tuple(warnings), licence=None if warnings else strictest)


def _warn_unknown(names: Collection[str]) -> list[str]:
    warnings = []
    if NOT_STATED in names:
        warnings.append(
            "Rows whose licence is not stated may not be published or used by others until you know it: "
            "say it in the recipe (dataset.source_licence)."
        )
    foreign = sorted(name for name in names if name != NOT_STATED and not find_licence(name))
    if foreign:
        warnings.append(f"taco does not know what {', '.join(foreign)} asks for: read it before you publish.")
    return warnings


def _warn_conflicts(known: Collection[Licence]) -> list[str]:
    warnings = []
    fixed = _list_ids(licence for licence in known if "no-derivatives" in licence.asks)
    if fixed:
        warnings.append(f"{fixed} does not let anybody publish adaptations, and a translation is one.")
    sharing = [licence for licence in known if "share-alike" in licence.asks]
    open_sharing = [licence for licence in sharing if "non-commercial" not in licence.asks]
    bound = [licence for licence in known if "non-commercial" in licence.asks]
    if open_sharing and bound:
        warnings.append(
            f"{_list_ids(open_sharing)} and {_list_ids(bound)} cannot be met by one adapted work: the first demands that it "
            "may be used commercially, the second forbids it. Keep these rows apart (column source_licence); a work made "
            "of both, such as one mixed training file handed on, may be covered by neither."
        )
    if len(sharing) > 1:
        warnings.append(
            f"{_list_ids(sharing)} each demand that adaptations are under themselves: keep their rows apart."
        )
    return warnings


def _find_strictest(known: Collection[Licence]) -> Licence | None:
    """Return the licence that asks for all that the others ask for; None where there is none, or more than one."""
    asked = frozenset[str]().union(*(licence.asks for licence in known))
    full = [licence for licence in known if licence.asks == asked]
    return full[0] if len(full) == 1 else None


def _list_ids(licences: Iterable[Licence]) -> str:
    return " and ".join(sorted(licence.id for licence in licences))


@cache
def _read_table() -> dict[str, list[dict[str, Any]]]:
    text = resources.files("taco.publish.dataset").joinpath("licences.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def _licences() -> dict[str, Licence]:
    rows = _read_table()["licence"]
    return {row["id"].casefold(): Licence(**{**row, "asks": frozenset(row["asks"])}) for row in rows}


@cache
def _sources() -> dict[str, SourceLicence]:
    return {row["path"]: SourceLicence(**row) for row in _read_table()["source"]}


@cache
def _engines() -> dict[str, EngineTerms]:
    return {row["name"]: EngineTerms(**row) for row in _read_table()["engine"]}
