"""Data sets of the hub, through a local folder, which `load_dataset` accepts as well as a name."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from taco.errors import DataError
from taco.progress import SilentProgress
from taco.records import Row
from taco.source.options import SourceOptions
from taco.source.run import run_source
from taco.store.jsonl import read_records

needs_datasets = pytest.mark.skipif(
    importlib.util.find_spec("datasets") is None, reason="the library datasets (taco-llm[hub]) is not installed"
)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataError) as caught:
        run_source(
            SourceOptions(path="hf:owner/name"), folder=tmp_path, out=tmp_path, seed=1, progress=SilentProgress()
        )
    assert "Install taco-llm[hub]" in caught.value.hint


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "set"
    folder.mkdir()
    rows = [{"instruction": f"Q{n}", "context": "", "response": f"A{n}", "category": "open_qa"} for n in range(6)]
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return f"hf:{folder}"


@needs_datasets
@pytest.mark.filterwarnings("default")
def test_rows_of_a_data_set_are_read(dataset: str, tmp_path: Path) -> None:
    options = SourceOptions(path=dataset, heldout=2)
    count = run_source(options, folder=tmp_path, out=tmp_path, seed=1, progress=SilentProgress())
    assert (count.rows_in, count.rows_kept, count.counters["format"]) == (6, 6, "dolly")
    assert {row.origin for row in read_records(tmp_path / "heldout.jsonl", Row)} <= {f"{dataset}:{n}" for n in range(6)}


@needs_datasets
@pytest.mark.filterwarnings("default")
def test_an_unknown_split_is_said_so(dataset: str, tmp_path: Path) -> None:
    options = SourceOptions(path=dataset, split="nonsense")
    with pytest.raises(DataError, match="split 'nonsense'"):
        run_source(options, folder=tmp_path, out=tmp_path, seed=1, progress=SilentProgress())
