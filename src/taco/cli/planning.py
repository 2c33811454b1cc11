"""`taco plan`."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from taco.pipeline import plan_recipe
from taco.progress import SilentProgress
from taco.recipe.schema import Recipe


def print_plan(recipe: Recipe, *, runs: Path, cache: Path, as_json: bool) -> None:
    """Print which stages have to run and what the run would fetch from the network."""
    findings = plan_recipe(recipe, runs=runs, cache=cache, progress=SilentProgress())
    network = list_network(recipe, cache=cache)
    if as_json:
        stages = [{"stage": found.stage, "up_to_date": found.is_fresh, "reason": found.reason} for found in findings]
        print(json.dumps({"run": recipe.run_name, "stages": stages, "network": network}, indent=1))
        return
    table = Table(box=None, header_style="bold")
    for title in ("stage", "will run", "why"):
        table.add_column(title)
    for found in findings:
        table.add_row(found.stage, "no" if found.is_fresh else "yes", found.reason)
    console = Console()
    console.print(f"{runs / recipe.run_name} ({recipe.target.name})", highlight=False)
    console.print(table)
    console.print("Network: " + ("; ".join(network) or "none"), highlight=False)


def list_network(recipe: Recipe, *, cache: Path) -> list[str]:
    """Return what the run would fetch, a phrase each; empty if it needs no network."""
    from taco.model.base import describe_fetch
    from taco.source.location import describe_location

    found = (describe_location(recipe.source), describe_fetch(recipe.model, cache=cache))
    return [phrase for phrase in found if phrase]
