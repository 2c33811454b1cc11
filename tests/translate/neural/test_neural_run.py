"""The whole stage with a model: what it translates is kept, what it cannot is dropped with its reason or rerouted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny_translators import POSITIONS, make_sentences, translate_words
from translate_rows import read_drops, read_rows

from taco.languages.table import find_language
from taco.progress import SilentProgress
from taco.records import Row, StageCount
from taco.store.jsonl import write_records
from taco.translate.options import TranslateOptions
from taco.translate.run import Payer, run_translate

GALICIAN = find_language("gl")


def write_rows(folder: Path, texts: list[str]) -> Path:
    rows = [
        Row(id=f"{number:016x}", instruction=text, input="", response=f"- {text}\n- `ls` the cat.")
        for number, text in enumerate(texts)
    ]
    folder.mkdir()
    write_records(folder / "train.jsonl", rows[:15])
    write_records(folder / "heldout.jsonl", rows[15:])
    return folder


def translate(source: Path, folder: Path, model: Path, **options: Any) -> StageCount:
    asked = {"engine": "ctranslate2", "shard_rows": 6, "options": {"model": str(model), "threads": 1}} | options
    return run_translate(
        TranslateOptions.model_validate(asked),
        source=source,
        out=folder / "out",
        target=GALICIAN,
        phrases=[],
        memory=folder / "memory.sqlite",
        payer=Payer(run="a-run", account="tests"),
        progress=SilentProgress(),
    )


def test_rows_are_translated_and_the_second_run_asks_the_memory(word_for_word: Path, tmp_path: Path) -> None:
    texts = make_sentences(20, seed=21)
    source = write_rows(tmp_path / "source", texts)
    count = translate(source, tmp_path / "first", word_for_word)
    assert (count.rows_in, count.rows_kept) == (20, 20)
    rows = read_rows(tmp_path / "first")
    assert [row.instruction for row in rows] == [translate_words(text) for text in texts[:15]]
    assert rows[0].response == f"- {translate_words(texts[0])}\n- `ls` o gato."
    assert rows[0].engine.startswith("ctranslate2 ")
    assert rows[0].unknown_words == 0
    (tmp_path / "second").mkdir()
    (tmp_path / "first" / "memory.sqlite").rename(tmp_path / "second" / "memory.sqlite")
    again = translate(source, tmp_path / "second", word_for_word)
    assert again.counters["calls"] == count.counters["calls"]
    assert read_rows(tmp_path / "second") == rows


def test_rows_of_a_model_without_sense_are_dropped_with_reasons_and_none_is_lost(
    tiny_models: dict[str, Path], tmp_path: Path
) -> None:
    source = write_rows(tmp_path / "source", make_sentences(20, seed=22))
    count = translate(source, tmp_path, tiny_models["nllb"])
    assert count.is_balanced()
    drops = read_drops(tmp_path)
    assert count.rows_in == 20 == count.rows_kept + len(drops)
    assert len(drops) > 10
    refused = [drop for drop in drops if drop.reason == "engine-refused"]
    assert any("came to its limit of 32 tokens" in drop.detail for drop in refused)


def test_a_text_that_the_model_fails_on_goes_to_the_next_engine(word_for_word: Path, tmp_path: Path) -> None:
    long = " ".join(["cat"] * POSITIONS) + "."
    source = write_rows(tmp_path / "source", ["the dog.", long])
    count = translate(source, tmp_path, word_for_word, fallback=["echo"], fallback_options={"echo": {"prefix": "x"}})
    assert (count.rows_kept, count.counters["segments_rerouted"]) == (2, 1)
    near, far = read_rows(tmp_path)
    assert (near.instruction, far.instruction) == ("o can.", long.replace("cat", "xcat"))
    assert " + echo " in far.engine


@pytest.mark.parametrize("processes", [2])
@pytest.mark.slow
def test_several_processes_give_the_same_rows(processes: int, word_for_word: Path, tmp_path: Path) -> None:
    source = write_rows(tmp_path / "source", make_sentences(20, seed=23))
    translate(source, tmp_path / "one", word_for_word)
    translate(source, tmp_path / "many", word_for_word, processes=processes)
    for name in ("train", "heldout"):
        assert read_rows(tmp_path / "one", name) == read_rows(tmp_path / "many", name)
