"""Sheets say nothing of systems, are the seed's, and hostile answers stay text on the page and in a spreadsheet."""

import csv
import dataclasses
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from studies import HOSTILE, make_conversations, make_study, make_submissions, name_input

from taco.annotate.key import read_key
from taco.annotate.make import run_make
from taco.annotate.options import StudyOptions
from taco.annotate.page import embed
from taco.annotate.spreadsheet import guard, read_csv
from taco.errors import DataError, StoreError


class Scripts(HTMLParser):
    """Collects the scripts of a page, and all that it would load."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.loads: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.loads += [value or "" for name, value in attrs if name in ("src", "href", "action", "data")]
        self._inside = tag == "script"
        if self._inside:
            self.scripts.append((given, ""))

    def handle_data(self, data: str) -> None:
        if self._inside:
            given, text = self.scripts[-1]
            self.scripts[-1] = (given, text + data)

    def handle_endtag(self, tag: str) -> None:
        self._inside = False


def read_page(path: Path) -> Scripts:
    parser = Scripts()
    parser.feed(path.read_text(encoding="utf-8"))
    return parser


def test_a_sheet_says_nothing_of_systems_and_the_key_says_all(tmp_path: Path) -> None:
    submissions = make_submissions(systems=("llama-secret", "qwen-secret"))
    key = make_study(tmp_path / "study", submissions)
    files = sorted((tmp_path / "study" / "sheets").iterdir())
    assert [file.name for file in files] == ["ana.csv", "ana.html", "bea.csv", "bea.html", "cai.csv", "cai.html"]
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"secret|writing|llama|qwen|\bseed\b", text)
    answers = {(one.id, one.system): one.answer for one in submissions}
    for sheet in key.sheets:
        shown = json.loads(read_page(tmp_path / "study" / "sheets" / f"{sheet.rater}.html").scripts[0][1])
        assert (shown["digest"], shown["study"]) == (sheet.digest, key.study)
        for line, item in zip(shown["items"], sheet.items, strict=True):
            assert line["id"] == item.id
            assert line["answers"] == [answers[item.question, item.systems[0]]]
            assert item.lengths == (len(line["answers"][0]),)


def test_pairs_are_keyed_in_the_order_of_the_study_whichever_is_shown_first(tmp_path: Path) -> None:
    submissions = make_submissions(systems=("b", "a"))
    key = make_study(tmp_path / "study", submissions, mode="pair", axes=("preference",))
    answers = {(one.id, one.system): one.answer for one in submissions}
    for sheet in key.sheets:
        shown = json.loads(read_page(tmp_path / "study" / "sheets" / f"{sheet.rater}.html").scripts[0][1])
        for line, item in zip(shown["items"], sheet.items, strict=True):
            assert item.systems == ("b", "a")
            straight = [answers[item.question, system] for system in item.systems]
            assert line["answers"] == (straight[::-1] if item.is_flipped else straight)
    assert {item.is_flipped for sheet in key.sheets for item in sheet.items} == {True, False}


@pytest.mark.parametrize(("mode", "axis"), [("rating", "overall"), ("pair", "preference")])
def test_a_later_turn_is_shown_with_its_own_conversation(tmp_path: Path, mode: str, axis: str) -> None:
    submissions = make_conversations()
    key = make_study(tmp_path, submissions, mode=mode, axes=(axis,))
    answers = {(one.id, one.turn, one.system): one for one in submissions}
    shown = json.loads(read_page(tmp_path / "sheets" / "ana.html").scripts[0][1])
    seen = 0
    for line, item in zip(shown["items"], key.sheets[0].items, strict=True):
        systems = item.systems[::-1] if item.is_flipped else item.systems
        known = [answers[item.question, item.turn, system] for system in systems]
        before = [[{"question": turn.question, "answer": turn.answer} for turn in one.earlier] for one in known]
        assert line["earlier"] == [turns for turns in before if turns]
        assert (line["question"], line["answers"]) == (known[0].question, [one.answer for one in known])
        seen += item.turn == 2
    assert seen > 0
    rows = list(csv.DictReader((tmp_path / "sheets" / "ana.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert ({"earlier"} if mode == "rating" else {"earlier 1", "earlier 2"}) <= set(rows[0])
    assert next(iter(read_csv(tmp_path / "sheets" / "ana.csv")))[1] == {
        "sheet": rows[0]["sheet"],
        "item": "i1",
        axis: "",
        "note": "",
    }


def test_the_same_seed_makes_the_same_bytes_and_another_study_is_not_overwritten(tmp_path: Path) -> None:
    submissions = make_submissions()
    for name in ("first", "second"):
        make_study(tmp_path / name, submissions)
    for file in sorted((tmp_path / "first" / "sheets").iterdir()):
        assert file.read_bytes() == (tmp_path / "second" / "sheets" / file.name).read_bytes()
    before = (tmp_path / "first" / "key.json").read_bytes()
    options = StudyOptions(raters=("ana", "bea", "cai"), each=2, seed=1, questions=3)
    count = run_make(options, submissions, inputs=[name_input(submissions, tmp_path)], out=tmp_path / "third")
    assert count.is_balanced()
    assert count.dropped == {"not-drawn": 20}
    make_study(tmp_path / "first", submissions)
    with pytest.raises(StoreError, match="holds another study"):
        make_study(tmp_path / "first", submissions, seed=2)
    assert (tmp_path / "first" / "key.json").read_bytes() == before


def test_a_page_loads_nothing_and_a_hostile_answer_is_data(tmp_path: Path) -> None:
    submissions = [dataclasses.replace(one, answer=HOSTILE + one.answer) for one in make_submissions(questions=2)]
    make_study(tmp_path, submissions, instructions=HOSTILE)
    page = read_page(tmp_path / "sheets" / "ana.html")
    assert [given.get("type") for given, _ in page.scripts] == ["application/json", None]
    assert set(page.loads) == {"#place"}
    shown = json.loads(page.scripts[0][1])
    assert shown["instructions"] == HOSTILE
    assert all(line["answers"][0].startswith(HOSTILE) for line in shown["items"])


@given(st.text() | st.dictionaries(st.text(), st.lists(st.text(), max_size=3), max_size=3))
def test_embedded_values_come_back_and_cannot_end_their_block(value: object) -> None:
    text = embed(value)
    assert json.loads(text) == value
    assert not re.search("[<>&\u2028\u2029]", text)


@given(st.text())
def test_no_cell_begins_a_formula(text: str) -> None:
    cell = guard(text)
    assert not re.match(r"\s*[=+\-@＝＋－＠\t\r]", cell)
    assert "\x00" not in cell


def test_hostile_answers_are_text_in_a_spreadsheet(tmp_path: Path) -> None:
    submissions = [dataclasses.replace(one, answer=f"{HOSTILE}\r\n@SUM(1)") for one in make_submissions(questions=2)]
    make_study(tmp_path, submissions, shows_reference=True)
    with (tmp_path / "sheets" / "ana.csv").open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert {row["answer"][0] for row in rows} == {"'"}
    assert {row["reference"] for row in rows} == {"The sky is blue."}
    assert len(list(read_csv(tmp_path / "sheets" / "ana.csv"))) == len(rows)


def test_nothing_to_rate_is_said(tmp_path: Path) -> None:
    silent = [dataclasses.replace(one, answer="") for one in make_submissions()]
    options = StudyOptions(raters=("a",), each=1, seed=1)
    with pytest.raises(DataError, match="nothing to rate"):
        run_make(options, silent, inputs=[name_input(silent, tmp_path)], out=tmp_path / "study")
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize(
    ("given_options", "fault"),
    [
        ({"raters": ("a", "A")}, "each another one"),
        ({"raters": ("a",), "each": 1, "axes": ("Fluency", "fluency")}, "axes need names"),
        ({"raters": ("a",), "each": 1, "axes": ("fluency", "Note")}, "no axis can be called Note"),
        ({"raters": ("../a",)}, "names are letters"),
        ({"raters": ("a",), "each": 2}, "where there are 1"),
        ({"raters": ("a",), "each": 1, "highest": 12}, "by at most 10"),
        ({"raters": ("a",), "each": 1, "mode": "pair"}, "no axes but 'preference'"),
        ({"raters": ("a",), "each": 1, "axes": ("__proto__",)}, "names are letters"),
    ],
)
def test_studies_that_cannot_be_are_refused(given_options: dict[str, object], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        StudyOptions.model_validate({"seed": 1, **given_options})


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"schema_version": 1}', b"[" * 9999])
def test_a_damaged_key_is_a_data_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key.json").write_bytes(content)
    with pytest.raises(DataError, match="no key of a study"):
        read_key(tmp_path)
