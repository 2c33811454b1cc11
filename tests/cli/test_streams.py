"""Standard output that takes less than it is given: a full disk, a reader gone, an old encoding, a narrow terminal."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from taco.cli.app import main

ROOT = Path(__file__).parents[2]
QUICKSTART = str(ROOT / "recipes" / "quickstart.toml")
ANSWER = "Instruction in English: Hi\n\nResponse in English: Hello\n\nResponse in Galician: Ola"


def start(*arguments: str, stdout: int, **env: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "taco.cli.app", *arguments]
    env = os.environ | {"COLUMNS": "120"} | env
    return subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE, cwd=ROOT, env=env)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a device that is always full")
@pytest.mark.parametrize(
    "command", [["languages", "nep"], ["recipe", "show", QUICKSTART], ["recipe", "check", QUICKSTART]]
)
def test_a_full_disk_behind_the_output_is_no_fault_of_taco(command: list[str]) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        process = start(*command, stdout=full)
    finally:
        os.close(full)
    error = process.communicate()[1].decode()
    assert process.returncode == 9, error
    assert "No space left on device" in error
    assert "Traceback" not in error
    assert "Exception ignored" not in error


@pytest.mark.parametrize("command", [["languages", "--json"], ["recipe", "check", QUICKSTART]])
def test_a_reader_that_goes_is_not_complained_about(command: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = start(*command, stdout=writer)
    os.close(writer)
    assert process.communicate()[1] == b""
    assert process.returncode == 1


def test_an_encoding_without_the_signs_writes_their_codes() -> None:
    process = start("languages", "nep", "--json", stdout=subprocess.PIPE, PYTHONIOENCODING="ascii")
    shown, error = process.communicate()
    assert process.returncode == 0, error
    (nepali,) = json.loads(shown)
    assert nepali["autonym"] == "नेपाली"


@pytest.mark.parametrize("command", [["failures"], ["languages", "nep"], ["plan", QUICKSTART, "--runs"]])
def test_a_narrow_terminal_cuts_no_figure_off(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "1.txt").write_text(ANSWER, encoding="utf-8")
    arguments = command if command[0] == "languages" else [*command, str(tmp_path)]
    wide, narrow = (
        start(*arguments, stdout=subprocess.PIPE, COLUMNS=columns, TACO_CACHE=str(tmp_path / "cache"))
        .communicate()[0]
        .decode()
        for columns in ("80", "30")
    )
    assert wide == narrow
    assert max(map(len, wide.splitlines())) >= 70


def test_an_interruption_says_that_what_is_done_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("taco.cli.listing.print_languages", interrupt)
    monkeypatch.setattr(sys, "argv", ["taco", "languages"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert "the same command goes on from there" in capsys.readouterr().err
