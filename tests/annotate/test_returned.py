"""Ratings come back whole, partly or as rubbish: what fits is read, the rest is named with its file and line."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from studies import make_study, make_submissions

from taco.annotate.key import Key
from taco.annotate.returned import LONGEST_NOTE, read_ratings
from taco.annotate.simulated import SimulatedPanel
from taco.errors import DataError, TacoError

PANEL = SimulatedPanel(seed=1)


@pytest.fixture
def key(tmp_path: Path) -> Key:
    return make_study(tmp_path / "study", make_submissions(), axes=("overall", "fluency"))


def fill(key: Key, folder: Path, number: int = 0) -> Path:
    sheet = key.sheets[number]
    path = folder / f"{sheet.rater}.json"
    path.write_text(PANEL.fill(key, sheet), encoding="utf-8")
    return path


def edit(path: Path, change: Any) -> None:
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    path.write_text(json.dumps(value), encoding="utf-8")


def fill_csv(study: Path, key: Key, out: Path, *, delimiter: str = ",", lines: int | None = None) -> Path:
    """Fill in a sheet's CSV as a spreadsheet would save it."""
    sheet = key.sheets[0]
    rows = list(csv.reader(io.StringIO((study / "sheets" / f"{sheet.rater}.csv").read_text(encoding="utf-8-sig"))))
    ratings = {one["item"]: one["values"] for one in json.loads(PANEL.fill(key, sheet))["ratings"]}
    for row in rows[1:][:lines]:
        row[2:4] = [str(ratings[row[1]][axis]) for axis in ("overall", "fluency")]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    out.write_text(text.getvalue(), encoding="utf-8-sig")
    return out


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_spreadsheet_and_the_page_say_the_same(tmp_path: Path, key: Key, delimiter: str) -> None:
    page = read_ratings([fill(key, tmp_path)], [key])
    sheet = read_ratings([fill_csv(tmp_path / "study", key, tmp_path / "ana.csv", delimiter=delimiter)], [key])
    assert page == sheet
    assert len(page) == len(key.sheets[0].items)
    assert {one.rater for one in page} == {"ana"}
    assert all(set(one.values) == {"overall", "fluency"} for one in page)


def test_a_folder_is_all_its_files_and_a_partial_sheet_is_taken_as_it_is(tmp_path: Path, key: Key) -> None:
    (tmp_path / "back").mkdir()
    fill_csv(tmp_path / "study", key, tmp_path / "back" / "x.csv", lines=5)
    for number in (1, 2):
        edit(fill(key, tmp_path / "back", number), lambda value: value["ratings"][3]["values"].pop("fluency"))
    found = read_ratings([tmp_path / "back"], [key])
    assert sum(one.rater == "ana" for one in found) == 5
    assert sum("fluency" not in one.values for one in found) == 2


def test_digits_of_other_scripts_and_excels_decimals_are_read(tmp_path: Path, key: Key) -> None:
    path = fill_csv(tmp_path / "study", key, tmp_path / "ana.csv", lines=1)
    text = path.read_text(encoding="utf-8-sig").split("\n")
    text[1] = re.sub(r"^([^,]+,[^,]+),\d+,\d+", r"\1,७,8.0", text[1])
    path.write_text("\n".join(text), encoding="utf-8")
    assert read_ratings([path], [key])[0].values == {"overall": 7, "fluency": 8}


def test_an_axis_may_be_called_as_a_column_of_texts_is(tmp_path: Path) -> None:
    axes = ("language", "fluency", "question", "answer")
    key = make_study(tmp_path / "study", make_submissions(questions=2), axes=axes)
    file = tmp_path / "study" / "sheets" / "ana.csv"
    rows = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8-sig"))))
    for row in rows[1:]:
        row[2:6] = ["1", "2", "3", "4"]
    text = io.StringIO()
    csv.writer(text).writerows([*row, "", ""] for row in rows)  # some programs save empty columns too
    file.write_text(text.getvalue(), encoding="utf-8")
    found = read_ratings([file], [key])
    assert len(found) == len(key.sheets[0].items)
    assert all(one.values == dict(zip(axes, (1, 2, 3, 4), strict=True)) for one in found)


def test_a_column_twice_and_a_row_too_short_are_named(tmp_path: Path, key: Key) -> None:
    twice, short = tmp_path / "twice.csv", tmp_path / "short.csv"
    twice.write_text("sheet,item,overall,Overall (1 to 10)\n", encoding="utf-8")
    short.write_text("overall,item,sheet\n5\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_ratings([twice, short], [key])
    assert f"{twice}:1: the column overall stands there twice" in caught.value.message
    assert f"{short} belongs to no sheet of these studies" in caught.value.message


def test_choices_of_pairs_become_choices_of_systems(tmp_path: Path) -> None:
    key = make_study(tmp_path / "study", make_submissions(systems=("a", "b")), mode="pair", axes=("preference",))
    path = fill(key, tmp_path)
    edit(path, lambda value: [one["values"].update(preference=1) for one in value["ratings"]])
    found = read_ratings([path], [key])
    assert {(one.is_flipped, one.values["preference"]) for one in found} == {(False, -1), (True, 1)}
    assert {one.systems for one in found} == {("a", "b")}


def test_all_faults_of_all_files_are_named_at_once(tmp_path: Path, key: Key) -> None:
    first, second, third = (fill(key, tmp_path, number) for number in range(3))

    def spoil(value: dict[str, Any]) -> None:
        value["ratings"][0]["values"] = {"overall": 11}
        value["ratings"][1]["values"] = {"beauty": 3}
        value["ratings"][2]["item"] = "i999"
        value["ratings"][4]["item"] = value["ratings"][3]["item"]

    edit(first, spoil)
    edit(second, lambda value: value.update(sheet="f" * 64))
    copy = tmp_path / "zoe.json"
    copy.write_bytes(third.read_bytes())
    table = fill_csv(tmp_path / "study", key, tmp_path / "table.csv", lines=2)
    text = table.read_text(encoding="utf-8-sig").split("\n")
    text[1] = re.sub(r"^([^,]+,[^,]+),\d+", r"\1,good", text[1])
    table.write_text("\n".join(text), encoding="utf-8")
    strange, cut = tmp_path / "strange.json", tmp_path / "cut.json"
    strange.write_text("[1]", encoding="utf-8")
    cut.write_bytes(third.read_bytes()[:40])
    with pytest.raises(DataError) as caught:
        read_ratings([strange, cut, first, second, third, copy, table], [key])
    assert "_File" not in caught.value.message
    for line in (
        f"{strange} holds no ratings: it is no JSON object",
        f"{cut}:1: no JSON",
        f"{first}: rating 1 ('i1'): overall is '11', expected 1 to 10",
        f"{first}: rating 2 ('i2'): there is no axis 'beauty'",
        f"{first}: rating 3 ('i999'): the sheet of ana has no item 'i999'",
        f"{first}: rating 5 ('i4'): the item i4 stands in",
        f"{second} belongs to no sheet of these studies",
        f"{copy} and {third} are both the sheet of cai: keep one",
        f"{table} and {first} are both the sheet of ana: keep one",
        f"{table}:2: overall is 'good', expected 1 to 10",
    ):
        assert line in caught.value.message


@pytest.mark.parametrize("value", [True, 7.5, "7", None, 10**400, -1, [7], float("nan")])
def test_values_that_are_no_choice_are_refused(tmp_path: Path, key: Key, value: object) -> None:
    path = fill(key, tmp_path)
    edit(path, lambda content: content["ratings"][0]["values"].update(overall=value))
    with pytest.raises(DataError):
        read_ratings([path], [key])


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda value: value.update(taco_ratings=2), "has form 2"),
        (lambda value: value.update(extra=1), "extra: Extra inputs"),
        (lambda value: value["ratings"][0].update(note="a" * (LONGEST_NOTE + 1)), "ratings.0.note"),
        (lambda value: value.pop("sheet"), "sheet: Field required"),
    ],
)
def test_files_of_another_form_are_refused(tmp_path: Path, key: Key, change: Any, fault: str) -> None:
    path = fill(key, tmp_path)
    edit(path, change)
    with pytest.raises(DataError, match=fault):
        read_ratings([path], [key])


def test_a_file_cut_off_is_named_with_its_line(tmp_path: Path, key: Key) -> None:
    path = fill(key, tmp_path)
    text = json.dumps(json.loads(path.read_text()), indent=1)
    path.write_text(text[: len(text) // 2])
    with pytest.raises(DataError, match=rf"{re.escape(str(path))}:\d+: no JSON"):
        read_ratings([path], [key])


def test_nothing_there_is_said(tmp_path: Path, key: Key) -> None:
    with pytest.raises(DataError, match="does not exist"):
        read_ratings([tmp_path / "none.json"], [key])
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no file of ratings"):
        read_ratings([tmp_path / "empty"], [key])
    table = fill_csv(tmp_path / "study", key, tmp_path / "blank.csv", lines=0)
    with pytest.raises(DataError, match="There is no rating"):
        read_ratings([table], [key])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200), st.sampled_from([".json", ".csv"]), st.integers(0, 2000), st.booleans())
def test_rubbish_is_an_error_that_is_understood(
    tmp_path: Path, key: Key, rubbish: bytes, kind: str, place: int, is_inside: bool
) -> None:
    path = tmp_path / f"rubbish{kind}"
    whole = PANEL.fill(key, key.sheets[0]).encode()
    if kind == ".csv":
        whole = (tmp_path / "study" / "sheets" / "ana.csv").read_bytes()
    path.write_bytes(whole[:place] + rubbish + (whole[place:] if is_inside else b""))
    try:
        assert read_ratings([path], [key])
    except TacoError as error:
        assert str(path) in error.message
