"""Several runs on one page: the same questions together, differences by row, filters that choose what they say."""

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from made_run import MadeRun, build_run, make_answer
from made_runs import HOSTILE, build_runs, write_verdicts
from page_reader import Page, check_harmless

from taco.chain.formats import find_template
from taco.cli.reporting import print_report
from taco.errors import DataError
from taco.records import Chain
from taco.report.side_by_side.content import SideBySide
from taco.report.side_by_side.inputs import read_runs
from taco.report.side_by_side.paired import adjust_holm
from taco.report.side_by_side.write import write_side_by_side

MakeRuns = Callable[..., list[MadeRun]]


@pytest.fixture
def make_two(tmp_path: Path) -> MakeRuns:
    """Make two runs of the same rows; `change` is called with the second one before it is written."""

    def make(change: Callable[[MadeRun], None] = lambda run: None) -> list[MadeRun]:
        runs = [build_run(tmp_path / name) for name in ("one", "two")]
        change(runs[1])
        for run in runs:
            assert run.manifest is not None
            run.manifest.name = run.folder.name
            run.report(run.folder.name)
        return runs

    return make


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Four runs with 8 rows each, Persian the last, with hostile texts and a judge's verdicts."""
    runs = build_runs(tmp_path_factory.mktemp("four"), runs=4, rows=8)
    write_verdicts(runs[0], judge=HOSTILE, explanation=HOSTILE)
    return runs


def render(runs: list[Path], folder: Path) -> tuple[Page, SideBySide, str]:
    out = folder / "page.html"
    content = write_side_by_side(runs, out)
    assert content is not None
    assert SideBySide.model_validate_json((folder / "page.json").read_bytes()) == content
    text = out.read_text(encoding="utf-8")
    return Page(text), content, text


def list_samples(page: Page) -> list[set[str]]:
    classes = [(found.get("class") or "").split() for found in page.find("details")]
    return [set(names) for names in classes if "sample" in names]


def test_hostile_texts_are_shown_and_never_obeyed(four: list[Path], tmp_path: Path) -> None:
    page, _, text = render(four, tmp_path)
    check_harmless(page)
    assert not re.search(r"<script|<img|<link|<iframe|\bstyle=|url\(|@import", text)
    assert "script" not in (page.find("meta", **{"http-equiv": "Content-Security-Policy"})[0]["content"] or "")
    assert page.text.count(HOSTILE.partition("\u202e")[0]) > 20
    ids = [found["id"] for _, found in page.tags if "id" in found]
    assert len(ids) == len(set(ids))
    assert {(found["href"] or "")[1:] for found in page.find("a")} <= set(ids)
    assert {found["for"] for found in page.find("label")} == {found["id"] for found in page.find("input")}


def test_names_of_runs_never_become_classes_or_rules(four: list[Path], tmp_path: Path) -> None:
    page, _, text = render(four, tmp_path)
    rules = text.partition("<style>")[2].partition("</style>")[0].partition("#answers:has")[2]
    assert re.fullmatch(r"[\w#:().,{}\- ]+", rules)
    for names in list_samples(page):
        assert all(
            re.fullmatch(r"sample|faulty|faultless|[clr]\d+|(?:r\d+)?f-(?:any|none|\d+)", name) for name in names
        )


def test_the_same_question_stands_once_with_every_different_answer(make_two: MakeRuns, tmp_path: Path) -> None:
    def reword(run: MadeRun) -> None:
        text = run.tuned[0].text.replace("gatos", "cans")
        run.tuned[0] = dataclasses.replace(run.tuned[0], text=text)

    runs = make_two(reword)
    _, content, _ = render([run.folder for run in runs], tmp_path)
    assert len(content.questions) == 6
    first = next(question for question in content.questions if question.id == runs[0].examples[0].id)
    assert [(reply.arm, reply.runs) for reply in first.replies] == [
        ("tuned", (0,)),
        ("tuned", (1,)),
        ("base", (0, 1)),
    ]
    others = [question for question in content.questions if question.id != first.id]
    assert all([reply.runs for reply in question.replies] == [(0, 1), (0, 1)] for question in others)


def test_another_reference_makes_another_question(make_two: MakeRuns, tmp_path: Path) -> None:
    def retranslate(run: MadeRun) -> None:
        chain = dataclasses.replace(run.examples[0].chain, response="Os cans dormen.")
        run.examples[0] = dataclasses.replace(run.examples[0], chain=chain)

    _, content, _ = render([run.folder for run in make_two(retranslate)], tmp_path)
    assert sorted(question.runs for question in content.questions) == [(0,), *[(0, 1)] * 5, (1,)]
    assert {one.difference.n for one in content.differences if one.metric == "complete_chain"} == {5}


def test_differences_are_by_row_and_against_the_first_run(make_two: MakeRuns) -> None:
    def spoil(run: MadeRun) -> None:
        run.tuned = [make_answer(example, "tuned", "Nada.", language=run.language) for example in run.examples]

    runs = make_two(spoil)
    content = read_runs([run.folder for run in runs])
    found = {one.metric: one for one in content.differences}
    # Four of six chains are complete in the first run, none in the second: 4 exchanges of 2**6 reach the difference.
    assert found["complete_chain"].difference.value == pytest.approx(-4 / 6, abs=1e-6)
    assert found["complete_chain"].difference.n == 6
    assert found["complete_chain"].p_value == pytest.approx(2 * 4 / 64, abs=0.12)
    assert {one.run for one in content.differences} == {1}
    assert content.runs[0].scores.per_row == ()


def test_runs_alike_do_not_differ(make_two: MakeRuns) -> None:
    content = read_runs([run.folder for run in make_two()])
    assert {(one.difference.value, one.p_value, one.adjusted) for one in content.differences} == {(0.0, 1.0, 1.0)}
    assert content.differing == {}


def test_holm_corrects_for_the_number_of_runs() -> None:
    # By hand: 0.01 * 3, then max(0.03, 0.03 * 2), then max(0.06, 0.04).
    assert adjust_holm([0.04, 0.01, 0.03]) == [0.06, 0.03, 0.06]
    assert adjust_holm([0.9, 0.8]) == [1.0, 1.0]
    assert adjust_holm([]) == []


def test_samples_say_which_run_failed_how(four: list[Path], tmp_path: Path) -> None:
    page, content, text = render(four, tmp_path)
    samples = list_samples(page)
    labels = re.findall(r'id="fault-(\d+)".*?<span dir="auto">(.*?)</span>', text)
    rules = dict(re.findall(r"#fault-(\d+):checked\) \.sample:not\(\.(f-\w+)\)", text))
    mark = {kind: rules[index] for index, kind in labels if index in rules}
    for question, classes in zip(content.questions, samples, strict=True):
        for reply in question.replies:
            kinds = {failure.kind for failure in reply.failures}
            if reply.arm != "tuned":
                continue
            for run in reply.runs:
                assert {kind for kind in mark if kind in kinds} == {
                    kind
                    for kind, name in mark.items()
                    if f"r{run}{name}" in classes and kind not in ("any failure", "no failure")
                }
                assert (f"r{run}f-any" in classes) is bool(kinds)


def test_verdicts_stand_with_their_answers(four: list[Path], tmp_path: Path) -> None:
    page, content, _ = render(four, tmp_path)
    ratings = content.runs[0].ratings[HOSTILE]["tuned"]
    assert (ratings.n, ratings.unscored) == (7, 1)
    assert ratings.value == pytest.approx(sum(range(2, 9)) / 7, abs=1e-6)
    assert "no rating (no-rating)" in page.text
    assert "is not calibrated for Galician" in page.text
    assert content.runs[1].ratings == {}


def test_options_that_differ_are_named(four: list[Path], tmp_path: Path) -> None:
    page, content, _ = render(four, tmp_path)
    assert content.differing == {"train.rank": ("1", "2", "4", "8")}
    assert "train.rank" in page.text


def test_every_number_has_its_interval_and_signature(four: list[Path], tmp_path: Path) -> None:
    page, _, _ = render(four, tmp_path)
    for text in (
        "chrF2++|nrefs:1",
        "BLEU|nrefs:1",
        "TER|nrefs:1",
        "percentile bootstrap",
        "approximate randomisation",
        "LCPR",
    ):
        assert text in page.text
    assert page.text.count("[") > 100


def test_scores_of_an_earlier_version_are_read(make_two: MakeRuns, tmp_path: Path) -> None:
    runs = make_two()
    path = runs[1].folder / "evaluate" / "scores.json"
    scores = json.loads(path.read_text(encoding="utf-8"))
    for name in ("totals", "total_differences", "total_p_values"):
        del scores[name]
    for arm in (*scores["arms"].values(), scores["reference"]):
        del arm["totals"]
        del arm["metrics"]["line_pass"]
    scores["metrics"] = [metric for metric in scores["metrics"] if metric["name"] != "line_pass"]
    for row in scores["per_row"]:
        del row["values"]["line_pass"]
    path.write_text(json.dumps(scores), encoding="utf-8")
    page, content, _ = render([run.folder for run in runs], tmp_path)
    check_harmless(page)
    assert "line_pass" not in {one.metric for one in content.differences}
    write_side_by_side([runs[1].folder], tmp_path / "one.html")


@pytest.mark.parametrize("rows", [0, 1])
def test_hardly_any_rows(tmp_path: Path, rows: int) -> None:
    for name in ("a", "b"):
        build_run(tmp_path / name, rows=rows).report()
    page, content, _ = render([tmp_path / "a", tmp_path / "b"], tmp_path)
    check_harmless(page)
    assert len(content.questions) == rows
    assert all(one.p_value is None for one in content.differences)


def test_same_bytes_each_time(four: list[Path], tmp_path: Path) -> None:
    assert render(four, tmp_path)[2] == render(four, tmp_path)[2]


def test_one_run_has_the_page_of_the_pipeline(make_two: MakeRuns, tmp_path: Path) -> None:
    run = make_two()[0]
    assert write_side_by_side([run.folder], tmp_path / "one.html") is None
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    assert (tmp_path / "one.html").read_text(encoding="utf-8") == page.replace("report.json", "one.json")
    assert (tmp_path / "one.json").read_bytes() == (run.folder / "report.json").read_bytes()


def test_what_cannot_be_reported_on_is_refused(make_two: MakeRuns, tmp_path: Path) -> None:
    folder = make_two()[0].folder
    with pytest.raises(DataError, match=r"ends in \.html"):
        write_side_by_side([folder], tmp_path / "page.json")
    with pytest.raises(DataError, match="given twice"):
        read_runs([folder, folder / ".." / folder.name])
    with pytest.raises(DataError, match="is missing"):
        read_runs([folder, tmp_path / "nowhere"])
    with pytest.raises(DataError, match="no run"):
        read_runs([])


def test_failures_of_the_text_stand_beside_those_of_the_answer(make_two: MakeRuns, tmp_path: Path) -> None:
    def flatten(run: MadeRun) -> None:
        text = run.tuned[0].text.replace("The air scatters blue light more than red light.", "Two:\n- one\n- two")
        run.tuned[0] = dataclasses.replace(run.tuned[0], text=text)

    page, content, _ = render([run.folder for run in make_two(flatten)], tmp_path)
    replies = [reply for question in content.questions for reply in question.replies if reply.arm == "tuned"]
    kinds = {(reply.answer.text[-40:], failure.kind) for reply in replies for failure in reply.failures}
    flattened = [reply for reply in replies if "flattened-list" in {failure.kind for failure in reply.failures}]
    assert [reply.runs for reply in flattened] == [(1,)]
    assert flattened[0].failures[-1].text
    assert {"loop", "cut-off", "english"} <= {kind for _, kind in kinds}
    for reply in replies:
        found = [failure.kind for failure in reply.failures]
        assert len(found) == len(set(found))
        assert not {"cut-off", "truncated"} <= set(found)
    row = page.text.partition("Tuned answers that show it")[2].partition("flattened-list")[2]
    assert row.startswith("0 of 6 1 of 6 ")


def test_the_command_puts_runs_side_by_side(
    make_two: MakeRuns, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [run.folder for run in make_two()]
    print_report(folders, out=tmp_path / "new" / "page.html", as_json=False)
    shown = capsys.readouterr().out
    assert "2 runs, tuned answers" in shown
    assert "0.0 points" in shown
    assert max(map(len, shown.partition("\nReport: ")[0].splitlines())) <= 80
    assert (tmp_path / "new" / "page.html").is_file()
    print_report(folders, out=None, as_json=True)
    assert SideBySide.model_validate_json(capsys.readouterr().out).runs[1].label == "two"
    with pytest.raises(DataError, match="holds no finished run"):
        print_report([*folders, tmp_path], out=tmp_path / "other.html", as_json=False)
    assert not (tmp_path / "other.html").exists()


def test_runs_of_different_formats_stand_side_by_side(make_two: MakeRuns, tmp_path: Path) -> None:
    def answer_directly(run: MadeRun) -> None:
        template = find_template("direct")
        for place, example in enumerate(run.examples):
            chain = Chain(instruction_en="", response_en="", response=example.chain.response)
            completion = template.render(chain, run.language)
            run.examples[place] = dataclasses.replace(example, template="direct", chain=chain, completion=completion)
            run.tuned[place] = make_answer(run.examples[place], "tuned", completion, language=run.language)

    page, content, _ = render([run.folder for run in make_two(answer_directly)], tmp_path)
    check_harmless(page)
    assert [question.runs for question in content.questions] == [(0, 1)] * 6
    assert all(question.reference.response_en for question in content.questions)
    direct = [reply for question in content.questions for reply in question.replies if reply.runs == (1,)]
    assert all(reply.asked == ("response",) for reply in direct)
    assert {failure.kind for reply in direct if reply.arm == "tuned" for failure in reply.failures} == set()
    compared = {one.metric for one in content.differences}
    assert "chrf_reply" in compared
    assert not {"complete_chain", "chrf_response_en"} & compared
