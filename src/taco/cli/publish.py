"""`taco publish`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from taco.progress import Progress
    from taco.publish.hub.parcel import Parcel


def publish(
    what: Annotated[
        Path,
        typer.Argument(help="A run's folder, or what taco export or taco dataset wrote.", metavar="RUN_OR_DIR"),
    ],
    repo: Annotated[str, typer.Option("--repo", help="Where to, on the Hugging Face hub.", metavar="ORG/NAME")],
    yes: Annotated[bool, typer.Option("--yes", help="Upload. Without it nothing is sent.")] = False,
    public: Annotated[
        bool, typer.Option("--public", help="Let everybody see a new repository; it is private otherwise.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Upload a model or a data set to the Hugging Face hub; without --yes only say what would be uploaded.

    Of a run's folder the adapter is uploaded. The token is that of hf auth login, or HF_TOKEN.

    Example: taco publish exports/quickstart-gl-gguf --repo my-org/my-model
    """
    from taco.progress import open_progress
    from taco.publish.hub.parcel import open_parcel
    from taco.publish.hub.upload import check_repo, upload

    check_repo(repo)
    progress = open_progress(quiet=quiet)
    folder = _export_adapter(what, progress) if (what / "manifest.json").is_file() else what
    parcel = open_parcel(folder)
    if yes:
        print(upload(parcel, repo, public=public, progress=progress))
        return
    print(describe_parcel(parcel, repo, public=public))


def describe_parcel(parcel: Parcel, repo: str, *, public: bool) -> str:
    """Return what would be uploaded, as text: where to, the licence, the files and the card."""
    seen = "everybody" if public else "its owner only (if it is new)"
    lines = [
        f"Would upload the {parcel.kind} {parcel.folder} to {repo}, seen by {seen}. Nothing was sent.",
        f"Licence on the card: {parcel.licence or 'none'}",
        *(f"Warning: {warning}" for warning in parcel.warnings),
    ]
    if parcel.edited:
        lines.append("The card was changed since taco wrote it; it would be uploaded as it is.")
    lines += ["", *(f"{size:>14,}  {name}" for name, size in parcel.files.items())]
    lines += [f"{parcel.bytes:>14,}  bytes in {len(parcel.files)} files", "", "README.md:", ""]
    lines += [f"  {line}".rstrip() for line in parcel.card.splitlines()]
    return "\n".join([*lines, "", "To upload it, give the same command with --yes."])


def _export_adapter(run: Path, progress: Progress) -> Path:
    from taco.cli.export import FOLDER, describe_export
    from taco.export.run import export_run
    from taco.export.tuned_run import TunedRun
    from taco.store.cache import cache_folder

    found = TunedRun.from_folder(run)
    folder = FOLDER / f"{found.recipe.run_name}-adapter"
    export_run(
        found, "adapter", out=folder, weights=None, cache=cache_folder(), texts=describe_export, progress=progress
    )
    return folder
