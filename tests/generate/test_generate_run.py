"""The stage: every held-out prompt is answered once by each arm, whatever happens on the way."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from taco.errors import DataError, ModelError
from taco.generate.echo import EchoBackend
from taco.generate.options import GenerateOptions
from taco.generate.run import run_generate
from taco.languages.table import find_language
from taco.model.options import ModelOptions
from taco.progress import SilentProgress
from taco.records import ARMS, Answer, Drop, Example, Finish, StageCount
from taco.store.jsonl import read_records, write_records

GALICIAN = find_language("gl")
FILES = ("base.jsonl", "tuned.jsonl", "dropped.jsonl")


def run(chain: Path, out: Path, options: GenerateOptions | None = None, **places: Any) -> StageCount:
    out.mkdir(exist_ok=True)
    return run_generate(
        options or GenerateOptions(backend="echo"),
        model=places.get("model", ModelOptions()),
        chain=chain,
        adapter=places.get("adapter", out / "adapter"),
        out=out,
        cache=out.parent / "cache",
        language=GALICIAN,
        progress=SilentProgress(),
    )


def contents(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in FILES}


def test_every_row_is_answered_by_both_arms_in_the_order_of_the_rows(chain_folder: Path, tmp_path: Path) -> None:
    count = run(chain_folder, tmp_path / "out")
    ids = [example.id for example in read_records(chain_folder / "heldout.jsonl", Example)]
    for arm in ARMS:
        answers = list(read_records(tmp_path / "out" / f"{arm}.jsonl", Answer))
        assert [answer.id for answer in answers] == ids
        assert {answer.arm for answer in answers} == {arm}
        assert {answer.state for answer in answers} == {"no-chain" if arm == "base" else "complete"}
    assert count.is_balanced()
    assert (count.rows_in, count.rows_kept) == (2 * len(ids), 2 * len(ids))


def test_counters_are_the_sums_of_the_answers(chain_folder: Path, tmp_path: Path) -> None:
    count = run(chain_folder, tmp_path / "out", GenerateOptions(backend="echo", max_new_tokens=12))
    for arm in ARMS:
        answers = list(read_records(tmp_path / "out" / f"{arm}.jsonl", Answer))
        assert count.counters[f"{arm}_tokens"] == sum(answer.tokens for answer in answers)
        assert count.counters[f"{arm}_seconds"] == pytest.approx(sum(answer.seconds for answer in answers))
        for finish in get_args(Finish):
            assert count.counters[f"{arm}_finish_{finish}"] == sum(answer.finish == finish for answer in answers)
        for answer in answers:
            assert answer.tokens == sum(section.tokens for section in answer.sections)
            assert answer.seconds == pytest.approx(sum(section.seconds for section in answer.sections))
    assert count.counters["tuned_finish_length"] > 0
    assert count.counters["backend"] == "echo 1"


def test_a_run_killed_after_any_answer_goes_on(
    chain_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(chain_folder, tmp_path / "whole")
    answered: list[tuple[str, str]] = []
    left = 0
    speak = EchoBackend.generate

    def generate(self: EchoBackend, prompts: Any, *, arm: str, **more: Any) -> Iterator[Any]:
        nonlocal left
        for outcome in speak(self, prompts, arm=arm, **more):
            if left == 0:
                raise KeyboardInterrupt
            left -= 1
            yield outcome
            answered.append((arm, outcome.id))

    monkeypatch.setattr(EchoBackend, "generate", generate)
    rows = sum(1 for _ in read_records(chain_folder / "heldout.jsonl", Example))
    for cut in range(2 * rows):
        left, out = cut, tmp_path / f"cut{cut}"
        answered.clear()
        with pytest.raises(KeyboardInterrupt):
            run(chain_folder, out)
        left = -1
        count = run(chain_folder, out)
        assert sorted(answered) == sorted(set(answered))  # nothing was generated twice
        assert len(answered) == 2 * rows
        assert contents(out) == contents(tmp_path / "whole")
        assert count.is_balanced()


def test_a_torn_line_is_generated_again(chain_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(chain_folder, out)
    whole = contents(out)
    for cut in range(0, len(whole["tuned.jsonl"]), 97):
        (out / "tuned.jsonl").write_bytes(whole["tuned.jsonl"][:cut])
        (out / "dropped.jsonl").unlink()
        run(chain_folder, out)
        assert contents(out) == whole


def test_a_refused_prompt_is_dropped_with_its_reason(chain_folder: Path, tmp_path: Path) -> None:
    path = chain_folder / "heldout.jsonl"
    first, *others = read_records(path, Example)
    text = "one.\n" + " " * 24 + "Response in English: two"
    write_records(path, [dataclasses.replace(first, template="taco-paper", prompt=text), *others])
    for _ in range(2):  # and again, with all other answers there
        count = run(chain_folder, tmp_path / "out")
        (drop,) = read_records(tmp_path / "out" / "dropped.jsonl", Drop)
        assert (drop.id, drop.stage, drop.reason) == (first.id, "generate", "label-in-text")
        assert count.is_balanced()
        assert (count.rows_in, count.rows_kept) == (12, 11)


def test_two_rows_with_one_id_are_an_error(chain_folder: Path, tmp_path: Path) -> None:
    path = chain_folder / "heldout.jsonl"
    examples = list(read_records(path, Example))
    write_records(path, [*examples, examples[0]])
    with pytest.raises(DataError, match=examples[0].id):
        run(chain_folder, tmp_path / "out")


def test_no_heldout_rows_make_empty_files(tmp_path: Path) -> None:
    write_records(tmp_path / "chain" / "heldout.jsonl", [])
    count = run(tmp_path / "chain", tmp_path / "out")
    assert contents(tmp_path / "out") == dict.fromkeys(FILES, b"")
    assert count.is_balanced()


def test_a_missing_adapter_is_found_before_anything_is_generated(
    chain_folder: Path, tmp_path: Path, tiny_base: Path
) -> None:
    with pytest.raises(ModelError, match="no adapter"):
        run(chain_folder, tmp_path / "out", GenerateOptions(), model=ModelOptions(base=str(tiny_base)))
    assert not (tmp_path / "out" / "base.jsonl").exists()


def test_a_model_answers_and_resumes_with_the_same_texts(
    chain_folder: Path, tmp_path: Path, tiny_base: Path, tiny_adapter: Path
) -> None:
    out = tmp_path / "out"
    options = GenerateOptions(max_new_tokens=24)
    places = {"model": ModelOptions(base=str(tiny_base)), "adapter": tiny_adapter}
    count = run(chain_folder, out, options, **places)
    assert count.is_balanced()
    assert count.counters["tuned_tokens_per_s"] > 0
    before = texts(out)
    lines = (out / "tuned.jsonl").read_bytes().splitlines(keepends=True)
    (out / "tuned.jsonl").write_bytes(b"".join(lines[:2]) + lines[2][:40])
    run(chain_folder, out, options, **places)
    assert texts(out) == before
    assert before["base"] != before["tuned"]


def texts(out: Path) -> dict[str, dict[str, str]]:
    return {arm: {a.id: a.text for a in read_records(out / f"{arm}.jsonl", Answer)} for arm in ARMS}


def test_results_do_not_depend_on_the_folder(chain_folder: Path, tmp_path: Path, ask: Callable) -> None:
    run(chain_folder, tmp_path / "one")
    moved = shutil.copytree(chain_folder, tmp_path / "other" / "chain")
    run(moved, tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_an_arm_that_is_not_asked_has_an_empty_file_and_needs_no_adapter(
    chain_folder: Path, tmp_path: Path, tiny_base: Path
) -> None:
    options = GenerateOptions(arms=("base",), max_new_tokens=2)
    count = run(chain_folder, tmp_path / "out", options, model=ModelOptions(base=str(tiny_base)))
    rows = len(list(read_records(chain_folder / "heldout.jsonl", Example)))
    assert (count.rows_in, count.rows_kept) == (rows, rows)
    assert not list(read_records(tmp_path / "out" / "tuned.jsonl", Answer))
    assert "tuned_tokens" not in count.counters
