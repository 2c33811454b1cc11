"""Write docs/recipe.md, cli.md, judge-options.md and study-options.md from the code; --check only says whether they are up to date."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from taco.cli.app import app
from taco.evaluate.judge.judge import JUDGES
from taco.evaluate.judge.options import CalibrationOptions, JudgeOptions
from taco.generate.backend import BACKENDS
from taco.recipe.schema import Recipe
from taco.study.cost.options import CostStudy
from taco.study.tokens.options import TokenStudy
from taco.study.transfer.options import TransferStudy
from taco.translate.engine import ENGINES

DOCS = Path(__file__).parents[1] / "docs"
NOTE = "<!-- Made by tools/make_docs.py from the code; a test compares them. -->\n\n"


def describe_recipe() -> str:
    """Return docs/recipe.md."""
    parts = [
        NOTE,
        (
            "# Recipe\n\nA recipe is one TOML file. Every option has a default but `name` and `language`; "
            "`taco recipe show RECIPE` prints all of them with the values that they have, "
            "`taco recipe check RECIPE` names all faults, `--set KEY=VALUE` replaces a value for one run.\n\n"
        ),
        "".join(_table("", Recipe)),
    ]
    for name, field in Recipe.model_fields.items():
        if _is_model(field.annotation):
            parts += _list_sections(name, field.annotation)
    for name in ENGINES.names:
        parts += [f"\n## [translate.options] of the engine `{name}`\n\n"]
        parts += ["".join(_table("", ENGINES.load_options(name))) or "No options.\n"]
    for name in BACKENDS.names:
        parts += [f"\n## [generate.options] of the backend `{name}`\n\n", *_table("", BACKENDS.load_options(name))]
    return "".join(parts)


def describe_cli() -> str:
    """Return docs/cli.md."""
    command: Any = typer.main.get_command(app)
    return NOTE + "# Command line\n\n" + "\n".join(_describe_command(command, "taco"))


def describe_judge() -> str:
    """Return docs/judge-options.md."""
    parts = [
        NOTE,
        (
            "# Options of `taco judge`\n\nHow answers are judged is set with `--set KEY=VALUE`, where there is no flag for it; "
            "how a judge is called with `--option KEY=VALUE`, or in a table `[[judge]]` of the file of `--judges`.\n\n"
            "## `--set`\n\n"
        ),
        *_table("", JudgeOptions),
        "\n",
        *_table("calibration.", CalibrationOptions),
    ]
    for name in JUDGES.names:
        parts += [f"\n## `--option` of the judge `{name}`\n\n", *_table("", JUDGES.load_options(name))]
    return "".join(parts)


def describe_studies() -> str:
    """Return docs/study-options.md."""
    parts = [
        NOTE,
        "# Options of studies\n\nWhat may stand in the file of a study that trains nothing; see [study.md](study.md).\n",
    ]
    for name, form in (("tokens", TokenStudy), ("transfer", TransferStudy), ("cost", CostStudy)):
        parts += [f"\n## `taco study {name}`\n\n", *_table("", form)]
        for inner, field in form.model_fields.items():
            if items := _find_items(field.annotation):
                parts += [f"\n### [[{inner}]]\n\n{(items.__doc__ or '').strip()}\n\n", *_table("", items)]
    return "".join(parts)


def _list_sections(name: str, model: Any) -> Iterator[str]:
    """Yield the tables of a stage's options and of the tables inside it."""
    yield f"\n## [{name}]\n\n"
    yield from _table(f"{name}.", model)
    for inner, field in model.model_fields.items():
        if _is_model(field.annotation):
            yield from _list_sections(f"{name}.{inner}", field.annotation)
        elif (items := _find_items(field.annotation)) and items.__doc__:
            yield f"\n## [[{name}.{inner}]]\n\n{items.__doc__.strip()}\n\n"
            yield from _table("", items)


def _find_items(annotation: Any) -> Any:
    """Return the model that a tuple of tables holds, or None."""
    return next((one for one in get_args(annotation) if _is_model(one)), None)


def _table(prefix: str, model: Any) -> Iterator[str]:
    fields = {name: field for name, field in model.model_fields.items() if not _is_model(field.annotation)}
    if not fields:
        return
    yield "| option | default | what it is |\n|---|---|---|\n"
    for name, field in fields.items():
        yield f"| `{prefix}{name}` | {_default(field)} | {(field.description or '').replace('|', '/')} |\n"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    value = field.get_default(call_default_factory=True)
    return "none" if value is None else f"`{value}`" if not isinstance(value, BaseModel) else "the engine's own"


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _describe_command(command: Any, name: str) -> Iterator[str]:
    context = typer.Context(command, info_name=name, terminal_width=100, max_content_width=100)
    yield f"## {name}\n\n```\n{command.get_help(context).strip()}\n```\n"
    for child in getattr(command, "commands", {}).values():
        yield from _describe_command(child, f"{name} {child.name}")


PAGES = {
    "recipe.md": describe_recipe,
    "cli.md": describe_cli,
    "judge-options.md": describe_judge,
    "study-options.md": describe_studies,
}


def main() -> None:
    stale = []
    for name, make in PAGES.items():
        text = make()
        path = DOCS / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(text, encoding="utf-8")
    if stale and "--check" in sys.argv:
        sys.exit(f"{', '.join(stale)}: run {sys.executable} tools/make_docs.py")


if __name__ == "__main__":
    main()
