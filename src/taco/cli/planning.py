"""`taco plan`."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from taco.pipeline import Finding, plan_recipe
from taco.progress import Progress, SilentProgress
from taco.recipe.schema import Recipe
from taco.translate.estimate import Estimate, estimate_translation, scale


def print_plan(
    recipe: Recipe, *, runs: Path, cache: Path, progress: Progress, as_json: bool, rows: int | None = None
) -> None:
    """Print which stages have to run, what translation would send and cost, and what would be fetched.

    Args:
        recipe: The recipe, for one language or several.
        runs: Folder that holds the run folders.
        cache: The cache folder.
        progress: Where to say how far it is.
        as_json: Print one JSON object instead of tables; a list of them for several languages.
        rows: Number of rows that the source's stand for, None for as many as they are.
    """
    plans = [_make_plan(one, runs=runs, cache=cache, progress=progress) for one in recipe.split()]
    if rows is not None:
        plans = [(one, findings, estimate and scale(estimate, rows)) for one, findings, estimate in plans]
    network = list_network(recipe, cache=cache)
    if as_json:
        shown = [_to_json(one, findings, estimate, network) for one, findings, estimate in plans]
        print(json.dumps(shown if len(shown) > 1 else shown[0], indent=1))
        return
    console = Console()
    for one, findings, _ in plans:
        console.print(f"{runs / one.run_name} ({one.target.name})", highlight=False)
        console.print(_show_stages(findings))
    estimates = [estimate for _, _, estimate in plans if estimate]
    if estimates:
        console.print(f"Translation with {recipe.translate.engine}", highlight=False)
        console.print(_show_estimates(estimates))
        for fault in dict.fromkeys(estimate.fault for estimate in estimates if estimate.fault):
            console.print(f"Not here: {fault} Its limits and the memory were left out.", highlight=False, markup=False)
    if len(estimates) < len(plans):
        console.print("Rows of a hub's data set are counted once they were fetched: taco run RECIPE --until source")
    console.print("Network: " + ("; ".join(network) or "none"), highlight=False)


def list_network(recipe: Recipe, *, cache: Path) -> list[str]:
    """Return what the run would fetch, a phrase each; empty if it needs no network."""
    from taco.model.base import describe_fetch
    from taco.source.location import describe_location

    found = (describe_location(recipe.source), describe_fetch(recipe.model, cache=cache))
    return [phrase for phrase in found if phrase]


def _make_plan(
    recipe: Recipe, *, runs: Path, cache: Path, progress: Progress
) -> tuple[Recipe, list[Finding], Estimate | None]:
    findings = plan_recipe(recipe, runs=runs, cache=cache, progress=SilentProgress())
    stages = {found.stage: found for found in findings}
    if stages["source"].is_fresh:
        return recipe, findings, _estimate(recipe, runs / recipe.run_name / "source", cache)
    return recipe, findings, _estimate_unread(recipe, cache, progress)


def _estimate_unread(recipe: Recipe, cache: Path, progress: Progress) -> Estimate | None:
    """Estimate from rows that no run has read yet; None where they would have to be fetched."""
    from taco.source.location import describe_location
    from taco.source.run import run_source

    if describe_location(recipe.source):
        return None
    with tempfile.TemporaryDirectory(prefix="taco-plan-") as folder:
        run_source(recipe.source, folder=Path.cwd(), out=Path(folder), seed=recipe.seed, progress=progress)
        return _estimate(recipe, Path(folder), cache)


def _estimate(recipe: Recipe, source: Path, cache: Path) -> Estimate:
    memory = recipe.translate.memory or cache / "memory.sqlite"
    return estimate_translation(recipe.translate, source=source, target=recipe.target, memory=memory)


def _to_json(
    recipe: Recipe, findings: Sequence[Finding], estimate: Estimate | None, network: Sequence[str]
) -> dict[str, object]:
    stages = [{"stage": found.stage, "up_to_date": found.is_fresh, "reason": found.reason} for found in findings]
    translation = asdict(estimate) if estimate else None
    return {"run": recipe.run_name, "stages": stages, "translation": translation, "network": list(network)}


def _show_stages(findings: Sequence[Finding]) -> Table:
    table = Table(box=None, header_style="bold")
    for title in ("stage", "will run", "why"):
        table.add_column(title)
    for found in findings:
        table.add_row(found.stage, "no" if found.is_fresh else "yes", found.reason)
    return table


def _show_estimates(estimates: Sequence[Estimate]) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 1, 0, 0))
    for title in ("pair", "rows", "texts", "known", "to send", "characters", "calls", "USD", "hours", "MiB"):
        table.add_column(title, justify="left" if title == "pair" else "right", no_wrap=True)
    for one in estimates:
        counts = (
            one.rows,
            one.texts,
            one.texts_known,
            one.texts_to_send,
            one.characters_to_send,
            one.calls,
        )
        table.add_row(f"en-{one.language}", *(f"{count:,}" for count in counts), *_show_costs(one))
    if len(estimates) > 1:
        known = [one.usd for one in estimates if one.usd is not None]
        seconds = [one.seconds for one in estimates if one.seconds is not None]
        table.add_row(
            "all", "", "", "",
            f"{sum(one.texts_to_send for one in estimates):,}",
            f"{sum(one.characters_to_send for one in estimates):,}",
            f"{sum(one.calls for one in estimates):,}",
            f"{sum(known):,.2f}" if len(known) == len(estimates) else "?",
            f"{sum(seconds) / 3600:,.2f}" if len(seconds) == len(estimates) else "?",
            f"{sum(one.disk_bytes for one in estimates) / 2**20:,.1f}",
        )  # fmt: skip
    return table


def _show_costs(one: Estimate) -> tuple[str, str, str]:
    usd = "?" if one.usd is None else f"{one.usd:,.2f}"
    hours = "?" if one.seconds is None else f"{one.seconds / 3600:,.2f}"
    return usd, hours, f"{one.disk_bytes / 2**20:,.1f}"
