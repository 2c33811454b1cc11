"""Task folders: valid YAML whatever the benchmark holds, and files that belong together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.errors import PublishError
from taco.evaluate.benchmark.question import Question
from taco.publish.harness.task import make_task_name, render_card, render_yaml
from taco.publish.harness.write import export_benchmark

QUESTIONS = (
    Question(id="1", category="generic", turns=("{{question}} {% raw %}", "And then?")),
    Question(id="2", category="math | <b>", turns=("2 + 2?",), references=("4",)),
)


def read_yaml(text: str) -> Any:
    return pytest.importorskip("yaml", reason="needs pyyaml").safe_load(text)


def test_a_folder_holds_all_questions_and_those_with_a_reference_apart(tmp_path: Path) -> None:
    tasks = export_benchmark(QUESTIONS, tmp_path / "out", name="My Test 80", source="q.jsonl", digest="0" * 64)
    assert tasks == ["my_test_80", "my_test_80_reference"]
    for task, ids in zip(tasks, (["1", "2"], ["2"]), strict=True):
        yaml = read_yaml((tmp_path / "out" / f"{task}.yaml").read_text())
        assert (yaml["task"], yaml["dataset_path"], yaml["output_type"]) == (task, "json", "generate_until")
        rows = (tmp_path / "out" / yaml["dataset_kwargs"]["data_files"]["test"]).read_text().splitlines()
        assert [json.loads(row)["id"] for row in rows] == ids
        assert yaml["doc_to_text"] == "{{question}}" and yaml["generation_kwargs"]["until"] == []
    card = (tmp_path / "out" / "README.md").read_text()
    assert "math \\| \\<b\\>" in card and "1 questions have further turns" in card
    export_benchmark(QUESTIONS, tmp_path / "out", name="My Test 80", source="q.jsonl", digest="0" * 64)


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(PublishError, match=r"holds mine\.txt already"):
        export_benchmark(QUESTIONS, tmp_path, name="x", source="q.jsonl", digest="0")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@given(st.text())
def test_any_name_becomes_one_that_the_harness_takes(text: str) -> None:
    name = make_task_name(text)
    assert name and name[0].isalpha() and name.isascii() and all(sign.isalnum() or sign == "_" for sign in name)


@given(text=st.text(), file=st.text())
def test_no_name_breaks_the_yaml_or_the_card(text: str, file: str) -> None:
    name = make_task_name(text)
    yaml = read_yaml(render_yaml(name, questions_file=f"{name}.jsonl", metric="chrf"))
    assert (yaml["task"], yaml["dataset_kwargs"]["data_files"]["test"]) == (name, f"{name}.jsonl")
    card = render_card(name, QUESTIONS, source=file, digest="0", tasks=[name])
    assert card.startswith("# ") and "2 questions for lm-evaluation-harness" in card
