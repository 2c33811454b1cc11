"""`taco answer` from outside."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from taco.chain.options import ChainOptions
from taco.cli.app import app
from taco.errors import DataError
from taco.evaluate.benchmark.answer import Answerer
from taco.generate.options import GenerateOptions
from taco.languages.table import find_language
from taco.model.options import ModelOptions
from taco.train.options import TrainOptions


def test_a_folder_of_other_answers_keeps_what_it_says_of_its_own_benchmark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answerer = Answerer(
        run=tmp_path / "run",
        chain=ChainOptions(),
        model=ModelOptions(),
        generate=GenerateOptions(backend="echo"),
        language=find_language("gl"),
        adapter={},
    )
    monkeypatch.setattr("taco.cli.answer._open_run", lambda *_: (SimpleNamespace(train=TrainOptions()), answerer))
    benchmark, out = tmp_path / "questions.jsonl", tmp_path / "out"
    benchmark.write_text(json.dumps({"question_id": 1, "turns": ["Que é o mar?"]}), encoding="utf-8")
    out.mkdir()
    (out / "asked.json").write_text("{}\n", encoding="utf-8")
    (out / "learnt.json").write_text("of the other benchmark", encoding="utf-8")
    shown = CliRunner().invoke(app, ["answer", "run", "--benchmark", str(benchmark), "--out", str(out), "--quiet"])
    assert isinstance(shown.exception, DataError)
    assert "holds answers of another run or to other questions" in shown.exception.message
    assert (out / "learnt.json").read_text(encoding="utf-8") == "of the other benchmark"
