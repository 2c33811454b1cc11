"""The page: self-contained, nothing injected, right to left where it must be, whatever the run looks like."""

import dataclasses
import itertools
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from made_run import MadeRun, make_answer
from page_reader import Page, check_harmless

from taco.records import Chain

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg onload=alert(1)></style></title>"
    "<!-- --> &lt;b&gt; javascript:alert(1) {{7*7}} \x00\x1b ]]></textarea>"
)


def test_page_is_self_contained(make_run: Callable[..., MadeRun]) -> None:
    text = make_run().report()
    page = Page(text)
    check_harmless(page)
    policy = page.find("meta", **{"http-equiv": "Content-Security-Policy"})[0]["content"] or ""
    assert "default-src 'none'" in policy
    assert "script" not in policy
    style = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert len(style) == 1
    assert not re.search(r"url\(|@import|https?:|expression\(", style[0])
    assert not re.search(r"https?://|src=|<script|<link|<iframe|<object", text)


def poison(run: MadeRun) -> None:
    """Put the hostile text into every text that a run holds."""
    bad = HOSTILE.replace("\x00", "").replace("\x1b", "")
    for number, example in enumerate(run.examples):
        chain = Chain(instruction_en=bad, response_en=bad, response=bad)
        run.examples[number] = dataclasses.replace(example, prompt=f"{HOSTILE} {number}", category=bad, chain=chain)
        for arm, text in (
            ("base", HOSTILE),
            ("tuned", f"Instruction in English:\n{HOSTILE}\nResponse in Galician:\n{HOSTILE}"),
        ):
            getattr(run, arm)[number] = make_answer(run.examples[number], arm, text, language=run.language)
    assert run.manifest is not None
    run.manifest.versions = {HOSTILE: HOSTILE}
    run.manifest.recipe = {"model": {"base": HOSTILE}, HOSTILE: [HOSTILE]}
    for entry in run.manifest.stages.values():
        entry.dropped, entry.counters = {HOSTILE: 1}, {"engine": HOSTILE, HOSTILE: HOSTILE, "steps": HOSTILE}
    run.manifest.stages[HOSTILE] = run.manifest.stages["source"]


def test_hostile_texts_are_shown_and_never_obeyed(make_run: Callable[..., MadeRun]) -> None:
    run = make_run()
    poison(run)
    text = run.report(name=HOSTILE)
    page = Page(text)
    check_harmless(page)
    assert "<script" not in text
    assert "<img" not in text
    assert "\x00" not in text
    assert page.text.count("<script>alert(1)</script>") >= 6 * 6


def test_hostile_texts_do_not_change_the_structure(make_run: Callable[..., MadeRun]) -> None:
    def list_structure(category: str, word: str) -> list[tuple[str, tuple[str, ...]]]:
        run = make_run(category=category)
        run.tuned = [dataclasses.replace(answer, text=answer.text.replace("light", word)) for answer in run.tuned]
        return [(tag, tuple(attributes)) for tag, attributes in Page(run.report()).tags]

    assert list_structure('math"><b x="', "</div><b>") == list_structure("mathematics 1", "lamps")


@pytest.mark.parametrize(("code", "direction"), [("fa", "rtl"), ("gl", "ltr")])
def test_target_text_says_its_language_and_direction(
    make_run: Callable[..., MadeRun], code: str, direction: str
) -> None:
    page = Page(make_run(code).report())
    assert page.find("html", lang="en")
    marked = page.find("div", lang=code)
    # Six questions, six references and the five target sections that are there.
    assert len(marked) == 17
    assert {found["dir"] for found in marked} == {direction}
    assert all(found["dir"] == "ltr" for found in page.find("div", lang="en"))
    assert len(page.find("span", lang=code, dir=direction)) == 6


def test_code_runs_from_left_to_right_in_any_language(make_run: Callable[..., MadeRun]) -> None:
    run = make_run("fa", texts=["پایتون؟", "```python\nprint(1)\n```\nاین است.", "این."])
    page = Page(run.report())
    assert page.find("span", **{"class": "code", "dir": "ltr"})
    assert "```python\nprint(1)\n```" in page.texts


def test_page_is_accessible(make_run: Callable[..., MadeRun]) -> None:
    page = Page(make_run().report())
    headings = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert headings.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(headings))
    assert all(found.get("scope") in ("col", "row") for found in page.find("th"))
    charts = [found for found in page.find("svg") if "aria-hidden" not in found]
    assert len(charts) >= 9
    assert all(found["role"] == "img" and found["aria-label"] for found in charts)
    assert all(found.get("aria-label") for found in page.find("div", role="region"))
    assert len(page.find("caption")) == len(page.find("table"))
    ids = [found["id"] for _, found in page.tags if "id" in found]
    assert len(ids) == len(set(ids))
    assert {(found["href"] or "")[1:] for found in page.find("a")} <= set(ids)
    assert {found["for"] for found in page.find("label")} == {found["id"] for found in page.find("input")}


def test_every_figure_is_well_formed(make_run: Callable[..., MadeRun]) -> None:
    text = make_run().report()
    figures = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(figures) > 10
    for figure in figures:
        ElementTree.fromstring(figure)
    assert "NaN" not in text
    assert "nan" not in re.findall(r'[ ="]nan[ ,"]', text)


def test_failures_come_first_and_can_be_filtered(make_run: Callable[..., MadeRun]) -> None:
    text = make_run().report()
    samples = [found for found in Page(text).find("details") if (found.get("class") or "").startswith("sample ")]
    assert len(samples) == 6
    classes = [(found["class"] or "").split() for found in samples]
    assert [found[1] for found in classes] == ["faulty"] * 3 + ["faultless"] * 3
    assert ["kind-missing-section" in classes[0], "kind-cut-off" in classes[1], "kind-english" in classes[2]] == [
        True
    ] * 3
    assert all("open" in found for found in samples)
    rules = re.findall(r"#answers:has\(#([a-z]+-\d+):checked\) \.sample:not\(\.([a-z0-9-]+)\)", text)
    assert dict(rules)["fault-1"] == "faulty"
    assert {class_ for _, class_ in rules} >= {"kind-loop", "category-0", "in-0"}


def test_same_bytes_each_time(make_run: Callable[..., MadeRun], tmp_path: Path) -> None:
    run = make_run()
    first = run.report().encode(), (tmp_path / "report.json").read_bytes()
    assert run.manifest is not None
    run.manifest.stages["report"].started_at = "2030-01-01T00:00:00+00:00"
    run.manifest.stages["report"].attempts = 7
    assert (run.report().encode(), (tmp_path / "report.json").read_bytes()) == first


def test_facts_of_the_run_are_told(make_run: Callable[..., MadeRun]) -> None:
    text = Page(make_run().report()).text
    for fact in (
        "smollm2-135m-instruct",
        "Galician (galego, gl, Latn)",
        "apertium 3.8.3",
        "1\u202f234 in all",
        "final loss 1.25",
    ):
        assert fact in text
    for fact in (
        "1 duplicate",
        "1 min 15 s, 2 attempts",
        "chrF2++|nrefs:1",
        "percentile bootstrap",
        "No human and no judge",
    ):
        assert fact in text


def test_an_engine_that_stood_in_for_another_is_named(make_run: Callable[..., MadeRun]) -> None:
    run = make_run()
    assert run.manifest is not None
    run.manifest.stages["translate"].counters |= {"engine": "shipped-memory 1", "fallback": "Apertium is missing."}
    assert (
        "shipped-memory 1, because the engine of the recipe was missing: Apertium is missing."
        in Page(run.report()).text
    )


def test_what_the_manifest_lacks_is_not_recorded(make_run: Callable[..., MadeRun]) -> None:
    run = make_run()
    run.manifest, run.log = None, None
    page = Page(run.report())
    check_harmless(page)
    assert page.text.count("not recorded") >= 5
    assert "No training log" in page.text


def test_a_manifest_without_counters(make_run: Callable[..., MadeRun]) -> None:
    run = make_run()
    assert run.manifest is not None
    for entry in run.manifest.stages.values():
        entry.counters = {}
    run.manifest.recipe = {"model": "odd"}
    assert "steps not recorded" in Page(run.report()).text


def test_a_damaged_training_log_is_read_as_far_as_it_goes(make_run: Callable[..., MadeRun]) -> None:
    run = make_run()
    run.log = [
        '{"step": 1, "loss": 3.0}',
        '{"step": 2, "loss": NaN}',
        "[]",
        '{"step": 3, "loss": 2.0, "epoch": "x"}',
        '{"st',
    ]
    run.report()
    assert [(step.step, step.loss) for step in run.content().steps] == [(1, 3.0), (3, 2.0)]


def test_no_complete_chain_at_all(make_run: Callable[..., MadeRun]) -> None:
    run = make_run()
    run.tuned = [make_answer(example, "tuned", "", language=run.language) for example in run.examples]
    page = Page(run.report())
    check_harmless(page)
    assert "nothing written" in page.text
    assert run.content().headline.startswith("The tuned model has not learnt the form and seldom answers in Galician")


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_hardly_any_rows(make_run: Callable[..., MadeRun], rows: int) -> None:
    page = Page(make_run(rows=rows).report())
    check_harmless(page)
    if rows == 1:
        assert "one row" in page.text
    if rows == 0:
        assert "no held-out rows" in page.text


def test_rows_that_the_tuned_model_did_not_answer(make_run: Callable[..., MadeRun]) -> None:
    run = make_run()
    run.tuned = run.tuned[:2]
    page = Page(run.report())
    assert page.text.count("no tuned answer") == 4
    run.base, run.tuned = [], []
    assert "no answers of the tuned model to judge" in Page(run.report()).text


def test_long_texts_can_be_scrolled_with_the_keyboard(make_run: Callable[..., MadeRun]) -> None:
    run = make_run()
    run.tuned[0] = dataclasses.replace(run.tuned[0], text="word " * 4000)
    found = Page(run.report()).find("div", **{"class": "text long"})
    assert found
    assert all(attributes["tabindex"] == "0" for attributes in found)


def test_json_holds_the_same(make_run: Callable[..., MadeRun]) -> None:
    run = make_run()
    page = Page(run.report())
    content = run.content()
    assert content.name == "made-up"
    assert content.headline in page.text
    assert [sample.answers["tuned"].text for sample in content.samples if sample.id == run.tuned[3].id] == [
        run.tuned[3].text
    ]
    assert len(content.steps) == 30
    assert [stage.name for stage in content.flow] == ["source", "translate", "train"]
    assert content.scores.arms["tuned"].rows == 6
