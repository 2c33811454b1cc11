"""Formats without some of the sections: what does not apply is absent, not zero."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from taco.chain.formats import find_template, list_formats
from taco.chain.template import make_chain
from taco.evaluate.case import Case
from taco.evaluate.failure.classify import find_failures
from taco.evaluate.failure.record import build_subject
from taco.evaluate.options import EvaluateOptions
from taco.evaluate.run import list_families, run_evaluate
from taco.evaluate.scores import Scores, read_scores
from taco.evaluate.summary import measure_row
from taco.languages.table import Language, find_language
from taco.progress import SilentProgress
from taco.records import Answer, Example, SectionUse
from taco.report.run import run_report
from taco.store.jsonl import write_records

TEXTS = {
    "instruction_en": "Why is the sky blue?",
    "response_en": "The air scatters blue light more than red light.",
    "response": "O aire espalla a luz azul máis que a luz vermella, así que o ceo semella azul.",
}
GALICIAN = find_language("gl")


def build(number: int, template_name: str) -> Example:
    template = find_template(template_name)
    chain = make_chain({name: f"{TEXTS[name]} {number}" for name in template.section_names})
    return Example(
        id=f"{number:016x}",
        language="gl",
        category="knowledge",
        template=template.name,
        system=template.system(GALICIAN),
        prompt=f"Por que o ceo é azul? ({number})",
        completion=template.render(chain, GALICIAN),
        chain=chain,
    )


def score(folder: Path, templates: Sequence[str]) -> Scores:
    """Score and report a run in which the tuned model answers right and the base model in English."""
    examples = [build(number, name) for number, name in enumerate(templates)]
    write_records(folder / "chain" / "heldout.jsonl", examples)
    for arm in ("base", "tuned"):
        answers = [
            Answer(
                id=one.id,
                arm=arm,
                prompt=one.prompt,
                text="The sky is blue." if arm == "base" else one.completion,
                finish="stop",
                state="complete",
                tokens=20,
                seconds=0.5,
                sections=(SectionUse(name="other", tokens=20, seconds=0.5),),
            )
            for one in examples
        ]
        write_records(folder / "generate" / f"{arm}.jsonl", answers)
    run_evaluate(
        EvaluateOptions(bootstrap_samples=100),
        chain=folder / "chain",
        answers=folder / "generate",
        out=folder / "evaluate",
        language=GALICIAN,
        seed=1,
        progress=SilentProgress(),
    )
    run_report(run=folder, name="run", language=GALICIAN, progress=SilentProgress())
    return read_scores(folder / "evaluate" / "scores.json")


@pytest.mark.parametrize(
    ("template", "absent", "present"),
    [
        (
            "direct",
            {
                "complete_chain",
                "target_section",
                "chrf_response",
                "chrf_response_en",
                "chrf_instruction_en",
                "flattened",
            }
            | {"section_in_target", "tokens_instruction_en", "tokens_response_en"},
            {"reply_in_target", "chrf_reply", "ended_by_itself", "tokens_response", "lines_kept", "sentences"},
        ),
        (
            "two-section",
            {"chrf_instruction_en", "tokens_instruction_en"},
            {"complete_chain", "chrf_response_en", "reply_in_target", "flattened"},
        ),
        (
            "question-translation",
            {"complete_chain", "reply_in_target", "script_share", "chrf_reply", "chrf_response_en", "characters"}
            | {"tokens_response", "lines_kept"},
            {"chrf_instruction_en", "tokens_instruction_en", "ended_by_itself", "tokens"},
        ),
        ("plug", set(), {"complete_chain", "chrf_instruction_en", "chrf_reply"}),
    ],
)
def test_measures_that_do_not_apply_are_absent(
    tmp_path: Path, template: str, absent: set[str], present: set[str]
) -> None:
    scores = score(tmp_path, [template] * 4)
    names = {metric.name for metric in scores.metrics}
    assert not absent & names
    assert present <= names
    for arm in scores.arms.values():
        assert set(arm.metrics) == names
        assert all(arm.corpus[name].value is None for name in absent & set(arm.corpus))
    assert all(row.values.get(name) is None for row in scores.per_row for name in absent)


def test_a_direct_answer_is_judged_as_a_reply(tmp_path: Path) -> None:
    scores = score(tmp_path, ["direct"] * 4)
    assert scores.arms["tuned"].metrics["chrf_reply"].value == 100
    assert scores.arms["tuned"].metrics["reply_in_target"].value == 1
    assert scores.arms["base"].metrics["reply_in_target"].value == 0
    assert scores.floors["english_copy"].value is None
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "to answer in Galician. Below" in page
    assert "Instruction in English" not in page


def test_translation_pairs_are_scored_each_by_its_own_section(tmp_path: Path) -> None:
    names = [template.name for template in list_formats()["translate-only"].templates]
    scores = score(tmp_path, names)
    tuned = scores.arms["tuned"].metrics
    assert {name: tuned[name].n for name in ("chrf_instruction_en", "chrf_response_en", "chrf_reply")} == {
        "chrf_instruction_en": 1,
        "chrf_response_en": 1,
        "chrf_reply": 2,
    }
    assert tuned["reply_in_target"].n == 2
    assert scores.arms["tuned"].corpus["chrf_response_en"].value == 100
    assert not scores.arms["tuned"].failures
    assert "translate between Galician and English" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_page_of_a_translation_into_english(tmp_path: Path) -> None:
    scores = score(tmp_path, ["question-translation"] * 4)
    assert "reply_in_target" not in scores.arms["base"].metrics
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "to put Galician into English" in page
    assert "puts Galician into English" in page


def test_a_two_section_answer_lacks_only_its_own_sections(make_case: Callable[..., Case], galician: Language) -> None:
    changes = {"template": "two-section", "instruction_en": ""}
    case = make_case("Response in English:\nIt is blue.", example=changes)
    assert case.missing == ("response", "reply")
    row = measure_row(case, list_families(EvaluateOptions()))
    assert row.values["complete_chain"] == 0
    assert row.values["chrf_instruction_en"] is None
    assert [failure.detail for failure in row.failures if failure.kind == "missing-section"] == ["no target section"]


@pytest.mark.parametrize(
    ("template", "text", "kinds"),
    [
        ("direct", "Chove moito hoxe na cidade.", []),
        ("direct", " ", ["missing-section"]),
        ("two-section", "Response in English:\nIt rains.", ["missing-section"]),
        ("two-section", "Response in English:\nIt rains.\n\nResponse in Galician:\nChove.", []),
        ("question-translation", "Why is the sky blue?", []),
        ("question-translation", "Why is the sky", []),
        ("plug", "English instruction:\nWhy?\n\nEnglish response:\nAir.\n\nGalician response:\nPolo aire.", []),
    ],
)
def test_no_failure_is_found_for_what_was_not_asked(template: str, text: str, kinds: list[str]) -> None:
    subject = build_subject(text, answer_id="a", language=GALICIAN, template=template)
    assert [failure.kind for failure in find_failures(subject)] == kinds
