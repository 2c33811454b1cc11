"""A finished run, made once for all tests that read one."""

from pathlib import Path

import pytest
from tiny_run import make_run


@pytest.fixture(scope="session")
def lender(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("lender"), tiny_base)
