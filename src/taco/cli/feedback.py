"""`taco feedback`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Run = Annotated[Path, typer.Argument(help="The run whose answers were liked or corrected.", metavar="RUN")]
Folder = Annotated[
    Path | None, typer.Option("--feedback", help="Folder of the feedback; by default RUN/feedback.", metavar="FOLDER")
]


def feedback(run: Run, folder: Folder = None) -> None:
    """Make training examples of what readers liked or corrected, and print their folder's name.

    A recipe learns them with `[[train.stages]]` and `rows = ["chain", "RUN/feedback"]`.

    Example: taco feedback runs/quickstart-gl
    """
    from taco.progress import open_progress
    from taco.serve.learning import write_examples
    from taco.serve.served import read_served

    served = read_served(run)
    found = folder or served.feedback
    count = write_examples(served, found)
    dropped = ", ".join(f"{number} {reason}" for reason, number in sorted(count.dropped.items()))
    kept = f"{count.rows_kept} of {count.rows_in} records are examples now"
    open_progress().say(kept + (f" (left out: {dropped})" if dropped else ""))
    print(found)
