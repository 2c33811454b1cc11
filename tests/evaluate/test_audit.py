"""Defects that are put into made judgement files are found, all of them and nothing else, whatever the files' form."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judged_files import (
    ANSWERS,
    FEW,
    NO_RELEASE,
    RELEASE,
    audit_rows,
    list_found,
    make_rows,
    write_json,
    write_lines,
    write_raw,
)

from taco.errors import DataError, RecipeError
from taco.evaluate.audit.claim import fit_claim, parse_claim
from taco.evaluate.audit.run import run_audit
from taco.measure.macro import estimate_macro, sign_macro

RATINGS = st.sampled_from([1, 2, 6.5, 7, 8, 8.5, 9, 9.2, 10])


def test_a_sound_file_has_no_findings(tmp_path: Path) -> None:
    rows = make_rows()
    write_raw(tmp_path, rows)
    audit = audit_rows(tmp_path, rows)
    assert list_found(audit) == []
    assert audit.sets[0].language == "gl"
    assert audit.sets[0].raw_answers == 12


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(ratings=st.lists(RATINGS, min_size=12, max_size=12), stale=st.sets(st.integers(2, 12)))
def test_exactly_the_stale_ratings_are_found(tmp_path: Path, ratings: list[float], stale: set[int]) -> None:
    """A stale rating is only one where the text says another: a rating repeated by chance is sound."""
    rows = make_rows(ratings=ratings)
    for number in sorted(stale):
        rows[number - 1]["rating_in_number"] = rows[number - 2]["rating_in_number"]
    expected = [("stale-rating", str(n)) for n in sorted(stale) if rows[n - 1]["rating_in_number"] != ratings[n - 1]]
    audit = audit_rows(tmp_path, rows)
    assert list_found(audit) == expected
    micro = audit.sets[0].overall[0]
    assert micro.corrected.value == pytest.approx(sum(ratings) / 12)
    assert micro.stored.value == pytest.approx(sum(row["rating_in_number"] for row in rows) / 12)


def test_what_else_can_be_wrong_with_a_rating(tmp_path: Path) -> None:
    rows = make_rows()
    rows[0]["rating_in_number"] = 1.0  # the first row has no row before it
    rows[4]["rating_in_number"] = None
    rows[6]["judgement"] = "Nothing to say about it."
    rows[8]["judgement"] = "I would give it a score of 8."
    rows[8]["rating_in_number"] = 8.0
    rows[10]["judgement"] = "No rating either, and the one above is stored."
    rows[10]["rating_in_number"] = rows[9]["rating_in_number"]
    audit = audit_rows(tmp_path, rows)
    assert list_found(audit) == [
        ("stale-rating", "11"),
        ("wrong-rating", "1"),
        ("missing-rating", "5"),
        ("unsupported-rating", "7"),
    ]
    assert audit.sets[0].from_prose == ("9",)
    assert audit.sets[0].unscored == ("7", "11")
    micro = audit.sets[0].overall[0]
    assert (micro.corrected.n, micro.strict.n, micro.corrected.unscored) == (10, 9, 2)


def test_answers_of_other_questions_are_found(tmp_path: Path) -> None:
    rows = make_rows()
    write_raw(tmp_path, rows)
    for number, answer in {
        3: ANSWERS[1],
        4: ANSWERS[1],
        7: ANSWERS[11],
        9: "Isto non o dixo ninguén nunca.",
        11: "  ",
    }.items():
        rows[number - 1]["answer"] = answer
    (tmp_path / "responses" / "3.txt").write_text("Instruction in English: a loop a loop a loop")
    (tmp_path / "responses" / "12.txt").unlink()
    audit = audit_rows(tmp_path, rows)
    assert list_found(audit) == [
        ("stale-answer", "3"),
        ("stale-answer", "4"),
        ("other-answer", "7"),
        ("unknown-answer", "9"),
        ("empty-answer", "11"),
        ("missing-raw", "12"),
    ]
    assert [finding.evidence.get("answer_of") for finding in audit.findings[:3]] == ["2", "2", "12"]


def test_the_same_answer_twice_is_sound_where_the_model_gave_it_twice(tmp_path: Path) -> None:
    rows = make_rows()
    rows[2]["answer"] = rows[1]["answer"]
    assert list_found(audit_rows(tmp_path, rows)) == [("stale-answer", "3")]
    write_raw(tmp_path, rows)
    assert list_found(audit_rows(tmp_path, rows)) == []


def test_means_leave_out_answers_that_are_not_the_models(tmp_path: Path) -> None:
    rows = make_rows()
    write_raw(tmp_path, rows)
    rows[2]["answer"] = rows[1]["answer"]
    micro = audit_rows(tmp_path, rows).sets[0].overall[0]
    assert (micro.stored.n, micro.judged.n) == (12, 11)


def test_ids_types_and_questions(tmp_path: Path) -> None:
    rows = make_rows()
    rows[1]["id"] = "2"
    rows[3]["rating_in_number"] = str(rows[3]["rating_in_number"])
    rows[8]["question"] = rows[0]["question"]
    questions = [{"question_id": row["id"], "turns": [f"Pregunta número {row['id']}?"]} for row in make_rows()]
    del rows[6]
    rows.append(copy.deepcopy(rows[-1]))
    rows[0]["turns"] = ["Why?"]
    audit = audit_rows(tmp_path, rows, questions_path=write_lines(tmp_path / "questions.jsonl", questions))
    assert list_found(audit) == [
        ("other-question", "9"),
        ("duplicate-id", "12"),
        ("missing-id", "7"),
        ("mixed-types", ""),
        ("mixed-types", ""),
        ("mixed-types", ""),
    ]
    assert [finding.evidence["field"] for finding in audit.findings[-3:]] == ["id", "rating", "turns"]


@pytest.mark.parametrize(
    "answer",
    [
        "The weather will be fine along the whole coast today, but rain will come from the north at night.",
        "El tiempo será bueno hoy en toda la costa, aunque por la noche llegarán las lluvias desde el norte.",
        "Погода сегодня будет хорошей на всём побережье, но ночью с севера придёт дождь.",
    ],
)
def test_an_answer_in_another_language_is_found(tmp_path: Path, answer: str) -> None:
    rows = make_rows()
    rows[5]["answer"] = answer
    assert list_found(audit_rows(tmp_path, rows, language_name="gl")) == [("wrong-language", "6")]


def test_a_set_that_is_mostly_taken_for_another_language_accuses_nobody(tmp_path: Path) -> None:
    """Sanskrit in a set of Maithili: where most answers are taken for another language, the script alone is judged."""
    rows = make_rows()
    for row in rows:
        row["answer"] = f"समयः अद्य सुन्दरः अस्ति, रात्रौ तु उत्तरतः वृष्टिः आगमिष्यति इति सर्वे जनाः वदन्ति {row['id']}।"
        row["answer"] *= 2
    audit = audit_rows(tmp_path, rows, language_name="mai")
    assert list_found(audit) == list_found(audit_rows(tmp_path, rows, language_name="sa")) == []
    assert "the script alone was judged" in audit.sets[0].notes[-1]
    rows[3]["answer"] = ANSWERS[3]
    assert list_found(audit_rows(tmp_path, rows, language_name="mai")) == [("wrong-language", "4")]


def respell(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = {"id": "Question-ID", "judgement": "judgment", "rating_in_number": "Rating", "answer": "response"}
    return [{names.get(name, name): value for name, value in row.items()} for row in rows]


def local_digits(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    digits = str.maketrans("0123456789", "०१२३४५६७८९")
    for row in rows:
        row["id"] = str(row["id"]).translate(digits)
        row["rating_in_number"] = f"{row['rating_in_number']:g}".translate(digits)
        row["judgement"] = row["judgement"].translate(digits)
    return rows


FORMS = {
    "numbers as text": lambda rows: [row | {"rating_in_number": f"{row['rating_in_number']:g}"} for row in rows],
    "ratings as written": lambda rows: [row | {"rating_in_number": row["judgement"][-13:]} for row in rows],
    "turns as list": lambda rows: [row | {"turns": ["Why?"]} for row in rows],
    "ids as text": lambda rows: [row | {"id": f"{row['id']:03}"} for row in rows],
    "other names": respell,
    "local digits": local_digits,
    "white space": lambda rows: [row | {"answer": f"\n {' ' * 24}{row['answer']} \n"} for row in rows],
    "by id": lambda rows: {str(row["id"]): {k: v for k, v in row.items() if k != "id"} for row in rows},
    "inside": lambda rows: {"model": "x", "judgements": rows},
    "no ids": lambda rows: [{k: v for k, v in row.items() if k != "id"} for row in rows],
    "no categories": lambda rows: [{k: v for k, v in row.items() if k != "category"} for row in rows],
    "no Rating": lambda rows: [row | {"judgement": row["judgement"].replace("Rating: ", "")} for row in rows],
    "bold": lambda rows: [row | {"judgement": row["judgement"].replace("Rating: ", "**Rating:** ")} for row in rows],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("is_lined", [False, True])
def test_every_form_gives_the_same_findings(tmp_path: Path, form: str, is_lined: bool) -> None:
    rows = make_rows()
    write_raw(tmp_path, rows)
    rows[4]["rating_in_number"] = rows[3]["rating_in_number"]
    rows[7]["answer"] = rows[6]["answer"]
    made: Any = FORMS[form](rows)
    if form == "ratings as written":
        made[4]["rating_in_number"] = made[3]["rating_in_number"]
    write = write_lines if is_lined and isinstance(made, list) else write_json
    path = write(tmp_path / "judgements.json", made)
    audit = run_audit(path, bootstrap=FEW)
    assert list_found(audit) == [("stale-rating", "5"), ("stale-answer", "8")]
    expected = {"generic", "knowledge"} if form == "no categories" else {"generic", "coding", "math"}
    assert {category.name for category in audit.sets[0].categories} == expected


RAW_FORMS = {
    "list": lambda raw: [{"question_id": int(key), "output": text} for key, text in raw.items()],
    "texts": lambda raw: list(raw.values()),
    "by id": lambda raw: raw,
    "fastchat": lambda raw: [{"question_id": int(k), "choices": [{"index": 0, "turns": [t]}]} for k, t in raw.items()],
}


@pytest.mark.parametrize("form", RAW_FORMS)
def test_raw_answers_may_be_one_file(tmp_path: Path, form: str) -> None:
    rows = make_rows()
    folder = write_raw(tmp_path / "raw", rows)
    raw = {str(row["id"]): (folder / f"{row['id']}.txt").read_text() for row in rows}
    rows[7]["answer"] = rows[6]["answer"]
    write_json(tmp_path / "set" / "responses.json", RAW_FORMS[form](raw))
    assert list_found(audit_rows(tmp_path / "set", rows)) == [("stale-answer", "8")]


def fastchat_row(row: dict[str, Any], **changes: Any) -> dict[str, Any]:
    prompt = f"[Instruction]\nPlease act as an impartial judge.\n\n[Question]\n{row['question']}\n\n"
    prompt += f"[The Start of Assistant's Answer]\n{row['answer']}\n[The End of Assistant's Answer]"
    return {
        "question_id": row["id"],
        "model": "ours",
        "judge": ["gpt-4", "single-v1"],
        "user_prompt": prompt,
        "judgment": row["judgement"],
        "score": row["rating_in_number"],
        "turn": 1,
        "tstamp": 1.5,
    } | changes


def test_fastchats_judgements_are_told_apart_by_model_and_turn(tmp_path: Path) -> None:
    rows = make_rows()
    lines = [fastchat_row(row, model=model, turn=turn) for row in rows for model in ("a", "b") for turn in (1, 2)]
    lines[4]["score"] = -1
    lines[9]["score"] = lines[5]["score"]
    path = write_lines(tmp_path / "model_judgment" / "gpt-4_single.jsonl", lines)
    audit = run_audit(path, bootstrap=FEW)
    assert len(audit.sets) == 4
    assert {(f.set, f.kind, f.id) for f in audit.findings} == {
        ("gpt-4_single a turn 1 gpt-4", "missing-rating", "2"),
        ("gpt-4_single a turn 2 gpt-4", "stale-rating", "3"),
    }


def test_the_answer_of_fastchats_second_turn_is_the_last_one(tmp_path: Path) -> None:
    rows = make_rows()
    write_raw(tmp_path, rows)
    rows[5]["answer"] = rows[4]["answer"]
    lines = []
    for row in rows:
        turns = f"### User:\nFirst?\n\n### Assistant A:\nFirst answer.\n\n### User:\n{row['question']}\n\n"
        prompt = (
            f"<|The Start of Assistant A's Conversation with User|>\n\n{turns}### Assistant A:\n{row['answer']}\n\n"
        )
        lines.append(
            fastchat_row(row, user_prompt=prompt + "<|The End of Assistant A's Conversation with User|>", turn=2)
        )
    audit = run_audit(write_lines(tmp_path / "gpt-4_single.jsonl", lines), bootstrap=FEW)
    assert list_found(audit) == [("stale-answer", "6")]


def test_tacos_own_verdicts_are_counted_without_their_texts(tmp_path: Path) -> None:
    lines = [
        {"id": f"{n:016x}", "system": system, "category": "math", "language": "gl", "judge": "local", "prompt": "p v1"}
        | {"score": None if n == 3 else 4.0 + n, "reason": "no-rating" if n == 3 else "", "explanation": "Fair."}
        for system in ("base", "tuned")
        for n in range(6)
    ]
    audit = run_audit(write_lines(tmp_path / "ours" / "verdicts.jsonl", [*lines, lines[-1]]), bootstrap=FEW)
    assert list_found(audit) == [("duplicate-id", f"{5:016x}")]
    assert [(judged.name, judged.overall[0].corrected.n) for judged in audit.sets] == [
        ("ours base local", 5),
        ("ours tuned local", 6),
    ]


def test_turns_of_tacos_own_verdicts_are_kept_apart(tmp_path: Path) -> None:
    lines = [
        {"id": str(n), "system": "base", "category": "math", "language": "gl", "judge": "local", "prompt": "p v1"}
        | {"score": 4.0 + turn, "reason": "", "explanation": "Fair.", "turn": turn}
        for turn in (1, 2)
        for n in range(6)
    ]
    audit = run_audit(write_lines(tmp_path / "ours" / "verdicts.jsonl", lines), bootstrap=FEW)
    assert list_found(audit) == []
    assert [judged.name for judged in audit.sets] == ["ours base local", "ours base local turn 2"]


def test_winners_of_pairs_are_checked(tmp_path: Path) -> None:
    said = {"g1_judgment": "A is better. [[A]]", "g2_judgment": "B, not [[A]], is better. [[B]]"}
    sound = said | {"question_id": 1, "g1_winner": "model_1", "g2_winner": "model_1"}
    wrong = said | {"question_id": 2, "g1_winner": "model_2", "g2_winner": "model_2"}
    tie = {"question_id": 3, "g1_judgment": "[[C]]", "g2_judgment": "?", "g1_winner": "tie", "g2_winner": "error"}
    audit = run_audit(write_lines(tmp_path / "gpt-4_pair.jsonl", [sound, wrong, tie]), bootstrap=FEW)
    assert list_found(audit) == [("wrong-winner", "2"), ("wrong-winner", "2")]


def test_a_folder_is_audited_whole_and_claims_are_joined(tmp_path: Path) -> None:
    """Both claims are macro means without coding; only together they show it."""
    figures = {}
    for name, shift in (("one", 0.0), ("two", 1.0)):
        rows = make_rows(ratings=[3 + (number * 7 % 5) * (1 + shift) / 2 for number in range(12)])
        write_json(tmp_path / name / "judgements.json", rows)
        groups: dict[str, list[float]] = {}
        for row in rows:
            groups.setdefault(row["category"], []).append(row["rating_in_number"])
        kept = [sum(group) / len(group) for category, group in groups.items() if category != "coding"]
        figures[name] = f"{10 * sum(kept) / len(kept):.1f}"
    audit = run_audit(tmp_path, bootstrap=FEW, claims=[f"{name}={figure}" for name, figure in figures.items()])
    assert [judged.name for judged in audit.sets] == ["one", "two"]
    assert ("macro", ("coding",)) in [(way.mean, way.left_out) for way in audit.joint_fits]


def test_a_claim_is_met_at_its_own_decimals() -> None:
    rows = [("a", 8.0), ("a", 9.0), ("b", 2.0), ("c", None)]
    assert [(fit.mean, fit.left_out) for fit in fit_claim("8.5", rows).fits] == [("macro", ("b",)), ("micro", ("b",))]
    assert [(fit.mean, fit.left_out) for fit in fit_claim("52.5", rows).fits] == [("macro", ())]
    assert fit_claim("99", rows).fits == ()


@pytest.mark.parametrize("text", ["", "x", "nan", "-3", "101", "name="])
def test_a_claim_must_be_a_figure(text: str) -> None:
    with pytest.raises(RecipeError, match="expected a figure"):
        parse_claim(text)


def test_a_claim_must_name_a_set_that_is_there(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="the sets are"):
        audit_rows(tmp_path, make_rows(), claims=["nobody=88"])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"5",
        b"[1, 2]",
        b"[[]]",
        b'{"a": 1}\nnot json',
        b'[{"id": 1}',
        b"\xff\xfe\x00",
        b"[" * 5000,
        b"null",
        b"[{}]",
    ],
)
def test_rubbish_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "judgements.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"judgements\.json"):
        run_audit(path, bootstrap=FEW)


FIELDS = ["id", "answer", "judgement", "rating_in_number", "category", "turns", "question"]
SCALARS = st.none() | st.booleans() | st.floats() | st.integers() | st.text()
VALUES = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.text(max_size=3), SCALARS, max_size=2)


@given(value=VALUES, name=st.sampled_from(FIELDS))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_no_value_of_a_field_ends_an_audit(tmp_path: Path, value: object, name: str) -> None:
    rows = make_rows()
    rows[3][name] = value
    audit_rows(tmp_path, rows, claims=["70"]).model_dump_json()


def test_questions_may_be_an_excel_sheet(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="taco-llm[xlsx] is not installed")
    book = openpyxl.Workbook()
    book.active.append(["número", "pregunta"])
    for row in make_rows():
        book.active.append([row["id"], f" {row['question']}"])
    book.save(tmp_path / "questions.xlsx")
    rows = make_rows()
    rows[4]["question"] = rows[9]["question"]
    assert list_found(audit_rows(tmp_path, rows)) == [("other-question", "5")]


def test_a_sheet_that_is_none_is_only_a_note(tmp_path: Path) -> None:
    (tmp_path / "questions.xlsx").write_bytes(b"PK no sheet")
    audit = audit_rows(tmp_path, make_rows())
    assert list_found(audit) == []
    assert any("questions.xlsx was not read" in note for note in audit.sets[0].notes)


@pytest.mark.skipif(not RELEASE.is_dir(), reason=NO_RELEASE)
def test_the_release_has_the_known_defects_and_no_others() -> None:
    """Ids: recomputed from the release of arXiv 2311.10797 (GitHub UNHSAILLab/TaCo), by hand before this was written."""
    audit = run_audit(RELEASE, bootstrap=FEW, claims=["nepali=88", "persian=84"])
    expected = [("nepali", "stale-rating", id_) for id_ in ("16", "18", "28", "54", "58")]
    expected += [("nepali", "stale-answer", id_) for id_ in ("42", "65", "66")]
    expected += [("persian", "stale-rating", id_) for id_ in ("8", "14", "46", "57", "65")]
    assert [(finding.set, finding.kind, finding.id) for finding in audit.findings] == expected
    assert [finding.evidence.get("answer_of") for finding in audit.findings[5:8]] == ["41", "64", "64"]
    assert (audit.joint_fits[0].mean, audit.joint_fits[0].left_out) == ("macro", ("coding",))


def test_macro_means_are_those_of_a_judge(tmp_path: Path) -> None:
    """One way to make an interval of a macro mean, whoever gives it, and the audit says which."""
    rows = make_rows(ratings=[1 + number * 7 % 10 for number in range(12)])
    audit = audit_rows(tmp_path, rows)
    scored = [(row["category"], float(row["rating_in_number"])) for row in rows]
    assert next(one for one in audit.sets[0].overall if one.name == "macro").stored == estimate_macro(scored, FEW)
    assert sign_macro() in audit.signature


@pytest.mark.skipif(not RELEASE.is_dir(), reason=NO_RELEASE)
def test_the_release_means_are_the_published_ones() -> None:
    """8.24 and 8.52: the release's own table. 8.246, 8.540: corrected by hand. 88.15, 83.87: the headline's 88 and 84."""
    nepali, persian = run_audit(RELEASE, bootstrap=FEW, claims=["nepali=88", "persian=84"]).sets
    assert [round(judged.overall[0].stored.value or 0, 2) for judged in (nepali, persian)] == [8.24, 8.52]
    assert [round(judged.overall[0].corrected.value or 0, 3) for judged in (nepali, persian)] == [8.246, 8.540]
    assert [round(judged.claims[0].best[0].value, 2) for judged in (nepali, persian)] == [88.15, 83.87]
    assert [category.stored.n for category in nepali.categories] == [10, 10, 10, 10, 10, 10, 7, 3, 10]
