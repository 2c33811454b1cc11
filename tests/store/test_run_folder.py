"""The run folder: locked for one run, its manifest refused where damaged."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from taco.errors import StoreError
from taco.store.manifest import Manifest, StageEntry
from taco.store.run_folder import RunFolder

HOLD = """
import sys
from pathlib import Path
from taco.store.run_folder import RunFolder
with RunFolder(Path(sys.argv[1])).lock():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_is_refused_and_told_who_holds_the_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout and other.stdin
        assert other.stdout.readline() == "held\n"
        with (
            pytest.raises(StoreError, match=rf"Another run is working in .*process {other.pid}"),
            RunFolder(tmp_path).lock(),
        ):
            pass
        other.kill()
    with RunFolder(tmp_path).lock():  # a killed run leaves no lock behind
        assert f'"pid": {os.getpid()}' in (tmp_path / "lock.json").read_text()


def test_manifest_survives(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert folder.read_manifest() == Manifest()
    manifest = Manifest(name="x", stages={"source": StageEntry(key="k", status="done", dropped={"too-long": 1})})
    folder.write_manifest(manifest)
    assert folder.read_manifest() == manifest


@pytest.mark.parametrize("text", ["", "{", "[]", '{"stages": {"source": {}}}', '{"schema_version": 99}'])
def test_a_damaged_manifest_is_refused_with_advice(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(StoreError, match=r"manifest\.json .*\n(Move the run folder away)"):
        RunFolder(tmp_path).read_manifest()
