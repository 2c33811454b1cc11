"""What a stage is, and what it may use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taco.progress import Progress
from taco.recipe.schema import Recipe
from taco.records import StageCount
from taco.store.run_folder import RunFolder


@dataclass(frozen=True, slots=True)
class Context:
    """What a stage may use.

    Attributes:
        recipe: The resolved recipe.
        folder: The run's folder.
        cache: Folder for models and the translation memory.
        progress: Where to say how far it is.
        key: Key of the stage that runs.
        borrowed: Folder of an adapter that another run trained; None for the run's own.
    """

    recipe: Recipe
    folder: RunFolder
    cache: Path
    progress: Progress
    key: str = ""
    borrowed: Path | None = None

    @property
    def adapter(self) -> Path:
        """The adapter that answers."""
        return self.borrowed or self.folder.stage("train") / "adapter"

    @property
    def memory(self) -> Path:
        """The translation memory."""
        return self.recipe.translate.memory or self.cache / "memory.sqlite"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the pipeline.

    Attributes:
        name: Its name, and that of its folder.
        version: Raised when the same input and options give other results than before.
        inputs: The stages whose files it reads.
        settings: What of the recipe decides its output.
        run: Does the work.
        files: Its files relative to the run folder, where they are not in its own folder.
    """

    name: str
    version: int
    inputs: tuple[str, ...]
    settings: Callable[[Context], Sequence[Any]]
    run: Callable[[Context], StageCount]
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a stage has to run, and why."""

    stage: str
    is_fresh: bool
    reason: str
