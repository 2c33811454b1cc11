"""Two Ray nodes on loopback: a job survives the loss of a worker, and its files are those of a local run."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from translate_rows import read_files, translate, write_source

ray = pytest.importorskip("ray", reason="Ray (taco-llm[scale]) is not installed")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.filterwarnings("ignore")]

TESTS = str(Path(__file__).parent)


def _find_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])


def _ray(*args: str) -> None:
    command = [str(Path(sys.executable).parent / "ray"), *args]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def address(alone_with_ray: None) -> Iterator[str]:
    """Two nodes, each of which runs one worker."""
    asked = f"127.0.0.1:{_find_port()}"
    common = ("--num-cpus=1", "--object-store-memory=80000000", "--disable-usage-stats")
    _ray(
        "start",
        "--head",
        "--node-ip-address=127.0.0.1",
        f"--port={asked.rsplit(':')[-1]}",
        "--include-dashboard=false",
        *common,
    )
    try:
        _ray("start", f"--address={asked}", "--node-ip-address=127.0.0.1", *common)
        yield asked
    finally:
        _ray("stop", "--force")


def _find_workers() -> dict[int, int]:
    """Return process -> its parent, the node's daemon, of the workers that are at work or wait for it."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "cmdline").read_bytes().startswith(b"ray::RayWorker"):
                found[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has ended
    return found


def test_a_worker_lost_on_a_cluster_costs_no_row(address: str, tmp_path: Path) -> None:
    source = write_source(tmp_path / "source", train=200, heldout=20)
    translate(source, tmp_path / "local")
    ray.init(address=address, log_to_driver=False, runtime_env={"env_vars": {"PYTHONPATH": TESTS}})
    nodes: set[int] = set()
    killed: list[int] = []

    def kill_one() -> None:
        """Kill a worker as soon as there are two."""
        while not killed:
            workers = _find_workers()
            if len(workers) == 2:
                nodes.update(workers.values())
                os.kill(min(workers), signal.SIGKILL)
                killed.append(min(workers))
            time.sleep(0.01)

    killer = threading.Thread(target=kill_one, daemon=True)
    killer.start()
    try:
        count = translate(source, tmp_path / "ray", runner="ray", ray_address=address, processes=2)
    finally:
        ray.shutdown()
    assert killed
    assert len(nodes) == 2
    assert count.is_balanced()
    assert read_files(tmp_path / "ray") == read_files(tmp_path / "local")
