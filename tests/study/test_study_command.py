"""`taco study`: planned without a trace, run, and refused with a reason."""

import json
from pathlib import Path

import pytest
from tiny_study import write_files
from typer.testing import CliRunner

from taco.cli.app import app
from taco.errors import RecipeError


@pytest.fixture
def study(tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TACO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return write_files(tmp_path, tiny_base)


def call(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, ["study", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_dry_run_counts_and_leaves_nothing(study: Path) -> None:
    plan = json.loads(call("ablation", study, "--dry-run", "--json"))
    assert (plan["runs"], plan["done"], plan["trainings"], plan["tokens"]) == (14, 0, 12, 12 * 700)
    assert plan["seconds"] > 0
    assert plan["disk_bytes"] > 0
    assert plan["names"][:4] == ["base", "translate-test", "direct-s0", "translate-only-s0"]
    assert not Path("studies").exists()
    assert "14 runs, 0 of them done" in call("ablation", study, "--dry-run")


def test_a_study_prints_its_table_and_says_where_it_lies(study: Path) -> None:
    printed = call("compare", study, "--arms", "base,direct", "--seeds", "3", "--set", "train.rank=2", "-q")
    assert "| direct |" in printed
    page = Path("studies/tiny/compare.md").read_text()
    assert f"taco study compare {study} --set train.rank=2 --seeds 3 --arms base,direct" in page
    same = ("compare", study, "--arms", "base,direct", "--seeds", "3", "--dry-run", "--json")
    plan = json.loads(call(*same, "--set", "train.rank=2"))
    assert (plan["done"], plan["seconds"], plan["speed"]) == (2, 0.0, "its finished runs")
    assert json.loads(call(*same))["done"] == 1  # what was trained with another rank is no run of this study
    shown = json.loads(call("compare", study, "--arms", "base", "--json", "-q"))
    assert [line["label"] for line in shown["tables"][0]["lines"]] == ["base"]


def test_faults_are_named(study: Path) -> None:
    with pytest.raises(RecipeError, match="did you mean 'direct'"):
        call("compare", study, "--arms", "direkt")
    with pytest.raises(RecipeError, match="seeds"):
        call("compare", study, "--seeds", "one")
