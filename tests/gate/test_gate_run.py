"""The stage as a whole: what it drops and keeps, that nothing is lost, and that it can be killed."""

import json
import random
from collections import Counter
from pathlib import Path

import pytest
from gate_rows import gate, plant_faults, read_drops, read_rows, translate_seed, write_rows

from said import Said
from taco.errors import DataError
from taco.records import Figures
from taco.store.jsonl import read_records

FILES = ("train", "heldout", "phrases", "figures", "dropped", "rejects", "flagged")


@pytest.fixture(scope="module")
def translated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return translate_seed(tmp_path_factory.mktemp("seed"))


def read_files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def planted(translated: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Good rows with faulty ones among them; and the faults by id."""
    good = read_rows(translated / "train.jsonl")
    spoilt = list(plant_faults(good, random.Random(17)))
    rows = good + [row for _, row in spoilt]
    random.Random(5).shuffle(rows)
    heldout = read_rows(translated / "heldout.jsonl")
    folder = write_rows(tmp_path_factory.mktemp("planted"), rows, [*heldout[:3], spoilt[0][1]])
    return folder, {row.id: fault for fault, row in spoilt}


def test_clean_rows_pass_as_they_are(translated: Path, tmp_path: Path) -> None:
    count = gate(translated, tmp_path)
    assert count.is_balanced() and count.rows_in == 313
    assert sum(count.dropped.values()) <= 0.03 * count.rows_in
    source = (translated / "train.jsonl").read_bytes().splitlines()
    kept = (tmp_path / "train.jsonl").read_bytes().splitlines()
    assert kept == [line for line in source if line in set(kept)]
    assert (tmp_path / "phrases.jsonl").read_bytes() == (translated / "phrases.jsonl").read_bytes()


def test_planted_faults_are_dropped_and_good_rows_kept(planted: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    folder, faults = planted
    gate(folder, tmp_path)
    dropped = {drop.id for drop in read_drops(tmp_path / "dropped.jsonl")}
    rows = [row.id for row in read_rows(folder / "train.jsonl")]
    missed = Counter(fault for row_id, fault in faults.items() if row_id not in dropped)
    clean = [row_id for row_id in rows if row_id not in faults]
    assert len(faults) >= 60
    assert missed.total() <= 0.05 * len(faults), missed
    assert sum(row_id in dropped for row_id in clean) <= 0.03 * len(clean)


def test_every_row_is_kept_or_dropped_with_figure_and_threshold(
    planted: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    folder, _ = planted
    count = gate(folder, tmp_path)
    drops, rejects = read_drops(tmp_path / "dropped.jsonl"), read_rows(tmp_path / "rejects.jsonl")
    kept = [row.id for name in ("train", "heldout") for row in read_rows(tmp_path / f"{name}.jsonl")]
    everything = [row.id for name in ("train", "heldout") for row in read_rows(folder / f"{name}.jsonl")]
    assert sorted(kept + [row.id for row in rejects]) == sorted(everything)
    assert [drop.id for drop in drops] == [row.id for row in rejects]
    assert Counter(drop.reason for drop in drops) == count.dropped
    assert count.rows_in == len(everything) and count.is_balanced()
    assert all(drop.detail and drop.origin.startswith("translate/") for drop in drops)
    lines = (folder / "train.jsonl").read_text().splitlines()
    for drop in drops:
        assert json.loads(lines[int(drop.origin.partition(":")[2]) - 1])["id"] == drop.id
    assert [figures.id for figures in read_records(tmp_path / "figures.jsonl", Figures)] == everything


def test_held_out_rows_are_flagged_and_stay_unless_they_may_be_dropped(
    planted: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    folder, faults = planted
    count = gate(folder, tmp_path / "train")
    assert (tmp_path / "train" / "heldout.jsonl").read_bytes() == (folder / "heldout.jsonl").read_bytes()
    flagged = read_drops(tmp_path / "train" / "flagged.jsonl")
    assert count.counters["flagged"] == len(flagged) == 1
    assert faults[flagged[0].id] == "wrong language" and "heldout.jsonl" in flagged[0].origin
    gate(folder, tmp_path / "all", drop="all")
    assert len(read_rows(tmp_path / "all" / "heldout.jsonl")) == 3
    nothing = gate(folder, tmp_path / "none", drop="none")
    assert not nothing.dropped and nothing.rows_kept == nothing.rows_in
    assert (tmp_path / "none" / "train.jsonl").read_bytes() == (folder / "train.jsonl").read_bytes()
    assert int(nothing.counters["flagged"]) > 50


def test_thresholds_of_the_recipe_and_chosen_checks(planted: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    folder, _ = planted
    count = gate(folder, tmp_path / "one", checks=("too-long",), thresholds={"length_ratio_high": 1.2})
    assert set(count.dropped) == {"too-long"}
    (threshold,) = json.loads((tmp_path / "one" / "thresholds.json").read_bytes())["checks"]
    assert (threshold["value"], threshold["found"]) == (1.2, "recipe")
    assert count.counters["threshold_length_ratio_high"] == 1.2
    assert count.counters["threshold_length_ratio_high_from"] == "recipe"
    assert not gate(folder, tmp_path / "no", checks=()).dropped


class Killed(BaseException):
    """Stands for SIGKILL."""


def test_killed_at_any_file_the_same_call_gives_the_same_files(
    planted: tuple[Path, dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = planted
    gate(folder, tmp_path / "whole")
    expected = read_files(tmp_path / "whole")
    assert {name.partition(".")[0] for name in expected} == {*FILES, "thresholds"}
    replace_file, moments = Path.replace, 0

    def replace_or_die(path: Path, target: Path) -> Path:
        nonlocal moments
        moments += 1
        if moments == die_at:
            raise Killed
        return replace_file(path, target)

    monkeypatch.setattr(Path, "replace", replace_or_die)
    for cut in range(1, len(expected) + 1):
        die_at, moments = cut, 0
        with pytest.raises(Killed):
            gate(folder, tmp_path / f"cut-{cut}")
        die_at = 0
        gate(folder, tmp_path / f"cut-{cut}")
        assert read_files(tmp_path / f"cut-{cut}") == expected


def test_a_damaged_row_is_named(translated: Path, tmp_path: Path) -> None:
    folder = write_rows(tmp_path / "rows", read_rows(translated / "train.jsonl")[:2], [])
    with (folder / "train.jsonl").open("ab") as file:
        file.write(b'{"id": "x"}\n')
    with pytest.raises(DataError, match=r"train\.jsonl:3 is no TranslatedRow"):
        gate(folder, tmp_path / "out")
    half = write_rows(tmp_path / "half", read_rows(translated / "train.jsonl")[:2], [])
    (half / "heldout.jsonl").unlink()
    with pytest.raises(DataError, match=r"heldout\.jsonl is missing"):
        gate(half, tmp_path / "out")


def test_no_rows_are_no_fault(tmp_path: Path) -> None:
    count = gate(write_rows(tmp_path / "rows", [], []), tmp_path / "out")
    assert count.rows_in == 0 and count.is_balanced()


def test_many_drops_are_said_aloud(translated: Path, tmp_path: Path) -> None:
    rows = read_rows(translated / "train.jsonl")[:30]
    listener = Said()
    gate(
        write_rows(tmp_path / "rows", rows, []), tmp_path / "out", progress=listener, thresholds={"length_ratio_low": 9}
    )
    assert "The gate drops 30 of 30 rows." in listener.lines[0]
