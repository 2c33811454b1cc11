"""The transfer study with questions of its own: a benchmark in English, and languages that no engine translates into."""

import json
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taco.errors import DataError, RecipeError
from taco.evaluate.benchmark.question import Question
from taco.progress import SilentProgress
from taco.records import Drop, Example, Row, TranslatedRow
from taco.store.jsonl import read_records, write_records
from taco.store.manifest import read_manifest
from taco.study.form import load_study
from taco.study.transfer.options import TransferStudy
from taco.study.transfer.questions import Given, make_row, take_given
from taco.study.transfer.run import run_transfer
from taco.study.transfer.summary import LENT, LanguageResult, TransferResults

ENGLISH = ("How old is the sun?", "Name a river.", "What is 2 + 2?")
NEPALI = ("सूर्य कति पुरानो छ?", "एउटा नदीको नाम भन।", "२ + २ कति हुन्छ?")


def write_questions(path: Path, texts: Sequence[str], *, first: int = 1, **more: object) -> Path:
    lines = [{"question_id": number, "turns": [text], **more} for number, text in enumerate(texts, start=first)]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return path


def make(lender: Path, folder: Path, **more: object) -> TransferResults:
    study = TransferStudy.model_validate({"name": "made", "run": lender, **more})
    return run_transfer(study, folder=folder / "out", cache=folder / "cache", progress=SilentProgress())[0]


def find(results: TransferResults, code: str) -> LanguageResult:
    return next(one for one in results.languages if one.language == code)


def read_prompts(folder: Path, code: str) -> list[str]:
    return [row.prompt for row in read_records(folder / "out" / "runs" / code / "chain" / "heldout.jsonl", Example)]


def test_a_language_without_an_engine_is_asked_what_the_others_are(lender: Path, tmp_path: Path) -> None:
    english = write_questions(tmp_path / "question.jsonl", ENGLISH)
    file = write_questions(tmp_path / "nepali.jsonl", NEPALI)
    found = make(lender, tmp_path, english=english, languages=["es"], benchmarks={"Nepali": file})
    assert [one.language for one in found.languages] == ["gl", "es", "ne"]
    assert read_prompts(tmp_path, "ne") == list(NEPALI)
    assert [len(read_prompts(tmp_path, code)) for code in ("gl", "es")] == [3, 3]
    nepali = find(found, "ne")
    assert nepali.questions == 3
    assert nepali.script == 1
    assert nepali.translated_by.startswith("given in nepali.jsonl (SHA-256 ")
    # The echo backend answers with the adapter by a whole chain, and without by the prompt alone.
    assert nepali.systems[LENT]["complete_chain"].value == 1
    assert nepali.differences["lent - base"]["complete_chain"].value == 1
    assert nepali.systems["base"]["reply_in_target"].value == 1
    assert nepali.systems[LENT]["chrf_instruction_en"].value is not None
    # Without references what is held against them is unscored, not zero.
    assert [nepali.systems[LENT][name].value for name in ("chrf_response_en", "chrf_reply")] == [None, None]
    assert nepali.floor is None or nepali.floor.value is None
    page = (tmp_path / "out" / "transfer.md").read_text(encoding="utf-8")
    assert "Asked: 3 questions of question.jsonl." in page
    assert "Questions in Nepali: given in nepali.jsonl" in page
    assert (tmp_path / "out" / "transfer.svg").read_text(encoding="utf-8").startswith("<svg")


def test_references_are_held_against_where_there_are_any(lender: Path, tmp_path: Path) -> None:
    english = write_questions(tmp_path / "question.jsonl", ENGLISH, reference=["Very old."])
    file = write_questions(tmp_path / "ne.jsonl", NEPALI, reference=["धेरै पुरानो।"])
    references = tmp_path / "reference.jsonl"
    references.write_text('{"question_id": 1, "reference": "As old as the hills."}\n', encoding="utf-8")
    make(lender, tmp_path, english=english, references=references, benchmarks={"ne": file})
    rows = list(read_records(tmp_path / "out" / "runs" / "ne" / "translate" / "heldout.jsonl", TranslatedRow))
    assert [row.response_en for row in rows] == ["As old as the hills.", "Very old.", "Very old."]
    assert {row.response for row in rows} == {"धेरै पुरानो।"}


def test_held_out_rows_in_a_file_are_matched_by_id(lender: Path, tmp_path: Path) -> None:
    rows = list(read_records(lender / "source" / "heldout.jsonl", Row))
    lines = [{"id": row.id, "question": f"प्रश्न {row.id}"} for row in reversed(rows)]
    lines.append({"id": "of another benchmark", "question": "के?"})
    file = tmp_path / "ne.jsonl"
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    found = make(lender, tmp_path, benchmarks={"ne": file})
    assert read_prompts(tmp_path, "ne") == [f"प्रश्न {row.id}" for row in rows]
    # The English reference is known, its translation is not.
    lent = find(found, "ne").systems[LENT]
    assert lent["chrf_response_en"].value is not None
    assert lent["chrf_reply"].value is None
    assert not (tmp_path / "out" / "runs" / "gl").exists()


def test_the_lenders_own_language_may_have_a_file_too(lender: Path, tmp_path: Path) -> None:
    english = write_questions(tmp_path / "question.jsonl", ENGLISH)
    file = write_questions(tmp_path / "gl.jsonl", ("Cantos anos ten o sol?", "Nomea un río.", "Canto é 2 + 2?"))
    found = make(lender, tmp_path, english=english, languages=["es"], benchmarks={"gl": file}, questions=2)
    assert read_prompts(tmp_path, "gl") == ["Cantos anos ten o sol?", "Nomea un río."]
    assert [(one.language, one.questions) for one in found.languages] == [("gl", 2), ("es", 2)]


def test_what_a_file_lacks_is_named_and_nothing_is_done_twice(lender: Path, tmp_path: Path) -> None:
    english = write_questions(tmp_path / "question.jsonl", ENGLISH)
    file = write_questions(tmp_path / "ne.jsonl", NEPALI[1:], first=2)
    found = make(lender, tmp_path, english=english, benchmarks={"ne": file})
    assert find(found, "ne").questions == 2
    run = tmp_path / "out" / "runs" / "ne"
    assert [(drop.id, drop.reason) for drop in read_records(run / "translate" / "dropped.jsonl", Drop)] == [
        ("1", "not-in-file")
    ]
    before = read_manifest(run / "manifest.json")
    make(lender, tmp_path, english=english, benchmarks={"ne": file})
    assert read_manifest(run / "manifest.json") == before
    write_questions(file, NEPALI)
    assert find(make(lender, tmp_path, english=english, benchmarks={"ne": file}), "ne").questions == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"question_id": 81, "turns": ["के?"]}\n', "none of the questions that are asked in Nepali: expected ids such as 1, 2, 3, found 81"),
        ("rubbish\n", "no JSON object"),
        ("[]", "holds no questions"),
        ('{"question_id": 1, "words": "के?"}\n', "has no question"),
        ('{"question_id": 1, "turns": ["के?"]}\n' * 2, "stands in"),
    ],
)  # fmt: skip
def test_a_file_that_is_of_no_use_is_refused_before_anything_is_asked(
    lender: Path, tmp_path: Path, content: str, message: str
) -> None:
    english = write_questions(tmp_path / "question.jsonl", ENGLISH)
    file = tmp_path / "ne.jsonl"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        make(lender, tmp_path, english=english, languages=["es"], benchmarks={"ne": file})
    with pytest.raises(DataError, match="is missing"):
        make(lender, tmp_path, english=english, benchmarks={"ne": tmp_path / "nowhere.jsonl"})
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("", "no language is asked"),
        ('languages = ["es"]\nreferences = "r.jsonl"', "`english`, which is not given"),
        ('languages = ["es"]\nenglish = "q.jsonl"\n[own]\nes = "runs/es"', "answered held-out rows"),
        ('[own]\nes = "runs/es"\n[benchmarks]\nSpanish = "es.jsonl"', "other words than its file"),
        ('[benchmarks]\nne = "a.jsonl"\nNepali = "b.jsonl"', "Nepali stands there twice"),
        ('[benchmarks]\nen = "a.jsonl"', "English half"),
    ],
)
def test_what_does_not_go_together_is_refused(tmp_path: Path, lines: str, message: str) -> None:
    path = tmp_path / "transfer.toml"
    path.write_text(f'name = "x"\nrun = "y"\n{lines}\n', encoding="utf-8")
    assert tomllib.loads(path.read_text(encoding="utf-8"))
    with pytest.raises(RecipeError, match=message):
        load_study(path, TransferStudy)


@settings(max_examples=10)
@given(st.lists(st.sampled_from(["given", "missing", "empty"]), min_size=1, max_size=12), st.text(min_size=1))
def test_nothing_is_lost_between_questions_and_rows(kinds: list[str], text: str) -> None:
    """Whatever a file lacks: rows in = rows kept + rows dropped, in the order of the questions in English, first turns only."""
    rows = [
        Row(id=str(number), instruction=f"What is {number}?", input="", response="") for number in range(len(kinds))
    ]
    turns = {"given": (text.encode("utf-8", "replace").decode(), "And then?"), "empty": ("", "And then?")}
    by_id = {
        row.id: Question(id=row.id, turns=turns[kind]) for row, kind in zip(rows, kinds, strict=True) if kind in turns
    }
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write_records(folder / "source" / "heldout.jsonl", rows)
        found = Given(name="ne.jsonl", digest="0" * 64, by_id=by_id)
        count = take_given(found, source=folder / "source", out=folder / "out", language="ne")
        kept = list(read_records(folder / "out" / "heldout.jsonl", TranslatedRow))
        drops = list(read_records(folder / "out" / "dropped.jsonl", Drop))
    assert count.is_balanced()
    assert (count.rows_in, count.rows_kept) == (len(kinds), kinds.count("given"))
    assert sorted([row.id for row in kept] + [drop.id for drop in drops], key=int) == [row.id for row in rows]
    expected = [row.instruction for row, kind in zip(rows, kinds, strict=True) if kind == "given"]
    assert [row.instruction_en for row in kept] == expected
    assert {row.instruction for row in kept} <= {turns["given"][0]}


def test_a_question_without_a_first_turn_is_refused() -> None:
    with pytest.raises(DataError, match="first turn of the question 7 is empty"):
        make_row(Question(id="7", turns=("", "x")))
