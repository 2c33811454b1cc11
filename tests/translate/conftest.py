"""Fixtures of the translation stage's tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def alpaca_rows() -> Path:
    """Return the file of 999 GPT-4 answers in Alpaca's form, which is not a part of the repository."""
    named = os.environ.get("TACO_SHARED_DATA")
    folders = [Path(named)] if named else [parent / "shared/data" for parent in Path(__file__).parents]
    for folder in folders:
        if (path := folder / "alpaca/alpaca_gpt4_en_999.json").is_file():
            return path
    pytest.skip("needs shared/data/alpaca/alpaca_gpt4_en_999.json; name the folder in TACO_SHARED_DATA")
