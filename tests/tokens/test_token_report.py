"""The report: measured rows, predicted rows, rows of changed settings, and what the command prints."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from taco.cli.app import app
from taco.records import Row, TranslatedRow
from taco.store.jsonl import read_records, write_records

RESPONSE_EN = "It rains. We stay at home. We read."
RESPONSE = "Chove moito. Quedamos na casa. Lemos."


def make_source(folder: Path, rows: int) -> None:
    table = [{"instruction": f"Ask {number}.", "input": "", "output": RESPONSE_EN} for number in range(rows)]
    (folder / "rows.json").write_text(json.dumps(table), encoding="utf-8")


def make_recipe(folder: Path, base: Path, more: str = "") -> str:
    path = folder / "recipe.toml"
    path.write_text(
        f'name = "made"\nlanguage = "gl"\n[source]\npath = "rows.json"\nheldout = 1\n{more}\n'
        f'[translate]\nengine = "echo"\n[model]\nbase = "{base}"\n',
        encoding="utf-8",
    )
    return str(path)


def translate(folder: Path, number: int) -> None:
    """Write a run folder in which the first rows of the source are translated."""
    from taco.progress import SilentProgress
    from taco.source.options import SourceOptions
    from taco.source.run import run_source

    out = folder / "runs" / "made" / "source"
    options = SourceOptions(path="rows.json", heldout=1, limit=number + 1)
    run_source(options, folder=folder, out=out, seed=17, progress=SilentProgress())
    rows = [
        TranslatedRow(
            id=row.id,
            language="gl",
            category="",
            instruction_en=row.instruction,
            input_en="",
            response_en=row.response,
            instruction=row.instruction.replace("Ask", "Pregunta"),
            input="",
            response=RESPONSE,
            words=9,
            unknown_words=0,
            engine="made",
        )
        for row in read_records(out / "train.jsonl", Row)
    ]
    write_records(folder / "runs" / "made" / "translate" / "train.jsonl", rows)


@pytest.fixture
def tokens(tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TACO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "120")

    def call(*arguments: str, more: str = "") -> Any:
        return CliRunner().invoke(app, ["tokens", make_recipe(tmp_path, tiny_base, more), *arguments])

    return call


def read(shown: Any) -> dict[str, Any]:
    assert shown.exit_code == 0, shown.output
    found: dict[str, Any] = json.loads(shown.stdout)
    return found


def test_translated_rows_are_measured(tokens: Any, tmp_path: Path) -> None:
    make_source(tmp_path, 6)
    translate(tmp_path, 5)
    found = read(tokens("--json", "--context", "150"))
    assert (found["measured"], found["predicted"], found["template"]) == (5, 0, "taco v1")
    assert [fit["context"] for fit in found["fits"]] == [150, 2048]
    target, english = found["fertility"]["gl"], found["fertility"]["en"]
    assert target["against_english"] == pytest.approx(target["tokens"] / english["tokens"], abs=1e-3)
    assert target["characters_per_token"] == pytest.approx(target["characters"] / target["tokens"], abs=1e-3)
    parts = found["parts"]
    assert sum(spread["mean"] for name, spread in parts.items() if name != "row") == pytest.approx(
        parts["row"]["mean"], abs=0.1
    )
    assert found["sentences"]["max"] == 3


def test_rows_that_the_gate_dropped_are_not_counted(tokens: Any, tmp_path: Path) -> None:
    make_source(tmp_path, 6)
    translate(tmp_path, 5)
    run = tmp_path / "runs" / "made"
    write_records(
        run / "gate" / "train.jsonl", list(read_records(run / "translate" / "train.jsonl", TranslatedRow))[:3]
    )
    found = read(tokens("--json"))
    assert (found["measured"], found["predicted"]) == (3, 0)
    assert found["origin"].endswith("gate/train.jsonl")


def test_rows_that_are_still_to_be_translated_are_predicted(tokens: Any, tmp_path: Path) -> None:
    make_source(tmp_path, 20)
    translate(tmp_path, 5)
    measured = read(tokens("--json", "--set", "source.limit=6"))
    found = read(tokens("--json"))
    assert (measured["measured"], measured["predicted"]) == (5, 0)
    assert (found["measured"], found["predicted"]) == (5, 14)
    # The rows are all alike, but for their numbers.
    assert found["parts"]["row"]["mean"] == pytest.approx(measured["parts"]["row"]["mean"], rel=0.03)


def test_shorter_responses_are_predicted_anew(tokens: Any, tmp_path: Path) -> None:
    make_source(tmp_path, 6)
    translate(tmp_path, 5)
    whole = read(tokens("--json"))
    found = read(tokens("--json", more="max_response_sentences = 1"))
    assert (found["measured"], found["predicted"]) == (0, 5)
    assert found["sentences"]["max"] == 1
    assert found["parts"]["row"]["max"] < whole["parts"]["row"]["max"]
    assert found["fertility"] == whole["fertility"]


@pytest.mark.parametrize(
    ("template", "examples", "parts"),
    [
        ("direct", 5, {"frame", "prompt", "response", "labels", "row"}),
        ("question-translation", 5, {"frame", "prompt", "instruction_en", "labels", "row"}),
        ("translate-only", 20, {"frame", "prompt", "instruction_en", "response_en", "response", "labels", "row"}),
    ],
)
def test_a_format_has_its_own_parts(tokens: Any, tmp_path: Path, template: str, examples: int, parts: set[str]) -> None:
    make_source(tmp_path, 6)
    translate(tmp_path, 5)
    found = read(tokens("--json", "--set", f"chain.template={template}"))
    assert found["measured"] == examples
    assert set(found["parts"]) == parts


def test_the_tables(tokens: Any, tmp_path: Path) -> None:
    make_source(tmp_path, 6)
    translate(tmp_path, 5)
    tight = int(read(tokens("--json"))["parts"]["row"]["max"]) - 3
    shown = tokens("--context", str(tight), "--context", "10")
    assert shown.exit_code == 0, shown.output
    lines = [" ".join(line.split()) for line in shown.stdout.splitlines()]
    assert any(line.startswith("response in Galician ") for line in lines)
    assert "10 5 100.0 % 5 none is short enough" in lines
    assert f"{tight} 5 100.0 % 0 2 sentences" in lines
    assert "2,048 0 0.0 % 0 as it is" in lines


def test_a_costly_language_gets_advice(tokens: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_source(tmp_path, 6)
    translate(tmp_path, 5)
    assert "hardly knows" not in tokens().stdout
    monkeypatch.setitem(globals(), "RESPONSE", "नमस्ते। " * 30)
    translate(tmp_path, 5)
    assert "hardly knows Galician" in tokens().stdout


def test_without_any_translation_the_command_says_what_to_do(tokens: Any, tmp_path: Path) -> None:
    make_source(tmp_path, 6)
    shown = tokens()
    assert shown.exit_code == 0
    assert "taco run RECIPE --until translate" in shown.stdout
    found = read(tokens("--json"))
    assert (found["measured"], found["fits"], found["fertility"]) == (0, [], {})


def test_the_seed_rows_come_with_translations(tokens: Any, tmp_path: Path) -> None:
    make_source(tmp_path, 6)
    found = read(tokens("--json", "--set", "source.path=seed", "--set", "source.limit=30"))
    assert found["origin"] == "translations that come with taco"
    assert found["measured"] > 20
    assert not (tmp_path / "runs").exists()


def test_a_wrong_context_is_refused(tokens: Any, tmp_path: Path) -> None:
    make_source(tmp_path, 6)
    shown = tokens("--context", "0")
    assert shown.exit_code != 0
    assert "expected a number of tokens" in str(shown.exception)
