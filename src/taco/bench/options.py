"""What a bench is asked to do, and how its engines are named and set."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from taco.errors import RecipeError, list_faults
from taco.languages.table import ENGLISH, Language
from taco.recipe.load import read_value
from taco.registry import suggest
from taco.translate.engine import ENGINES

Direction = Literal["from", "to"]
"""Whether texts are translated from English or to English."""

COPY = "copy"
"""Label of the baseline that gives every text back as it is."""

_LABEL = re.compile(r"[\w-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineChoice:
    """One engine to try.

    Attributes:
        label: What its row is called; the engine's name, unless the same engine is tried with several settings.
        engine: Its name in the registry.
        options: Its typed options.
    """

    label: str
    engine: str
    options: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Where the texts and their human translations are.

    Attributes:
        file: One file with both sides, JSON Lines or TSV; None where there are two files.
        source: File of texts to translate, one a line.
        reference: File of their human translations, line by line.
        source_field: Field or column of `file` that holds the English text, "" for the usual names.
        target_field: Field or column of `file` that holds the text in the language, "" for the usual names.
    """

    file: Path | None = None
    source: Path | None = None
    reference: Path | None = None
    source_field: str = ""
    target_field: str = ""

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files."""
        return tuple(path for path in (self.file, self.source, self.reference) if path is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchOptions:
    """What a bench is asked to do.

    Attributes:
        languages: The languages, other than English.
        engines: The engines.
        corpus: The texts.
        direction: From English or to English.
        limit: Number of texts of each language to draw at random; None for all of them.
        seed: Seed of that draw, of the resamples and of the exchanges.
        samples: Number of resamples behind an interval, and of exchanges behind a p-value.
        budget_usd: Engines that charge are not asked for more than this in all.
        is_fresh: Do not read the translation memory, so that every text is sent and timed.
    """

    languages: tuple[Language, ...]
    engines: tuple[EngineChoice, ...]
    corpus: Corpus
    direction: Direction = "from"
    limit: int | None = None
    seed: int = 0
    samples: int = 1000
    budget_usd: float = 1.0
    is_fresh: bool = False

    def pair(self, language: Language) -> tuple[Language, Language]:
        """Return the language to translate from and the one to translate into."""
        return (ENGLISH, language) if self.direction == "from" else (language, ENGLISH)


def choose_engines(names: Sequence[str], settings: Sequence[str]) -> tuple[EngineChoice, ...]:
    """Read engines and their options as they stand on the command line.

    Args:
        names: "ENGINE", or "LABEL=ENGINE" to try one engine with several settings.
        settings: "ENGINE.KEY=VALUE" or "LABEL.KEY=VALUE"; the right side is TOML, or a text.

    Raises:
        RecipeError: There is no such engine or option, a label stands twice, or a form is wrong.

    >>> [choice.label for choice in choose_engines(["echo", "loud=echo"], ["loud.prefix=X"])]
    ['echo', 'loud']
    """
    engines: dict[str, str] = {}
    for name in names:
        label, _, engine = name.rpartition("=")
        label = label or engine
        if not _LABEL.fullmatch(label) or label == COPY:
            raise RecipeError(
                f"--engines: {label!r} cannot be the label of a row.",
                hint=f"Letters, digits, '-' and '_', and not {COPY!r}, which is the baseline that is always shown.",
            )
        if label in engines:
            raise RecipeError(
                f"--engines: {label!r} stands there twice.", hint=f"Give one of them a label: other={engine}"
            )
        engines[label] = engine
    tables = _sort_settings(settings, engines)
    return tuple(
        EngineChoice(label=label, engine=engine, options=_check_options(label, engine, tables[label]))
        for label, engine in engines.items()
    )


def _sort_settings(settings: Sequence[str], engines: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    tables: dict[str, dict[str, Any]] = {label: {} for label in engines}
    for setting in settings:
        key, equals, text = setting.partition("=")
        label, dot, option = key.strip().partition(".")
        if not (equals and dot and label and option):
            raise RecipeError(
                f"--option {setting.partition('=')[0]!r} has no form ENGINE.KEY=VALUE.",
                hint="For example: --option apertium.processes=1",
            )
        if label not in tables:
            raise RecipeError(
                f"--option {key!r}: no engine of this bench is called {label!r}{suggest(label, tables)}",
                hint=f"--engines names: {', '.join(tables)}.",
            )
        tables[label][option] = read_value(text.strip())
    return tables


def _check_options(label: str, engine: str, table: Mapping[str, Any]) -> Any:
    kind: type[BaseModel] = ENGINES.load_options(engine)
    try:
        return kind.model_validate(table)
    except ValidationError as error:
        raise RecipeError(
            f"--option of {label}: {'; '.join(list_faults(error, whole='all together'))}.",
            hint=f"Options of {engine}: {', '.join(kind.model_fields) or 'none'}.",
        ) from error
