"""Fixtures of the data set's tests."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from taco.progress import SilentProgress
from taco.publish.dataset.options import DatasetOptions
from taco.publish.dataset.run_record import RunRecord
from taco.publish.dataset.write import write_dataset

pytest.importorskip("pyarrow", reason="needs the extra [dataset]")


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes runs as a data set below the test's folder and returns its folder."""

    def write_runs(*runs: RunRecord, out: str = "set", **options: Any) -> Path:
        write_dataset(runs, tmp_path / out, options=DatasetOptions(**options), progress=SilentProgress())
        return tmp_path / out

    return write_runs


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Mapping[str, Any]]:
    """Return a function that loads a configuration with the library `datasets`, which finds no network and no cache."""
    datasets = pytest.importorskip("datasets", reason="needs the library datasets")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    datasets.disable_progress_bars()

    def load_configuration(folder: Path, name: str | None, **options: Any) -> Mapping[str, Any]:
        return datasets.load_dataset(str(folder), name, cache_dir=str(tmp_path / "cache"), **options)

    return load_configuration


def read_all(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below a folder, by its path relative to it."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def read_pure(folder: Path) -> dict[str, bytes]:
    """Return the content of the files that depend on source, memory and recipe only."""
    return {name: content for name, content in read_all(folder).items() if not name.startswith("run/")}
