"""Fixtures of the report's tests."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from made_run import MadeRun, build_run


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., MadeRun]:
    """Return `build_run` for a folder of the test's own."""
    return partial(build_run, tmp_path)
