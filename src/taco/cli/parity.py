"""The parity check of `taco export --check`."""

from __future__ import annotations

import json
from pathlib import Path

from taco.errors import PublishError
from taco.export.parity import Parity, measure_parity
from taco.export.tuned_run import TunedRun
from taco.progress import Progress


def check_parity(run: TunedRun, folder: Path, *, prompts: int, cache: Path, progress: Progress) -> None:
    """Hold an export against transformers and say what was found; keep it in the folder's parity.json.

    Raises:
        PublishError: A prompt has other token ids, or the export has no model.
    """
    from taco.export.folder import add_file

    parity = measure_parity(run, folder, prompts=prompts, cache=cache, progress=progress)
    add_file(folder, "parity.json", json.dumps(parity.as_record(), indent=1).encode() + b"\n")
    for line in describe_parity(parity):
        progress.say(line)
    raise_difference(parity)


def check_served(folder: Path, *, prompts: int, cache: Path, progress: Progress) -> None:
    """Hold the server of a run against transformers; the figures go to stdout as one line of JSON.

    Raises:
        PublishError: A prompt has other token ids.
    """
    from taco.export.served import measure_served
    from taco.serve.loopback import serve_loopback

    parity = measure_served(
        TunedRun.from_folder(folder),
        start=lambda session: serve_loopback(folder, session),
        prompts=prompts,
        cache=cache,
        progress=progress,
    )
    for line in describe_parity(parity):
        progress.say(line)
    print(json.dumps(parity.as_record()))
    raise_difference(parity)


def raise_difference(parity: Parity) -> None:
    """Raise an error where prompts differ.

    Raises:
        PublishError: They do.
    """
    if parity.same_ids < parity.prompts:
        raise PublishError(
            f"{parity.prompts - parity.same_ids} of {parity.prompts} prompts have other token ids in {parity.engine} than in "
            f"training; the first is number {parity.first_difference} of the held-out rows.",
            hint="Do not hand this on: the model would answer worse there than its scores say.",
        )


def describe_parity(parity: Parity) -> list[str]:
    """Return what a parity check found, in sentences."""
    return [
        f"Prompts with the same token ids in {parity.engine}: {parity.same_ids} of {parity.prompts}.",
        (
            f"Answers whose first {parity.tokens} tokens are the same: {parity.same_text} of {parity.prompts}; "
            f"{100 * parity.agreement:.1f} % of these tokens come before the first difference."
        ),
    ]
