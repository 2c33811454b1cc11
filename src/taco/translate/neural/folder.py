"""Where a model's files are: a folder here, or one that is fetched from the Hugging Face hub; and their digest."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from taco.errors import EngineError
from taco.store.digests import DigestCache
from taco.store.files import disk_faults

CONVERTED = "model.bin"
"""The file by which a folder of CTranslate2 is known."""

FILES = ("*.safetensors", "*.json", "*.model", "*.spm", "*.txt", CONVERTED)
"""Names of the files that a model consists of; no pickle and no code is among them."""

PICKLES = ("pytorch_model*.bin",)
"""Names of weights that are pickles."""

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFolder:
    """A model's files on this machine.

    Attributes:
        path: The folder.
        label: What messages and signatures call it: the folder's name, or the hub's id and commit.
        digest: SHA-256 over names and contents of its files, 64 hex digits.
        is_converted: Whether it is in CTranslate2's form.
    """

    path: Path
    label: str
    digest: str
    is_converted: bool


def find_model(model: str, *, revision: str | None, allows_pickles: bool, cache: Path) -> ModelFolder:
    """Find a model's files, fetching them where the model is an id of the hub and not here yet.

    Args:
        model: Folder, or id of the Hugging Face hub.
        revision: Branch, tag or commit of an id.
        allows_pickles: Whether weights may be pickles.
        cache: The cache folder, for digests.

    Raises:
        EngineError: There is no such model, it cannot be fetched, or it has no weights that may be read.
        StoreError: A file cannot be read.
    """
    if is_local(model):
        path = Path(model).expanduser()
        label = path.resolve().name
    elif _HUB_ID.fullmatch(model):
        from taco.translate.neural.hub import fetch_model

        path = fetch_model(model, revision, allows_pickles=allows_pickles)
        label = f"{model}@{path.name[:12]}"
    else:
        raise EngineError(
            f"There is no translation model {model!r}.",
            hint="Give a folder such as ./my-model, or a Hugging Face id such as owner/name.",
        )
    check_folder(path, allows_pickles=allows_pickles)
    digest = digest_model(path, allows_pickles=allows_pickles, cache=cache)
    return ModelFolder(path=path, label=label, digest=digest, is_converted=(path / CONVERTED).is_file())


def is_local(model: str) -> bool:
    """Whether a model is given as a folder, not as an id."""
    is_path = model.startswith((".", "/", "~")) or "\\" in model or model.count("/") > 1
    return is_path or Path(model).expanduser().exists()


def describe_fetch(model: str, *, revision: str | None, allows_pickles: bool) -> str:
    """Say what finding a model would fetch from the network; "" for nothing."""
    if is_local(model) or not _HUB_ID.fullmatch(model):
        return ""
    from taco.translate.neural.hub import find_cached

    try:
        is_here = find_cached(model, revision, allows_pickles=allows_pickles) is not None
    except EngineError:  # without the library nothing is fetched either, but the run would want it
        is_here = False
    return "" if is_here else f"the translation model {model} from the Hugging Face hub"


def check_folder(folder: Path, *, allows_pickles: bool) -> None:
    """Check that a folder holds a model whose weights may be read.

    Raises:
        EngineError: It does not.
    """
    if not (folder / "config.json").is_file():
        raise EngineError(
            f"{folder} holds no config.json, so it is no model folder.",
            hint="Give the folder that holds config.json and model.bin (CTranslate2) or *.safetensors.",
        )
    if (folder / CONVERTED).is_file() or any(folder.glob("*.safetensors")):
        return
    pickles = sorted(path.name for name in PICKLES for path in folder.glob(name))
    if pickles and allows_pickles:
        return
    if pickles or not allows_pickles:
        what = f"its weights as {pickles[0]}, a pickle" if pickles else "no *.safetensors and no model.bin"
        raise EngineError(
            f"{folder} holds {what}; a pickle can run code when it is opened, so it is not read unless you say so.",
            hint='If the model has only such weights and you trust it: translate.options.pickled_weights = "weights-only" '
            "reads them with torch's restricted unpickler.",
        )
    raise EngineError(f"{folder} holds no weights.", hint="Copy or download the whole model again.")


def digest_model(folder: Path, *, allows_pickles: bool, cache: Path) -> str:
    """Return the SHA-256 over names and contents of a model's files, as 64 hex digits.

    Raises:
        StoreError: A file cannot be read, or the digests cannot be kept.
    """
    names = (*FILES, *PICKLES) if allows_pickles else FILES
    paths = sorted({path for name in names for path in folder.glob(name) if path.is_file()})
    shelf = cache / "translators"
    with disk_faults(shelf, "make the folder"):
        shelf.mkdir(parents=True, exist_ok=True)
    total = hashlib.sha256()
    with FileLock(shelf / "digests.lock"):  # of several processes, one reads the gigabytes and the others its note
        known = DigestCache(shelf / "digests.json")
        for path in paths:
            total.update(f"{path.name}\0{known.digest(path)}\n".encode())
        known.save()
    return total.hexdigest()


def read_settings(folder: Path, name: str = "config.json") -> dict[str, object]:
    """Return a JSON file of a folder.

    Raises:
        EngineError: It cannot be read.
    """
    try:
        found = json.loads((folder / name).read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise EngineError(f"{folder / name} cannot be read: {error}", hint="Copy or download it again.") from error
    if not isinstance(found, dict):
        raise EngineError(f"{folder / name} holds no table.", hint="Copy or download it again.")
    return found
