"""Benchmarks on the hub, through a local folder, which `load_dataset` accepts as well as a name."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from taco.errors import DataError
from taco.evaluate.benchmark.read import read_benchmark
from taco.evaluate.files.hub import digest_read, parse_hub_path

needs_datasets = pytest.mark.skipif(
    importlib.util.find_spec("datasets") is None, reason="the library datasets (taco-llm[hub]) is not installed"
)
ROWS = [
    {"question_id": 81, "category": "writing", "turns": ["Why?", "Why not?"], "reference": ["So.", ""]},
    {"question_id": 82, "category": "math", "turns": ["What is 2 + 2?"], "reference": []},
]


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "set"
    folder.mkdir()
    for split, rows in (("train", ROWS), ("test", ROWS[1:])):
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@needs_datasets
@pytest.mark.filterwarnings("default")
def test_a_data_set_is_read_as_its_file_is(dataset: Path) -> None:
    def strip(path: Path) -> list[tuple[object, ...]]:
        return [(one.id, one.category, one.turns, one.references) for one in read_benchmark(path)]

    hub = Path(f"hf:{dataset}")
    assert strip(hub) == strip(dataset / "train.jsonl")
    assert [one.id for one in read_benchmark(Path(f"hf:{dataset}#test"))] == ["82"]
    assert digest_read(hub) == digest_read(hub) != digest_read(Path(f"hf:{dataset}#test"))
    with pytest.raises(DataError, match="split 'nonsense'"):
        read_benchmark(Path(f"hf:{dataset}#nonsense"))


@pytest.mark.parametrize("text", ["hf:", "hf:a/b#", "hf:a/b@", "hf:a/b@#test"])
def test_half_a_name_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="names no data set"):
        parse_hub_path(Path(text))


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataError) as caught:
        read_benchmark(Path("hf:owner/name"))
    assert "Install taco-llm[hub]" in caught.value.hint
