"""The versions that decide what Apertium answers."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from taco.translate.apertium.modes import Mode, find_program, read_commands
from taco.translate.apertium.stream import STREAM_VERSION


def make_signature(path: Sequence[Mode]) -> str:
    """Return the engine's signature for a way through modes.

    It names the modes and the version of every Debian package that owns one of their files or programs; a file that no
    package owns is named by the start of its SHA-256 instead.
    """
    files = [mode.path for mode in path]
    programs: dict[str, None] = {}
    for mode in path:
        programs.update(dict.fromkeys(command[0] for command in read_commands(mode.path)))
    files += [Path(place) for name in programs if (place := find_program(name)) is not None]
    owners = _find_owners(files)
    versions = _find_versions(sorted({owner for owner in owners.values() if owner}))
    parts = [f"{name} {version}" for name, version in versions.items()]
    parts += [f"{file.name} sha256:{_digest(file)}" for file in files if not owners.get(str(file))]
    return f"apertium {'+'.join(mode.name for mode in path)} ({', '.join(parts)}; stream {STREAM_VERSION})"


def _find_owners(files: Sequence[Path]) -> dict[str, str]:
    """Return file -> Debian package; files that no package owns are left out."""
    owners = {}
    for line in _ask_dpkg("--search", *map(str, files)):
        names, _, file = line.rpartition(": ")
        owners[file] = names.split(",")[0].partition(":")[0]
    return owners


def _find_versions(packages: Sequence[str]) -> dict[str, str]:
    if not packages:
        return {}
    lines = _ask_dpkg("--show", "--showformat=${Package} ${Version}\\n", *packages)
    return dict(sorted(line.split(" ", 1) for line in lines if " " in line))


def _ask_dpkg(*arguments: str) -> list[str]:
    program = shutil.which("dpkg-query")
    if program is None:
        return []
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False).stdout.splitlines()


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()[:12]
