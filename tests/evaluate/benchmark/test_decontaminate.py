"""Rows that hold a benchmark are found, exact or nearly so, in any script; innocent ones are not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.errors import DataError
from taco.evaluate.benchmark.contamination import ContaminationOptions, Detector, tidy
from taco.evaluate.benchmark.decontaminate import decontaminate
from taco.evaluate.benchmark.learnt import look_through, note_learnt, read_learnt
from taco.evaluate.benchmark.question import Question
from taco.evaluate.benchmark.read import read_benchmark
from taco.progress import SilentProgress
from taco.records import Row, TranslatedRow
from taco.store.jsonl import write_records
from taco.train.options import TrainOptions

BENCHMARK = (
    Question(id="1", turns=("How can a small town prepare for the flood that comes every spring?",)),
    Question(id="2", turns=("Why do leaves fall?",)),
    Question(id="3", turns=("म कसरी मेरो समय व्यवस्थापन कौशल सुधार गर्न सक्छु भन्ने कुरा बताउनुहोस्?",)),
    Question(id="4", turns=("春天的洪水来临之前小镇应该怎样做好准备呢？",)),
    Question(
        id="5",
        turns=("Solve it.", "Now write the steps of the proof in the order in which they were found."),
        references=("First add the two equations, then divide both sides by seven, and x is three.",),
    ),
)


def find(row: dict[str, Any], **options: float) -> tuple[str, str] | None:
    hit = Detector(BENCHMARK, ContaminationOptions(**options)).find(row, origin="rows:1")
    return None if hit is None else (hit.question, hit.how)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"instruction": "how can a SMALL town prepare for the flood, that comes every spring"}, ("1", "exact")),
        ({"instruction": "Why do leaves fall?", "input": "", "output": "x"}, ("2", "exact")),
        ({"instruction": "How can a tiny town prepare for the flood that comes each spring?"}, ("1", "similarity")),
        (
            {"instruction": "Answer.", "input": "How can a small town prepare for the flood that comes every spring?"},
            ("1", "exact"),
        ),
        (
            {"output": "He asked: how can a small town prepare for the flood that comes every spring? I did not know."},
            ("1", "overlap"),
        ),
        ({"instruction": "Tell me in two words: why do leaves fall, and when?"}, ("2", "overlap")),
        ({"instruction": "Now write the steps of the proof, in the order in which they were found!"}, ("5", "exact")),
        (
            {"messages": [{"role": "user", "content": "now write the steps of a proof in the order they were found"}]},
            ("5", "similarity"),
        ),
        ({"instruction": "म कसरी मेरो समय व्यवस्थापन कौशल सुधार गर्न सक्छु भन्ने कुरा भन्नुहोस्"}, ("3", "similarity")),
        ({"instruction": "春天的洪水来临之前小镇应该怎样做好准备？"}, ("4", "similarity")),
        (
            {"response": "Well, first add the two equations, then divide both sides by seven, and x is three."},
            ("5", "reference"),
        ),
        (
            {"messages": [{"role": "user", "content": "Hi"}, {"role": "user", "content": "why do leaves fall"}]},
            ("2", "exact"),
        ),
        ({"conversations": [{"from": "human", "value": "Why do leaves fall?"}]}, ("2", "exact")),
        ({"instruction_en": "Why do leaves fall?", "instruction": "Por que caen as follas?"}, ("2", "exact")),
        ({"instruction": "How can a small town earn money from its market?"}, None),
        (
            {"instruction": "Farmers with an empty field in winter ask why do leaves fallow, and what comes of it?"},
            None,
        ),
        ({"output": "Children ask: why do leaves fall? It is the cold."}, None),
        ({"instruction": "Solve this equation.", "output": "x is three"}, None),
        ({"instruction": "समय भनेको के हो?"}, None),
        ({"id": 7, "tags": ["a", 1, None]}, None),
        ({}, None),
    ],
)
def test_rows_are_told_apart(row: dict[str, Any], expected: tuple[str, str] | None) -> None:
    assert find(row) == expected


def test_marks_of_letters_are_kept_and_joiners_are_not() -> None:
    assert tidy("की  का!") == "की का"
    assert tidy("می\u200cخواهم") == "میخواهم"
    assert tidy("ＡＢＣ") == "abc"


@given(
    st.recursive(
        st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_any_row_is_borne(value: Any) -> None:
    find({"instruction": value, "input": value, "messages": value})


@given(
    st.lists(
        st.sampled_from(
            ["the", "flood", "of", "spring", "comes", "over", "a", "small", "old", "town", "and", "every", "river"]
        ),
        min_size=8,
    )
)
def test_a_question_in_a_row_is_always_found(words: list[str]) -> None:
    question = Question(id="q", turns=(" ".join(words),))
    hit = Detector([question], ContaminationOptions()).find({"output": f"Yes. {' '.join(words)}! No."}, origin="")
    assert hit is not None and hit.question == "q"


def test_the_other_rows_are_written_as_they_were(tmp_path: Path) -> None:
    rows = [
        {"instruction": "Why do leaves fall?", "x": 1},
        {"instruction": "Ola, que tal?", "x": [1, {"y": None}]},
        {"instruction": "Why do leaves fall!", "x": 3},
    ]
    (tmp_path / "rows.json").write_text(json.dumps(rows, indent=1))
    out = tmp_path / "clean.jsonl"
    found = decontaminate(
        tmp_path / "rows.json", BENCHMARK, options=ContaminationOptions(), out=out, progress=SilentProgress()
    )
    assert (found.rows, len(found.hits), found.questions) == (3, 2, ("2",))
    assert [json.loads(line) for line in out.read_text().splitlines()] == rows[1:2]
    hits = [json.loads(line) for line in (tmp_path / "clean.contaminated.jsonl").read_text().splitlines()]
    assert [hit["origin"] for hit in hits] == ["rows.json:2", "rows.json:15"]


@pytest.mark.parametrize("content", ['{"instruction": "a"}\n[1]\n', '{"a": "b"\n', '[{"a": 1}, 2]', '[{"a": 1'])
def test_rubbish_is_refused_and_leaves_no_file(tmp_path: Path, content: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(content)
    out = tmp_path / "clean.jsonl"
    with pytest.raises(DataError):
        decontaminate(path, BENCHMARK, options=ContaminationOptions(), out=out, progress=SilentProgress())
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("out", ["rows.jsonl", "questions.jsonl", "rows.contaminated.jsonl", "rows"])
def test_a_file_that_is_read_is_never_written(tmp_path: Path, out: str) -> None:
    names = ("rows.jsonl", "questions.jsonl", "rows.contaminated.jsonl.contaminated.jsonl", "rows.contaminated.jsonl")
    path, questions, *others = (tmp_path / name for name in names)
    for file in (path, questions, *others):
        file.write_text("{}\n")
    settings = {"options": ContaminationOptions(), "progress": SilentProgress(), "kept": [questions, others[1]]}
    with pytest.raises(DataError, match="is a file that is read"):
        decontaminate(path, BENCHMARK, out=tmp_path / out, **settings)  # type: ignore[arg-type]
    assert {file.read_text() for file in tmp_path.iterdir()} == {"{}\n"}


def make_row(number: int, english: str, target: str) -> TranslatedRow:
    return TranslatedRow(
        id=f"r{number}",
        language="gl",
        category="",
        instruction_en=english,
        input_en="",
        response_en="Yes.",
        instruction=target,
        input="",
        response="Si.",
        words=3,
        unknown_words=0,
        engine="echo",
    )


ROWS = [
    make_row(1, "Name three of the rivers that flow into the sea.", "Nomea tres dos ríos."),
    make_row(2, "Who was it that built the old tower of the town?", "Quen construíu a vella torre da cidade?"),
]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"turns": ["Quen construíu a vella torre da cidade?"]}, [("run/gate/train.jsonl:2", "exact")]),
        (
            {"turns": ["Noutras palabras."], "turns_en": ["Who was it that built the old tower of the town?"]},
            [("run/gate/train.jsonl:2", "exact")],
        ),
        ({"turns": ["Outra cousa completamente distinta?"]}, []),
    ],
)
def test_the_rows_of_a_run_are_looked_through_in_both_languages(
    tmp_path: Path, asked: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    run = tmp_path / "run"
    write_records(run / "gate" / "train.jsonl", ROWS)
    (tmp_path / "questions.jsonl").write_text(json.dumps({"question_id": 7, "category": "", **asked}) + "\n")
    questions = read_benchmark(tmp_path / "questions.jsonl")
    learnt = look_through(run, TrainOptions(), questions, progress=SilentProgress())
    assert [(hit.origin, hit.how) for hit in learnt.hits] == expected
    assert learnt.rows == 2
    said = note_learnt(run, TrainOptions(), questions, out=tmp_path, progress=SilentProgress())
    assert said.startswith("Of 2 training rows, 1 hold" if expected else "None of the 2 training rows holds")
    assert read_learnt(tmp_path) == learnt
    (run / "gate" / "train.jsonl").unlink()
    said = note_learnt(run, TrainOptions(), questions, out=tmp_path, progress=SilentProgress())
    assert "not looked at" in said and "is missing" in said
    assert read_learnt(tmp_path) is None


def test_the_rows_of_other_runs_and_english_stages_are_looked_through_too(tmp_path: Path) -> None:
    run, other = tmp_path / "run", tmp_path / "other"
    write_records(run / "translate" / "train.jsonl", ROWS[:1])
    write_records(
        run / "source" / "train.jsonl", [Row(id="r", instruction="Why do leaves fall?", input="", response="x")]
    )
    write_records(other / "translate" / "train.jsonl", ROWS[1:])
    stages = [{"name": "a", "rows": ["chain", str(other)], "replay": 0.1}]
    question = Question(id="1", turns=("Who was it that built the old tower of the town?",))
    options = TrainOptions.model_validate({"stages": stages})
    learnt = look_through(run, options, [question, BENCHMARK[1]], progress=SilentProgress())
    assert learnt.rows == 3
    assert {(hit.origin, hit.question) for hit in learnt.hits} == {
        ("other/translate/train.jsonl:1", "1"),
        ("run/source/train.jsonl:1", "2"),
    }
