"""`taco languages`."""

from __future__ import annotations

import dataclasses
import json

from rich.console import Console
from rich.table import Table

from taco.cli.streams import open_console
from taco.errors import RecipeError
from taco.languages.listing import filter_languages
from taco.languages.table import Language


def print_languages(text: str | None, *, script: str | None, engine: str | None, as_json: bool) -> None:
    """Print the languages that fit, as a table or as JSON.

    Raises:
        RecipeError: The engine is none that the registry has codes for.
    """
    if engine not in (None, "google", "nllb"):
        raise RecipeError(f"--engine {engine!r}: the registry has the codes of google and nllb.")
    found = filter_languages(text, script=script, engine=engine)  # type: ignore[arg-type]
    if as_json:
        print(json.dumps([dataclasses.asdict(language) for language in found], ensure_ascii=False, indent=1))
        return
    table = Table(box=None, header_style="bold")
    for title in ("code", "639-3", "English name", "autonym", "script", "Google", "NLLB", "close to"):
        table.add_column(title, overflow="fold")
    for language in found:
        table.add_row(*_cells(language))
    open_console().print(table)
    Console(stderr=True).print(f"{len(found)} language{'s' * (len(found) != 1)}", highlight=False)


def _cells(language: Language) -> tuple[str, ...]:
    script = language.script if language.direction == "ltr" else f"{language.script} rtl"
    codes = (language.code, language.iso639_3, language.name, language.autonym, script)
    return (*codes, language.google or "-", language.nllb or "-", " ".join(language.relatives))
