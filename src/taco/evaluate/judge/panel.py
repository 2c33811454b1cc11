"""Who judges: one judge, or several as a jury."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from taco.errors import RecipeError, list_faults
from taco.evaluate.judge.judge import JUDGES, Judge, open_judge


@dataclass(frozen=True, slots=True)
class Panelist:
    """One judge of a panel.

    Attributes:
        label: What it is called in results; unique in the panel.
        judge: Its name in the registry.
        options: Its typed options.
    """

    label: str
    judge: str
    options: Any

    def open(self) -> Judge:
        """Open it; makes no call. See `open_judge`."""
        return open_judge(self.judge, self.options)


def make_panelist(judge: str, settings: Mapping[str, Any], *, label: str = "") -> Panelist:
    """Check one judge's options.

    Raises:
        RecipeError: There is no judge of that name, or an option is wrong.
    """
    try:
        options = JUDGES.load_options(judge)(**settings)
    except ValidationError as error:
        faults = "; ".join(list_faults(error, whole="options"))
        raise RecipeError(f"The judge {label or judge} cannot be used like this: {faults}.") from None
    return Panelist(label or str(settings.get("model") or judge), judge, options)


def read_panel(path: Path) -> tuple[Panelist, ...]:
    """Read a jury from TOML: a table [[judge]] for each, with name, label and its options.

    Raises:
        RecipeError: The file is missing or no TOML, or a judge in it cannot be used.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise RecipeError(f"{path} cannot be read as TOML: {error}.") from None
    tables = content.get("judge")
    if set(content) != {"judge"} or not isinstance(tables, list) or not tables:
        raise RecipeError(
            f"{path}: expected tables [[judge]] and nothing else, found {', '.join(content) or 'nothing'}."
        )
    panel = []
    for table in tables:
        settings = dict(table)
        name, label = str(settings.pop("name", "openai")), str(settings.pop("label", ""))
        panel.append(make_panelist(name, settings, label=label))
    return check_panel(panel)


def check_panel(panel: Sequence[Panelist]) -> tuple[Panelist, ...]:
    """Check that judges can be told apart.

    Raises:
        RecipeError: Two have the same label.
    """
    labels = [panelist.label for panelist in panel]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise RecipeError(f"Two judges are called {twice[0]}.", hint="Give each its own label.")
    return tuple(panel)
