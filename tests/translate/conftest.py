"""Fixtures of the translation stage's tests."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock


@pytest.fixture(scope="session")
def alpaca_rows() -> Path:
    """Return the file of 999 GPT-4 answers in Alpaca's form, which is not a part of the repository."""
    named = os.environ.get("TACO_SHARED_DATA")
    folders = [Path(named)] if named else [parent / "shared/data" for parent in Path(__file__).parents]
    for folder in folders:
        if (path := folder / "alpaca/alpaca_gpt4_en_999.json").is_file():
            return path
    pytest.skip("needs shared/data/alpaca/alpaca_gpt4_en_999.json; name the folder in TACO_SHARED_DATA")


@pytest.fixture
def alone_with_ray(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Wait until no other test uses Ray: `ray stop` ends every cluster of the machine.

    A local cluster writes a token into ~/.ray, and a node that is started later then wants it of every other.
    """
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with FileLock(Path(tempfile.gettempdir()) / "taco-tests-ray.lock"):
        yield
