"""`taco answer` from outside."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner, Result

from taco.chain.options import ChainOptions
from taco.cli.app import app
from taco.errors import DataError
from taco.evaluate.benchmark.answer import Answerer
from taco.generate.options import GenerateOptions
from taco.languages.table import find_language
from taco.model.options import ModelOptions
from taco.records import StageCount
from taco.store.files import write_atomically
from taco.train.options import TrainOptions


@pytest.fixture(autouse=True)
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a run that learnt one row; nothing was trained."""
    answerer = Answerer(
        run=tmp_path / "run",
        chain=ChainOptions(),
        model=ModelOptions(),
        generate=GenerateOptions(backend="echo"),
        language=find_language("gl"),
        adapter={},
    )
    monkeypatch.setattr("taco.cli.answer._open_run", lambda *_: (SimpleNamespace(train=TrainOptions()), answerer))
    row = {"id": "a", "instruction": "Que é o mar?", "instruction_en": "What is the sea?"}
    write_atomically(tmp_path / "run" / "translate" / "train.jsonl", [json.dumps(row).encode(), b"\n"])
    return tmp_path / "run"


def answer(folder: Path, *, question_id: object = 1) -> Result:
    benchmark, out = folder / "questions.jsonl", folder / "out"
    benchmark.write_text(json.dumps({"question_id": question_id, "turns": ["Que é o mar?"]}), encoding="utf-8")
    return CliRunner().invoke(
        app, ["answer", str(folder / "run"), "--benchmark", str(benchmark), "--out", str(out), "--quiet"]
    )


def test_a_folder_of_other_answers_keeps_what_it_says_of_its_own_benchmark(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "asked.json").write_text("{}\n", encoding="utf-8")
    (out / "learnt.json").write_text("of the other benchmark", encoding="utf-8")
    shown = answer(tmp_path)
    assert isinstance(shown.exception, DataError)
    assert "holds answers of another run or to other questions" in shown.exception.message
    assert (out / "learnt.json").read_text(encoding="utf-8") == "of the other benchmark"


def test_ids_of_a_benchmark_do_not_steer_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = StageCount(rows_in=2, rows_kept=2)
    monkeypatch.setattr("taco.evaluate.benchmark.answer.answer_benchmark", lambda *_, **__: counted)
    shown = answer(tmp_path, question_id="x\x1b[2J")
    assert shown.exit_code == 0, shown.exception
    assert "Of 1 training rows, 1 hold questions of this benchmark" in shown.stdout
    assert "\x1b" not in shown.stdout
    assert "x\x1b[2J" in json.loads((tmp_path / "out" / "learnt.json").read_bytes())["hits"][0]["question"]
