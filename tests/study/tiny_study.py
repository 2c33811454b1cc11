"""A study of a tiny model on a dozen rows: its files, and a call."""

import json
from pathlib import Path

from taco.progress import Progress, SilentProgress
from taco.study.options import load_arms_study
from taco.study.run import run_study
from taco.study.table import Study

RECIPE = """
name = "tiny"
language = "gl"
[source]
path = {rows}
heldout = 3
[translate]
engine = "echo"
[gate]
drop = "none"
[model]
base = {base}
[train]
rank = 4
alpha = 8
save_every_steps = 1
[generate]
backend = "echo"
max_new_tokens = 60
[evaluate]
bootstrap_samples = 100
"""
STUDY = """
name = "tiny"
recipe = "tiny.toml"
seeds = [0, 1]
tokens = 700
batch_tokens = 350
"""


def write_files(folder: Path, base: Path, *, study: str = STUDY) -> Path:
    """Write rows, a recipe and a study; return the study's file."""
    rows = [{"instruction": f"Say the number {n}.", "input": "", "output": f"It is {n}.\n- {n}"} for n in range(12)]
    (folder / "rows.json").write_text(json.dumps(rows))
    recipe = RECIPE.format(rows=json.dumps(str(folder / "rows.json")), base=json.dumps(str(base)))
    (folder / "tiny.toml").write_text(recipe)
    path = folder / "study.toml"
    path.write_text(study)
    return path


def make_study(
    path: Path, folder: Path, *, kind: str = "compare", progress: Progress | None = None, **given: object
) -> Study:
    """Make the study of a file in a folder."""
    return run_study(
        load_arms_study(path, kind=kind, given=given),
        kind=kind,
        folder=folder / "study",
        cache=folder / "cache",
        progress=progress or SilentProgress(),
    )
