"""What an export is made from, and the intermediate model that several forms need."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from taco.export.folder import WORK
from taco.export.tuned_run import TunedRun
from taco.model.base import Base
from taco.progress import Progress
from taco.store.files import write_atomically


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One export.

    Attributes:
        run: The finished run.
        base: Its base model.
        weights: Number format, one of those that the form knows; "" for a form without weights.
        out: The folder to write into.
        progress: Where to say how far it is.
    """

    run: TunedRun
    base: Base
    weights: str
    out: Path
    progress: Progress

    @property
    def name(self) -> str:
        """What the model is called."""
        return self.run.recipe.run_name


def merge(job: Job, *, adapter: bool = True) -> Path:
    """Return a folder with the model in 32 bits, made once and kept until the export is whole.

    Args:
        job: The export.
        adapter: Whether the adapter is in it, or the base alone.
    """
    from taco.generate.merged import write_merged

    folder = job.out / WORK / ("merged" if adapter else "base")
    if not (folder / "whole").is_file():
        job.progress.say("Merging the adapter into the base model." if adapter else "Reading the base model.")
        write_merged(job.base, job.run.adapter if adapter else None, folder)
        write_atomically(folder / "whole", [b""])
    return folder
