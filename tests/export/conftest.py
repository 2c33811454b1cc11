"""Fixtures of the export tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sentencepiece_base import save_sentencepiece_base
from taco.cli.export import describe_export
from taco.export.run import export_run
from taco.export.tuned_run import TunedRun
from taco.progress import SilentProgress
from tuned_runs import build_tuned_run

pytest.importorskip("torch", reason="needs the extra [train]")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Let torch use one thread: for models as tiny as these more threads only wait for each other."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def kept_run(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Path:
    """Return a run folder on the tiny byte-level base; not to be changed."""
    return build_tuned_run(tmp_path_factory.mktemp("run"), tiny_base)


@pytest.fixture(scope="session")
def spm_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run folder on a tiny base that llama.cpp can convert; not to be changed."""
    folder = tmp_path_factory.mktemp("spm")
    return build_tuned_run(folder, save_sentencepiece_base(folder / "base"))


@pytest.fixture
def run(kept_run: Path, tmp_path: Path) -> Path:
    """Return a copy of the run folder."""
    return Path(shutil.copytree(kept_run, tmp_path / "run"))


@pytest.fixture
def export(tmp_path: Path) -> Callable[..., bool]:
    """Return a function that exports a run and says whether anything was written."""

    def write(run: Path, form: str, *, out: Path, weights: str | None = None) -> bool:
        return export_run(
            TunedRun.from_folder(run),
            form,
            out=out,
            weights=weights,
            cache=tmp_path / "cache",
            texts=describe_export,
            progress=SilentProgress(),
        )

    return write
