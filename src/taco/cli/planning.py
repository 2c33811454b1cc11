"""`taco plan`."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from taco.cli.streams import open_console
from taco.cli.training import describe_training, training_to_json
from taco.gate.estimate import BackEstimate, estimate_round_trip
from taco.pipeline import Finding, plan_recipe
from taco.progress import Progress, SilentProgress
from taco.recipe.schema import Recipe
from taco.translate.estimate import Estimate, describe_fetch, estimate_translation, scale


@dataclass(frozen=True, slots=True)
class _Plan:
    """One language's plan; estimates are None where rows would have to be fetched, or nothing is translated back."""

    recipe: Recipe
    findings: Sequence[Finding]
    forth: Estimate | None
    back: BackEstimate | None

    def scale(self, rows: int) -> _Plan:
        """Return the plan for so many rows; a sample of sentences alone does not grow with them."""
        if self.forth is None or self.back is None or not self.forth.rows:
            return replace(self, forth=self.forth and scale(self.forth, rows))
        if not self.recipe.gate.round_trip:
            return replace(self, forth=scale(self.forth, rows))
        grown = scale(self.back.estimate, round(self.back.estimate.rows * rows / self.forth.rows))
        return replace(self, forth=scale(self.forth, rows), back=replace(self.back, estimate=grown))


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
        plans = [plan.scale(rows) for plan in plans]
    network = list_network(recipe, cache=cache)
    if as_json:
        shown = [_to_json(plan, network) for plan in plans]
        print(json.dumps(shown if len(shown) > 1 else shown[0], indent=1))
        return
    console = open_console()
    for plan in plans:
        console.print(f"{runs / plan.recipe.run_name} ({plan.recipe.target.name})", highlight=False)
        console.print(_show_stages(plan.findings))
    estimates = [plan.forth for plan in plans if plan.forth]
    if estimates:
        console.print(f"Translation with {recipe.translate.engine}", highlight=False)
        console.print(_show_estimates(estimates, [f"en-{one.language}" for one in estimates]))
        for fault in dict.fromkeys(estimate.fault for estimate in estimates if estimate.fault):
            console.print(f"Not here: {fault} Its limits and the memory were left out.", highlight=False, markup=False)
    _print_round_trips(plans, console)
    if len(estimates) < len(plans):
        console.print("Rows of a hub's data set are counted once they were fetched: taco run RECIPE --until source")
    console.print(describe_training(recipe), highlight=False)
    console.print("Network: " + ("; ".join(network) or "none"), highlight=False)


def list_network(recipe: Recipe, *, cache: Path) -> list[str]:
    """Return what the run would fetch, a phrase each; empty if it needs no network."""
    from taco.generate.openai_options import describe_asked
    from taco.model.base import describe_fetch as describe_base
    from taco.source.location import describe_location

    found = (
        describe_location(recipe.source),
        describe_fetch(recipe.translate),
        describe_base(recipe.model, cache=cache),
        describe_asked(recipe.generate),
    )
    return [phrase for phrase in found if phrase]


def _make_plan(recipe: Recipe, *, runs: Path, cache: Path, progress: Progress) -> _Plan:
    findings = plan_recipe(recipe, runs=runs, cache=cache, progress=SilentProgress())
    stages = {found.stage: found for found in findings}
    folder = runs / recipe.run_name
    if stages["source"].is_fresh:
        translated = folder / "translate" if stages["translate"].is_fresh else None
        return _Plan(recipe, findings, *_estimate(recipe, folder / "source", translated, cache))
    return _Plan(recipe, findings, *_estimate_unread(recipe, cache, progress))


def _estimate_unread(recipe: Recipe, cache: Path, progress: Progress) -> tuple[Estimate | None, BackEstimate | None]:
    """Estimate from rows that no run has read yet; None where they would have to be fetched."""
    from taco.source.location import describe_location
    from taco.source.run import run_source

    if describe_location(recipe.source):
        return None, None
    with tempfile.TemporaryDirectory(prefix="taco-plan-") as folder:
        run_source(recipe.source, folder=Path.cwd(), out=Path(folder), seed=recipe.seed, progress=progress)
        return _estimate(recipe, Path(folder), None, cache)


def _estimate(
    recipe: Recipe, source: Path, translated: Path | None, cache: Path
) -> tuple[Estimate, BackEstimate | None]:
    memory = recipe.translate.memory or cache / "memory.sqlite"
    forth = estimate_translation(recipe.translate, source=source, target=recipe.target, memory=memory)
    back = estimate_round_trip(
        recipe.gate,
        recipe.translate,
        source=source,
        translated=translated,
        target=recipe.target,
        seed=recipe.seed,
        memory=memory,
    )
    return forth, back


def _print_round_trips(plans: Sequence[_Plan], console: Console) -> None:
    asked = [(plan.recipe, plan.back) for plan in plans if plan.back]
    if not asked:
        return
    guessed = " (guessed from the English texts)" if any(back.is_guessed for _, back in asked) else ""
    console.print(f"Round trip with {asked[0][1].estimate.engine}{guessed}", highlight=False)
    pairs = [f"{recipe.language}-en" for recipe, _ in asked]
    console.print(_show_estimates([back.estimate for _, back in asked], pairs))
    for fault in dict.fromkeys(back.estimate.fault for _, back in asked if back.estimate.fault):
        console.print(f"Not here: {fault} Its limits and the memory were left out.", highlight=False, markup=False)


def _to_json(plan: _Plan, network: Sequence[str]) -> dict[str, object]:
    stages = [{"stage": found.stage, "up_to_date": found.is_fresh, "reason": found.reason} for found in plan.findings]
    return {
        "run": plan.recipe.run_name,
        "stages": stages,
        "translation": asdict(plan.forth) if plan.forth else None,
        "round_trip": asdict(plan.back) if plan.back else None,
        "training": training_to_json(plan.recipe),
        "network": list(network),
    }


def _show_stages(findings: Sequence[Finding]) -> Table:
    table = Table(box=None, header_style="bold")
    for title in ("stage", "will run", "why"):
        table.add_column(title)
    for found in findings:
        table.add_row(found.stage, "no" if found.is_fresh else "yes", found.reason)
    return table


def _show_estimates(estimates: Sequence[Estimate], pairs: Sequence[str]) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 1, 0, 0))
    for title in ("pair", "rows", "texts", "known", "to send", "characters", "calls", "USD", "hours", "MiB"):
        table.add_column(title, justify="left" if title == "pair" else "right", no_wrap=True)
    for one, pair in zip(estimates, pairs, strict=True):
        counts = (
            one.rows,
            one.texts,
            one.texts_known,
            one.texts_to_send,
            one.characters_to_send,
            one.calls,
        )
        table.add_row(pair, *(f"{count:,}" for count in counts), *_show_costs(one))
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
