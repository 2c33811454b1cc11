"""Models of the Hugging Face hub: only safe files are asked for, the cache is used first, refusals are explained."""

from __future__ import annotations

import shutil
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from taco.errors import ModelError
from taco.model.base import resolve_base
from taco.model.options import ModelOptions
from taco.model.tokenizer import open_tokenizer
from taco.progress import SilentProgress
from taco.remote.hub import find_transfer_errors

ID = "someone/some-model"


class Hub:
    """Stands in for `huggingface_hub.snapshot_download`, with a cache that is empty at first."""

    def __init__(self, folder: Path, *, fault: Exception | None = None) -> None:
        self.folder, self.fault = folder, fault
        self.calls: list[dict[str, Any]] = []
        self.is_cached = False

    def __call__(self, name: str, **asked: Any) -> str:
        from huggingface_hub.errors import LocalEntryNotFoundError

        self.calls.append({"name": name, **asked})
        if asked.get("local_files_only"):
            if not self.is_cached:
                raise LocalEntryNotFoundError("not there")
            return str(self.folder)
        if self.fault:
            raise self.fault
        bar = asked["tqdm_class"](desc="Reconstructing (incomplete total...)", unit="B", total=0)
        bar.update(1_500_000)
        bar.update(500_000)
        self.is_cached = True
        return str(self.folder)


@pytest.fixture
def use_hub(monkeypatch: pytest.MonkeyPatch) -> Any:
    huggingface_hub = pytest.importorskip("huggingface_hub", reason="needs the extra [train]")

    def install(folder: Path, *, fault: Exception | None = None) -> Hub:
        hub = Hub(folder, fault=fault)
        monkeypatch.setattr(huggingface_hub, "snapshot_download", hub)
        return hub

    return install


def test_a_model_is_fetched_once_and_without_pickles_or_code(use_hub: Any, tiny_base: Path, tmp_path: Path) -> None:
    hub = use_hub(tiny_base)
    options = ModelOptions(base=ID, revision="v1")
    base = resolve_base(options, cache=tmp_path, progress=SilentProgress())
    assert (base.name, base.path) == (ID, tiny_base)
    assert resolve_base(options, cache=tmp_path, progress=SilentProgress()) == base
    fetched = [call for call in hub.calls if not call.get("local_files_only")]
    assert len(fetched) == 1
    assert fetched[0]["revision"] == "v1"
    unsafe = ("pytorch_model.bin", "model.pt", "modeling_own.py", "training_args.bin", "flax_model.msgpack", "x.pkl")
    assert not any(fnmatch(name, pattern) for name in unsafe for pattern in fetched[0]["allow_patterns"])


def test_a_half_fetched_model_is_fetched_again(use_hub: Any, tiny_base: Path, tmp_path: Path) -> None:
    half = Path(shutil.copytree(tiny_base, tmp_path / "half"))
    (half / "model.safetensors").unlink()
    hub = use_hub(half)
    hub.is_cached = True
    with pytest.raises(ModelError, match=r"no .*safetensors"):
        resolve_base(ModelOptions(base=ID), cache=tmp_path, progress=SilentProgress())
    assert [call.get("local_files_only", False) for call in hub.calls] == [True, False]


def test_refusals_are_explained(use_hub: Any, tiny_base: Path, tmp_path: Path) -> None:
    from huggingface_hub import errors

    def fault_of(kind: type[Exception]) -> Exception:
        return kind.__new__(kind)

    said = {
        errors.RepositoryNotFoundError: "has no model someone/some-model",
        errors.GatedRepoError: "accepted its terms",
        errors.RevisionNotFoundError: "no revision 'v9'",
        errors.LocalEntryNotFoundError: "cannot be fetched",
        ConnectionError: "cannot be fetched",
        **dict.fromkeys(find_transfer_errors(), "cannot be fetched"),
    }
    for kind, message in said.items():
        use_hub(tiny_base, fault=fault_of(kind))
        with pytest.raises(ModelError, match=message) as caught:
            resolve_base(ModelOptions(base=ID, revision="v9"), cache=tmp_path, progress=SilentProgress())
        assert caught.value.hint


def test_megabytes_are_counted(use_hub: Any, tiny_base: Path, tmp_path: Path) -> None:
    counted: list[int] = []

    class Counting(SilentProgress):
        def task(self, title: str, **_: Any) -> Any:
            from contextlib import nullcontext

            class Task:
                def advance(self, amount: int = 1, *, note: str = "") -> None:
                    counted.append(amount)

            return nullcontext(Task())

    use_hub(tiny_base)
    resolve_base(ModelOptions(base=ID), cache=tmp_path, progress=Counting())
    assert sum(counted) == 2


def test_a_tokenizer_comes_without_weights(use_hub: Any, tiny_base: Path, tmp_path: Path) -> None:
    bare = Path(shutil.copytree(tiny_base, tmp_path / "bare"))
    (bare / "model.safetensors").unlink()
    hub = use_hub(bare)
    for _ in range(2):
        tokenizer, signature = open_tokenizer(ModelOptions(base=ID), cache=tmp_path, progress=SilentProgress())
        assert signature.startswith(f"{ID}, {len(tokenizer)} tokens")
    (fetched,) = [call for call in hub.calls if not call.get("local_files_only")]
    unwanted = ("model.safetensors", "model-00001-of-00002.safetensors", "pytorch_model.bin", "tokenizer.py", "a.pkl")
    assert not any(fnmatch(name, pattern) for name in unwanted for pattern in fetched["allow_patterns"])
    needed = ("tokenizer.json", "tokenizer_config.json", "tokenizer.model", "spiece.model", "vocab.json", "merges.txt")
    assert all(any(fnmatch(name, pattern) for pattern in fetched["allow_patterns"]) for name in needed)
