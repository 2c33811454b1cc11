"""Several sources: read one after the other as one, each by its own schema."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from taco.errors import DataError
from taco.progress import SilentProgress
from taco.records import Row, StageCount
from taco.source.location import describe_location, digest_source
from taco.source.options import SourceOptions
from taco.source.run import run_source
from taco.store.jsonl import read_records

ALPACA = [{"instruction": f"Question {n}?", "input": "", "output": f"Answer {n}."} for n in range(6)]
DOLLY = [
    {"instruction": f"Ask {n}?", "context": "", "response": f"Reply {n}.", "category": "open_qa"} for n in range(4)
] + [{"instruction": "Question 3?", "context": "", "response": "Answer 3.", "category": "open_qa"}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "alpaca.json").write_text(json.dumps(ALPACA))
    (tmp_path / "dolly.jsonl").write_text("".join(json.dumps(row) + "\n" for row in DOLLY))
    return tmp_path


def make_options(**options: object) -> SourceOptions:
    asked = {"path": "alpaca.json", "more": [{"path": "dolly.jsonl"}], "heldout": 2}
    return SourceOptions.model_validate(asked | options)


def run(folder: Path, options: SourceOptions) -> StageCount:
    return run_source(options, folder=folder, out=folder / "out", seed=1, progress=SilentProgress())


def test_rows_of_both_are_one_source(folder: Path) -> None:
    count = run(folder, make_options())
    assert count.is_balanced()
    assert (count.rows_in, count.rows_kept, count.dropped) == (11, 10, {"duplicate": 1})
    assert count.counters["format"] == "alpaca + dolly"
    rows = [row for name in ("train", "heldout") for row in read_records(folder / "out" / f"{name}.jsonl", Row)]
    assert {row.origin.partition(":")[0] for row in rows} == {"alpaca.json", "dolly.jsonl"}


def test_a_limit_counts_all_of_them(folder: Path) -> None:
    assert run(folder, make_options(limit=8)).rows_in == 8


def test_a_malformed_row_names_its_own_file(folder: Path) -> None:
    (folder / "dolly.jsonl").write_text('{"instruction": "a", "context": ""}\n')
    with pytest.raises(DataError, match=r"dolly\.jsonl:1"):
        run(folder, make_options())


def test_each_of_them_decides_whether_the_stage_is_up_to_date(folder: Path) -> None:
    before = digest_source(make_options(), folder=folder)
    assert before == digest_source(make_options(), folder=folder)
    assert before != digest_source(make_options(more=[]), folder=folder)
    (folder / "dolly.jsonl").write_text(json.dumps(DOLLY[0]) + "\n")
    assert digest_source(make_options(), folder=folder) != before


def test_the_network_is_named_for_all_of_them() -> None:
    options = make_options(path="hf:a/b", more=[{"path": "local.json"}, {"path": "hf:c/d"}])
    assert describe_location(options) == "the data sets a/b and c/d of the Hugging Face hub"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ([{"path": "alpaca.json"}], "more than once"),
        ([{"path": "hf:"}], "source.more 1.*names no data set"),
        ([{"path": "x.json", "revision": "main"}], "source.more 1.*belongs to a hub data set"),
        ([{"path": "x.json", "heldout": 3}], "heldout"),
    ],
)
def test_faults_of_further_sources(more: list[dict[str, object]], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        make_options(more=more)
