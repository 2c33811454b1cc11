"""The scale beside a study's table, and the files that every study leaves."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.chain.formats import find_template
from taco.evaluate.options import EvaluateOptions
from taco.evaluate.run import run_evaluate
from taco.evaluate.scores import read_scores
from taco.languages.table import find_language
from taco.measure.bootstrap import Bootstrap, Estimate
from taco.progress import SilentProgress
from taco.records import ARMS, Answer, Chain, Example
from taco.store.jsonl import write_records
from taco.study.content import Content
from taco.study.picture import chart_table, compose_picture
from taco.study.result import list_paragraphs, list_study_paragraphs, write_result
from taco.study.scale import OTHER, QUESTION, REFERENCE, tabulate_scale
from taco.study.table import Column, Line, Study, Table, TextTable

GALICIAN = find_language("gl")
BOOTSTRAP = Bootstrap(samples=100, confidence=0.95, seed=0)
COLUMNS = (
    Column(name="chrf_reply", title="reply against MT", unit="chrF++", better="higher"),
    Column(name="chrf_english", title="English against reference", unit="chrF++", better="higher"),
    Column(name="chrf_content", title="content", unit="chrF++", better="higher"),
    Column(name="reply_in_target", title="in the language", unit="rate", better="higher"),
    Column(name="tokens", title="tokens", unit="tokens", better="lower"),
)
ROWS = (
    (
        "Onde medra o castiñeiro?",
        "Where does the chestnut grow?",
        "Nos soutos do norte.",
        "In the groves of the north.",
    ),
    (
        "Cando se recolle o millo?",
        "When is maize harvested?",
        "Cara ao outono, antes do frío.",
        "In autumn, before the cold.",
    ),
)


def make_run(folder: Path, *, template: str, content: bool) -> Path:
    """Write a run's rows and answers, and score them."""
    made_by = find_template(template)
    examples, answers = [], []
    for number, (prompt, question, response, response_en) in enumerate(ROWS):
        texts = {"instruction_en": question, "response_en": response_en, "response": response}
        chain = Chain(**{name: text if name in made_by.section_names else "" for name, text in texts.items()})
        example = Example(
            id=str(number),
            language="gl",
            category="",
            template=template,
            system="",
            prompt=prompt,
            completion=made_by.render(chain, GALICIAN),
            chain=chain,
        )
        examples.append(example)
        fields = {"text": prompt, "finish": "stop", "state": "no-chain", "tokens": 3, "seconds": 0.1}
        answers.append({"id": example.id, "prompt": prompt, **fields})
    for name in ("chain", "generate", "evaluate"):
        (folder / name).mkdir(parents=True)
    write_records(folder / "chain" / "heldout.jsonl", examples)
    for arm in ARMS:
        write_records(folder / "generate" / f"{arm}.jsonl", [Answer(arm=arm, **one) for one in answers])  # type: ignore[arg-type]
    run_evaluate(
        EvaluateOptions(bootstrap_samples=100),
        chain=folder / "chain",
        answers=folder / "generate",
        out=folder / "evaluate",
        language=GALICIAN,
        seed=0,
        progress=SilentProgress(),
    )
    if content:
        values = {
            "question": {"0": 10.0, "1": 20.0},
            "floor": {"0": 5.0, "1": 7.0},
            "reference": {"0": 80.0, "1": 90.0},
        }
        (folder / "content.json").write_text(Content(key="k", **values).model_dump_json())
    return folder


def test_the_scale_has_what_each_run_can_say(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "plain", template="direct", content=False),
        make_run(tmp_path / "chain", template="taco", content=True),
    ]
    table = tabulate_scale(runs, COLUMNS, BOOTSTRAP)
    assert table is not None
    cells = {line.label: {name: found.value for name, found in line.cells.items()} for line in table.lines}
    floors = [read_scores(run / "evaluate" / "scores.json").floors for run in runs]
    assert cells[QUESTION]["chrf_reply"] == floors[0]["question"].value
    assert cells[QUESTION]["chrf_english"] == floors[1]["question_en"].value  # plain rows hold no English
    assert cells[OTHER]["chrf_english"] == floors[1]["other_row_en"].value
    assert [cells[line]["chrf_content"] for line in (QUESTION, OTHER, REFERENCE)] == [15.0, 6.0, 85.0]
    assert "tokens" not in {column.name for column in table.columns}  # nobody wrote these texts
    assert "chrf_reply" not in cells[REFERENCE]
    # Two questions say hardly anything: intervals would end far outside of what a score can be.
    bounds = [bound for line in table.lines for found in line.cells.values() for bound in (found.low, found.high)]
    assert all(0 <= bound <= 100 for bound in bounds if bound is not None)
    assert table.lines[0].cells["chrf_content"].low is not None
    without = tabulate_scale(runs[:1], COLUMNS, BOOTSTRAP)
    assert without is not None
    assert "chrf_content" not in {column.name for column in without.columns}
    assert tabulate_scale(runs, (), BOOTSTRAP) is None


def test_a_copied_question_scores_what_the_scale_says(tmp_path: Path) -> None:
    scores = read_scores(make_run(tmp_path, template="direct", content=False) / "evaluate" / "scores.json")
    tuned = scores.arms["tuned"]
    assert tuned.metrics["copied_question"].value == 1
    assert tuned.failures["copied-question"] == len(ROWS)
    assert tuned.metrics["ended_by_itself"].value == 1
    assert tuned.metrics["chrf_reply"].value == pytest.approx(scores.floors["question"].value, abs=1e-5)


def make_table(label: str) -> Table:
    cell = Estimate(value=16.0, low=12.0, high=20.0, n=9, method="bootstrap")
    return Table(
        title="all arms", stub="arm", columns=COLUMNS[:1], lines=(Line(label=label, cells={"chrf_reply": cell}),)
    )


def test_the_scale_is_drawn_across_the_arms() -> None:
    floor = Estimate(value=15.5, low=None, high=None, n=9, method="none")
    scale = Table(
        title="for scale", stub="reply", columns=COLUMNS[:1], lines=(Line(label=QUESTION, cells={"chrf_reply": floor}),)
    )
    picture = compose_picture(chart_table([(make_table("taco"), ("chrf_reply", "absent"))], scale=scale), title="T")
    assert f"{QUESTION}: 15.5" in picture
    assert QUESTION not in compose_picture(chart_table([(make_table("taco"), ("chrf_reply",))]), title="T")


@given(st.text(max_size=30) | st.text("\\|a", max_size=9))
def test_no_text_breaks_the_picture_or_a_line_of_the_table(label: str) -> None:
    picture = compose_picture(chart_table([(make_table(label), ("chrf_reply",))]), title=label)
    assert ElementTree.fromstring(picture).tag.endswith("svg")
    assert len(make_table(label).to_markdown().splitlines()) == 3
    markdown = TextTable("T", ("a",), ((label,),)).to_markdown()
    assert len(markdown.splitlines()) == 3
    assert "<" not in markdown.replace("&lt;", "")
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", markdown.splitlines()[2])) == 2  # bars that end a cell


def test_a_run_that_is_called_like_the_line_below_the_heads_is_a_line() -> None:
    markdown = TextTable("T", ("a", "b"), (("---", "x|y"),)).to_markdown()
    assert markdown.splitlines()[1:] == ["|---|---|", "| --- | x\\|y |"]


@pytest.mark.parametrize("is_of_arms", [True, False])
def test_both_kinds_of_study_leave_the_same_three_files(tmp_path: Path, is_of_arms: bool) -> None:
    study = Study(
        name="s", kind="compare", title="What is better?", tables=(make_table("taco"),), limits=("Few rows.",)
    )
    text_table = TextTable("all arms", ("arm",), (("taco",),))
    plain = list_paragraphs("compare", study.title, [text_table], ["Few rows."])
    paths = write_result(
        tmp_path,
        name="compare",
        title=study.title,
        numbers=study,
        paragraphs=list_study_paragraphs(study) if is_of_arms else plain,
        charts=chart_table([(study.tables[0], ("chrf_reply",))]),
    )
    assert [path.name for path in paths] == ["compare.json", "compare.md", "compare.svg"]
    assert Study.model_validate(json.loads(paths[0].read_text())) == study
    page = paths[1].read_text()
    assert page.startswith("# What is better?\n\n")
    assert "![What is better?](compare.svg)" in page
    assert "| taco" in page
    assert page.endswith("- Few rows.\n")
