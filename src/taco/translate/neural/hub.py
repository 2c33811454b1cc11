"""Translation models of the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path

from taco.errors import EngineError
from taco.progress import LineProgress
from taco.remote.hub import Snapshot
from taco.remote.libraries import import_library
from taco.translate.neural.folder import CONVERTED, FILES, PICKLES
from taco.translate.neural.sentences import EXTRA


def fetch_model(name: str, revision: str | None, *, allows_pickles: bool) -> Path:
    """Return the folder of a model, from Hugging Face's cache or else from the hub. Its name is the commit.

    Args:
        name: The id "owner/name".
        revision: Branch, tag or commit; None for the main branch.
        allows_pickles: Whether weights that are pickles are fetched.

    Raises:
        EngineError: There is no such model or revision, it is gated, or the hub is out of reach.
    """
    cached = find_cached(name, revision, allows_pickles=allows_pickles)
    return cached or _describe(name, revision, allows_pickles).fetch(LineProgress())  # lines: a stage's bar may be on


def find_cached(name: str, revision: str | None, *, allows_pickles: bool) -> Path | None:
    """Return the folder of a model that was fetched before, None where there is none; asks no network.

    Raises:
        EngineError: The library huggingface_hub is not installed.
    """
    folder = _describe(name, revision, allows_pickles).find()
    names = ("*.safetensors", CONVERTED, *(PICKLES if allows_pickles else ()))
    return folder if folder and any(any(folder.glob(name)) for name in names) else None


def _describe(name: str, revision: str | None, allows_pickles: bool) -> Snapshot:
    import_library("huggingface_hub", name="for translation models", extra=EXTRA)
    options = ("translate.options.model", "translate.options.revision")
    wanted = [*FILES, *(PICKLES if allows_pickles else ())]
    return Snapshot(name=name, revision=revision, wanted=wanted, failed=EngineError, options=options)
