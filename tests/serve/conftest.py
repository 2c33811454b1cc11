"""Fixtures of the server's tests: a real server on the loopback interface with the shipped echo backend."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs the extra [serve]")
pytest.importorskip("prometheus_client", reason="needs the extra [serve]")
pytest.importorskip("httpx2", reason="needs the extra [http]")

from served_runs import Running, make_run, start_server

from taco.serve.options import ServeOptions


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return the folders of three runs: Galician, Persian, Nepali."""
    folder = tmp_path_factory.mktemp("runs")
    return [make_run(folder / f"demo-{code}", code) for code in ("gl", "fa", "ne")]


@pytest.fixture(scope="module")
def server(runs: list[Path]) -> Iterator[Running]:
    with start_server(runs, ServeOptions(port=0)) as running:
        yield running
