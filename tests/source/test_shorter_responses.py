"""Responses are shortened before translation: whole sentences, training rows only."""

import json
from pathlib import Path

import pytest

from taco.progress import SilentProgress
from taco.records import Row
from taco.source.options import SourceOptions
from taco.source.run import run_source
from taco.source.shorten import shorten_response
from taco.store.jsonl import read_records

LONG = "It rains. We stay. We read.\n\n- a\n- b\n- c\n\nThe end."


@pytest.mark.parametrize(
    ("sentences", "text"),
    [
        (1, "It rains."),
        (3, "It rains. We stay. We read."),
        (5, "It rains. We stay. We read."),
        (6, "It rains. We stay. We read.\n\n- a\n- b\n- c"),
        (7, LONG),
        (99, LONG),
    ],
)
def test_as_many_sentences_as_fit(sentences: int, text: str) -> None:
    assert shorten_response(LONG, sentences) == text


def run(folder: Path, sentences: int | None) -> tuple[list[Row], list[Row], object]:
    rows = [{"instruction": f"Ask {number}.", "input": "", "output": f"{LONG} {number}"} for number in range(4)]
    (folder / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    options = SourceOptions(path="rows.json", heldout=1, max_response_sentences=sentences)
    count = run_source(options, folder=folder, out=folder / "source", seed=1, progress=SilentProgress())
    train, heldout = (list(read_records(folder / "source" / f"{name}.jsonl", Row)) for name in ("train", "heldout"))
    return train, heldout, count.counters.get("shortened")


def test_training_rows_become_shorter_and_stay_the_same_rows(tmp_path: Path) -> None:
    whole, whole_heldout, none = run(tmp_path, None)
    train, heldout, shortened = run(tmp_path, 2)
    assert none is None
    assert shortened == 3
    assert heldout == whole_heldout
    assert [row.id for row in train] == [row.id for row in whole]
    assert {row.response for row in train} == {"It rains. We stay."}
