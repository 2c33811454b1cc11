"""docs/serve.md is followed word by word: its marked blocks run as they stand."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from served_runs import make_run, start_server

from taco.serve.options import ServeOptions

PAGE = (Path(__file__).parents[2] / "docs" / "serve.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8642"
QUESTION = "De que cor é o ceo?"


def list_blocks(mark: str) -> list[str]:
    return re.findall(rf"```{mark}\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.slow
def test_the_blocks_of_the_page_run(tmp_path: Path) -> None:
    run = make_run(tmp_path / "quickstart-gl", "gl")
    with start_server([run], ServeOptions(port=0)) as running:
        program = "\n".join(list_blocks("python")).replace(ADDRESS, running.url)
        shown = subprocess.run(
            [sys.executable, "-X", "utf8", "-c", program], capture_output=True, text=True, encoding="utf-8", check=False
        )
        assert shown.returncode == 0, shown.stderr
        assert shown.stdout.startswith(f"{QUESTION}\n{QUESTION}\n\n{QUESTION}\n")
        assert "E pola noite?" in shown.stdout
        assert "Response in Galician:" in shown.stdout
        assert shown.stdout.endswith("rows.jsonl\n")
        if shutil.which("curl"):
            for block in list_blocks("sh"):
                command = block.replace(ADDRESS, running.url)
                reply = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=True).stdout
                assert json.loads(reply)["choices"][0]["message"]["content"] == QUESTION


def test_every_status_and_code_of_the_page_is_one_of_the_servers() -> None:
    source = Path(__file__).parents[2] / "src" / "taco" / "serve"
    text = "".join(path.read_text(encoding="utf-8") for path in source.rglob("*.py"))
    codes = re.findall(r'code="([a-z_]+)"', text)
    assert codes
    assert [code for code in codes if f"`{code}`" not in PAGE and code != "disconnected"] == []
