"""`taco dataset`: from a recipe to a folder, and the same bytes from the same memory."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="needs the extra [dataset]")
parquet = pytest.importorskip("pyarrow.parquet")

ROOT = Path(__file__).parents[2]


def taco(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder, with a cache below it."""
    paths = os.pathsep.join(path for path in sys.path if path)
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": paths, "TACO_CACHE": str(folder / "cache"), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "taco.cli.app", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=env, encoding="utf-8", check=False)


@pytest.fixture
def recipe(tmp_path: Path) -> str:
    rows = [{"instruction": f"Say {n}.", "input": "", "output": f"It is {n}."} for n in range(9)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "my.toml").write_text(
        'name = "mine-{language}"\nlanguage = "eo"\n[source]\npath = "rows.jsonl"\nheldout = 2\n'
        '[translate]\nengine = "echo"\n[gate]\ndrop = "none"\n[dataset]\nsource_licence = "CC-BY-4.0"\n'
    )
    return "my.toml"


def read_files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_recipe_becomes_a_data_set(tmp_path: Path, recipe: str) -> None:
    shown = taco("dataset", recipe, folder=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout == "datasets/mine-eo\n"
    assert "chain: done" in shown.stderr
    assert "train" not in json.loads((tmp_path / "runs" / "mine-eo" / "manifest.json").read_text())["stages"]
    table = parquet.read_table(
        tmp_path / "datasets" / "mine-eo" / "data" / "eo-parallel" / "train-00000-of-00001.parquet"
    )
    assert table.num_rows == 7
    assert set(table["source_licence"].to_pylist()) == {"CC-BY-4.0"}
    again = taco("dataset", recipe, "--quiet", folder=tmp_path)
    assert (again.stdout, again.stderr) == ("datasets/mine-eo\n", "")


def test_source_memory_and_recipe_give_the_same_bytes(tmp_path: Path, recipe: str) -> None:
    taco("dataset", recipe, "--out", "one/set", "--set", "translate.batch_characters=20", folder=tmp_path)
    shutil.rmtree(tmp_path / "runs")
    shutil.copytree(tmp_path / "one" / "set" / "recipes", tmp_path / "given")
    made = taco("dataset", "given/eo.toml", "--out", "two/set", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    one, two = (read_files(tmp_path / name / "set") for name in ("one", "two"))
    different = {name for name in one.keys() | two.keys() if one.get(name) != two.get(name)}
    assert {name for name in different if not name.startswith("run/")} == set()
    assert any(name.endswith(".parquet") for name in one)


def test_errors_fit_one_screen_and_have_their_codes(tmp_path: Path, recipe: str) -> None:
    wrong = taco("dataset", recipe, "--set", "dataset.shard_rows=0", folder=tmp_path)
    assert wrong.returncode == 3
    assert "dataset.shard_rows" in wrong.stderr
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "x.txt").write_text("mine")
    foreign = taco("dataset", recipe, "--out", "there", folder=tmp_path)
    assert foreign.returncode == 8
    assert "x.txt" in foreign.stderr
    assert "Traceback" not in foreign.stderr


def test_help_has_an_example(tmp_path: Path) -> None:
    assert "Example: taco dataset" in taco("dataset", "--help", folder=tmp_path).stdout
