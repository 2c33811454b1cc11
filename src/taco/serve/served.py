"""The runs that are served: what each one's adapter learnt, and which of them a request means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from taco.chain.formats import find_format
from taco.chain.template import Template
from taco.errors import DataError, RecipeError, list_faults
from taco.languages.pick import pick_language
from taco.languages.table import Language
from taco.recipe.schema import Recipe
from taco.store.manifest import read_manifest

AUTO = "auto"
"""Name that stands for the run of the question's language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One run.

    Attributes:
        name: Name of its folder, by which clients ask for it.
        folder: Its folder.
        recipe: What it was made from.
        template: The template that its adapter answers questions in.
        created: When its manifest was written, seconds since 1970.
    """

    name: str
    folder: Path
    recipe: Recipe
    template: Template
    created: int

    @property
    def adapter(self) -> Path:
        """Folder of the adapter."""
        return self.folder / "train" / "adapter"

    @property
    def feedback(self) -> Path:
        """Folder of what readers say about its answers."""
        return self.folder / "feedback"

    @property
    def language(self) -> Language:
        """The target language."""
        return self.recipe.target


def read_served(folder: Path) -> Served:
    """Read what a run folder holds.

    Raises:
        DataError: It holds no run, or one whose training is not done.
        RecipeError: The run's format answers no questions.
    """
    path = folder / "manifest.json"
    if not path.is_file():
        raise DataError(f"{folder} holds no run: there is no manifest.json.", hint="taco run RECIPE makes one.")
    manifest = read_manifest(path)
    stage = manifest.stages.get("train")
    if stage is None or stage.status != "done":
        raise DataError(f"{folder} holds a run whose training is not done.", hint="Run it first: taco run RECIPE.")
    try:
        recipe = Recipe.model_validate(manifest.recipe)
    except ValidationError as error:
        fault = list_faults(error, whole="the recipe")[0]
        raise DataError(f"{path} holds a recipe that this version cannot read: {fault}.") from error
    return Served(
        name=folder.resolve().name,
        folder=folder,
        recipe=recipe,
        template=find_answering(recipe.chain.template),
        created=int(path.stat().st_mtime),
    )


def find_answering(name: str) -> Template:
    """Return the template of a format that answers a question in the target language.

    Raises:
        RecipeError: The format has none.

    >>> find_answering("taco").name
    'taco'
    """
    for template in find_format(name).templates:
        if template.prompt == "instruction" and "response" in template.section_names:
            return template
    raise RecipeError(
        f"The chain format {name!r} answers no questions in the target language, so its runs cannot be served.",
        hint="Serve a run of a format such as taco, plug, two-section or direct.",
    )


class Menu:
    """The served runs by name.

    Args:
        runs: At least one.

    Raises:
        RecipeError: Two have the same name, one is called "auto", or they differ in their base model.
    """

    def __init__(self, runs: Sequence[Served]) -> None:
        self.runs = tuple(runs)
        self._by_name = {run.name: run for run in runs}
        if len(self._by_name) < len(runs) or AUTO in self._by_name:
            raise RecipeError(
                f"The runs' folders are called {', '.join(run.name for run in runs)}; clients ask for them by these names.",
                hint=f"Give each folder a name of its own, and none the name {AUTO}.",
            )
        first = self.runs[0]
        for run in self.runs[1:]:
            if run.recipe.model != first.recipe.model:
                raise RecipeError(
                    f"{first.name} and {run.name} have different base models: {first.recipe.model.base} and "
                    f"{run.recipe.model.base}, or the same in other numbers.",
                    hint="Start one server for each base model.",
                )

    def warm_up(self) -> None:
        """Load what telling languages apart needs, so that no request waits for it."""
        for run in self.runs:
            self.find(AUTO, run.language.autonym)

    def find(self, name: str, question: str) -> Served | None:
        """Return the run that a request means; None where there is none of that name."""
        if name != AUTO:
            return self._by_name.get(name)
        by_language: dict[str, Served] = {}
        for run in self.runs:
            by_language.setdefault(run.language.code, run)
        language = pick_language(question, [run.language for run in by_language.values()])
        return by_language[language.code]
