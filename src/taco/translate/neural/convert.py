"""From a model of transformers to one of CTranslate2, made once and kept in the cache.

A conversion is written into a folder of its own and renamed when it is whole, so a kill leaves nothing that looks like
a model. transformers and torch are needed for it, and for nothing after it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from taco.errors import EngineError
from taco.progress import LineProgress
from taco.remote.libraries import import_library
from taco.store.files import disk_faults, write_atomically
from taco.translate.neural.families import FAMILIES
from taco.translate.neural.folder import CONVERTED, ModelFolder, read_settings
from taco.translate.neural.sentences import EXTRA

FORM = 1
"""Version of the conversion; raised whenever it writes something else."""

SEAL = "taco-conversion.json"
"""The last file that is written; a folder without it is not whole."""

_NEEDED = ("torch", "transformers")


def convert_model(model: ModelFolder, *, quantization: str, cache: Path) -> Path:
    """Return the folder of a model in CTranslate2's form, converting it first where that was not done yet.

    Args:
        model: The model, in transformers' form.
        quantization: Number format of the weights, as CTranslate2 calls it.
        cache: The cache folder. Two processes may call this at once.

    Raises:
        EngineError: torch or transformers is missing, or the model cannot be converted.
        StoreError: The cache cannot be written.
    """
    shelf = cache / "translators"
    ready = shelf / f"{model.digest[:24]}-{quantization}-form{FORM}"
    if (ready / SEAL).is_file():
        return ready
    _require_libraries(model)
    with disk_faults(shelf, "make the folder"):
        shelf.mkdir(parents=True, exist_ok=True)
    with FileLock(shelf / f"{ready.name}.lock"):
        if not (ready / SEAL).is_file():
            LineProgress().say(f"Converting {model.label} to CTranslate2's form ({quantization}), once.")
            _convert_whole(model, ready, quantization)
    return ready


def _require_libraries(model: ModelFolder) -> None:
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise EngineError(
            f"{model.label} has to be converted for CTranslate2 once, which needs {' and '.join(missing)}.",
            hint='Install taco-llm[neural,train], or give a folder that was converted elsewhere: pip install "taco-llm[train]".',
        )


def _convert_whole(model: ModelFolder, ready: Path, quantization: str) -> None:
    for left_over in ready.parent.glob(f"{ready.name}.making-*"):
        shutil.rmtree(left_over, ignore_errors=True)
    work = ready.parent / f"{ready.name}.making-{os.getpid()}"
    try:
        _write(model, work, quantization)
        with disk_faults(ready):
            _copy_tokenizer(model.path, work)
            _seal(model, work, quantization)
            shutil.rmtree(ready, ignore_errors=True)
            work.replace(ready)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _write(model: ModelFolder, work: Path, quantization: str) -> None:
    from taco.translate.neural.torch_model import list_faults, quiet_libraries

    library = import_library("ctranslate2.converters", name="ctranslate2", extra=EXTRA)
    try:
        with quiet_libraries():
            converter = library.TransformersConverter(str(model.path))
            _show_languages(converter)
            converter.convert(str(work), quantization=quantization)
    except list_faults() as error:
        first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise EngineError(
            f"{model.label} cannot be converted for CTranslate2: {first_line}",
            hint="It must be a translation model that CTranslate2 knows: NLLB, M2M-100, MADLAD-400, OPUS (Marian).",
        ) from error


class _WithLanguages:
    """A tokenizer whose vocabulary names its languages.

    From version 5 on, M2M-100's in transformers leaves them out, and CTranslate2's converter would not know that they are
    there.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)

    def get_vocab(self) -> dict[str, int]:
        return list_vocabulary(self._tokenizer)


def list_vocabulary(tokenizer: Any) -> dict[str, int]:
    """Return the vocabulary of a tokenizer of transformers, languages included."""
    languages: Mapping[str, int] = getattr(tokenizer, "lang_token_to_id", {})
    return {**tokenizer.get_vocab(), **languages}


def _show_languages(converter: Any) -> None:
    load = converter.load_tokenizer

    def load_with_languages(*args: Any, **named: Any) -> _WithLanguages:
        return _WithLanguages(load(*args, **named))

    converter.load_tokenizer = load_with_languages


def _copy_tokenizer(source: Path, work: Path) -> None:
    names = {name for family in FAMILIES for name in family.files} | {"target.spm"}
    for name in sorted(names):
        if (source / name).is_file():
            shutil.copyfile(source / name, work / name)


def _seal(model: ModelFolder, work: Path, quantization: str) -> None:
    seal = {
        "model": model.label,
        "digest": model.digest,
        "quantization": quantization,
        "ctranslate2": import_library("ctranslate2", name="ctranslate2", extra=EXTRA).__version__,
        "positions": find_positions(model.path),
        "bytes": (work / CONVERTED).stat().st_size,
    }
    write_atomically(work / SEAL, [json.dumps(seal, indent=1).encode(), b"\n"])


def find_positions(folder: Path) -> int | None:
    """Return the positions of a model of transformers, None where it has no end of them, as T5."""
    settings = read_settings(folder)
    positions = settings.get("max_position_embeddings")
    return positions if isinstance(positions, int) and settings.get("model_type") != "t5" else None
