"""The page of ten runs with 80 answers each in a real Chromium: nothing runs, filters choose, right to left, print."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from made_runs import build_runs, write_verdicts

from browser import find_missing, open_browser
from taco.report.side_by_side.content import SideBySide
from taco.report.side_by_side.write import write_side_by_side

MISSING = find_missing()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),  # ten runs are built first
    pytest.mark.skipif(bool(MISSING), reason=MISSING or "all is there"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # selenium's own sockets
]

RUNS, ROWS = 10, 80

VISIBLE = "return [...document.querySelectorAll('{}')].filter(one => one.checkVisibility()).length"
CONTRASTS = """
const luminance = colour => {
  const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(part => {
    const share = part / 255; return share <= .03928 ? share / 12.92 : ((share + .055) / 1.055) ** 2.4 });
  return .2126 * r + .7152 * g + .0722 * b };
const back = one => {
  for (; one; one = one.parentElement) {
    const colour = getComputedStyle(one).backgroundColor;
    if (!/, 0\\)$|transparent/.test(colour)) return colour }
  return 'rgb(255, 255, 255)' };
const found = new Set();
for (const one of document.querySelectorAll('body *')) {
  if (one.closest('svg') || !one.checkVisibility()) continue;
  if (![...one.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
  if (one.classList.contains('count') || one.closest('.skip')) continue;
  const pair = [luminance(getComputedStyle(one).color), luminance(back(one))].sort((a, b) => b - a);
  const ratio = (pair[0] + .05) / (pair[1] + .05);
  if (ratio < 4.5) found.add(`${one.tagName}.${one.className} ${ratio.toFixed(2)}`) }
return [...found];
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ten")
    runs = build_runs(folder, runs=RUNS, rows=ROWS)
    write_verdicts(runs[0])
    write_side_by_side(runs, folder / "page.html")
    return folder / "page.html"


@pytest.fixture(scope="module")
def content(page: Path) -> SideBySide:
    return SideBySide.model_validate_json(page.with_suffix(".json").read_bytes())


@pytest.fixture(scope="module")
def driver(page: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with open_browser(tmp_path_factory.mktemp("browser") / "profile") as opened:
        opened.get(page.as_uri())
        yield opened


@pytest.fixture
def choose(driver: Any) -> Iterator[Callable[..., None]]:
    """Choose one button of each filter named; all are set back in the end."""

    def click(**texts: str) -> None:
        for key, text in texts.items():
            found = driver.execute_script(
                "const all = [...document.querySelectorAll(`input[name=${arguments[0]}] + label > span:first-child`)];"
                "const one = all.find(span => span.textContent === arguments[1]); one.click(); return all.length",
                key,
                text,
            )
            assert found > 2

    yield click
    driver.execute_script("document.querySelectorAll('input[type=radio][id$=\"-0\"]').forEach(one => one.click())")


def count(driver: Any, selector: str) -> int:
    return int(driver.execute_script(VISIBLE.format(selector)))


def test_nothing_runs_and_nothing_is_loaded(driver: Any) -> None:
    assert driver.title.endswith("taco report")
    assert "pwned" not in driver.title.replace("document.title='pwned'", "")
    assert driver.execute_script("return document.querySelectorAll('script, img, iframe, link, object').length") == 0
    assert driver.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert (
        driver.execute_script(
            "return [...document.querySelectorAll('*')].some(one => [...one.attributes].some("
            "attribute => attribute.name.startsWith('on')))"
        )
        is False
    )
    assert [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_a_script_that_got_in_would_not_run(driver: Any, page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    broken = text.replace(
        "<main>", "<main><script>document.title='ran'</script><img src=x onerror=\"document.title='ran'\">"
    )
    assert broken != text
    (tmp_path / "broken.html").write_text(broken, encoding="utf-8")
    driver.get((tmp_path / "broken.html").as_uri())
    assert driver.title != "ran"
    driver.get(page.as_uri())
    driver.get_log("browser")


def test_the_page_is_no_wider_than_its_window(driver: Any) -> None:
    for width in (1280, 390):
        driver.set_window_size(width, 1000)
        room = driver.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
        assert room[0] <= room[1]
    driver.set_window_size(1280, 1000)


def test_filters_choose_what_they_say(driver: Any, choose: Callable[..., None], content: SideBySide) -> None:
    questions = content.questions
    assert count(driver, ".sample") == len(questions) == 160
    choose(category="math")
    assert count(driver, ".sample") == sum(question.category == "math" for question in questions)
    choose(language="Persian")
    expected = [question for question in questions if question.category == "math" and question.language == "fa"]
    assert count(driver, ".sample") == len(expected) > 0


def test_a_run_and_a_failure_are_chosen_together(driver: Any, choose: Callable[..., None], content: SideBySide) -> None:
    run = content.runs[4].label
    choose(run=run, fault="loop")
    expected = {
        question.id
        for question in content.questions
        for reply in question.replies
        if reply.arm == "tuned" and 4 in reply.runs and any(one.kind == "loop" for one in reply.failures)
    }
    assert count(driver, ".sample") == len(expected) > 0
    driver.execute_script("document.querySelectorAll('.sample').forEach(one => one.open = true)")
    assert count(driver, ".reply:not(.r4)") == 0
    assert count(driver, ".reply.r4.tuned") == len(expected)
    driver.execute_script("document.querySelectorAll('.sample').forEach(one => one.open = false)")


def test_filters_can_be_used_with_the_keyboard(driver: Any, choose: Callable[..., None]) -> None:
    from selenium.webdriver.common.keys import Keys

    first = driver.find_element("id", "category-0")
    first.send_keys(Keys.ARROW_RIGHT)
    assert driver.execute_script("return document.getElementById('category-1').checked")
    assert count(driver, ".sample") < 160


def test_target_texts_run_from_right_to_left(driver: Any) -> None:
    found = driver.execute_script(
        "return [...document.querySelectorAll('.sample [lang=fa]')].map(one => getComputedStyle(one).direction)"
    )
    assert len(found) > 100
    assert set(found) == {"rtl"}
    labels = driver.execute_script(
        "return [...document.querySelectorAll('svg.chart .label')].map(one => [one.getBBox().x, one.getBBox().width])"
    )
    assert all(x >= -1 and x + width < 460 for x, width in labels)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_their_ground(driver: Any, scheme: str) -> None:
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    try:
        assert driver.execute_script(CONTRASTS) == []  # WCAG 2.2, 1.4.3: 4.5 to 1
    finally:
        light = {"features": [{"name": "prefers-color-scheme", "value": "light"}]}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", light)


def test_closed_answers_are_printed_and_buttons_are_not(driver: Any) -> None:
    closed = ".sample:not([open]) .answer"
    assert count(driver, closed) == 0
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert count(driver, ".filters") == count(driver, "nav") == 0
        assert count(driver, closed) > 800
    finally:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    pdf = base64.b64decode(driver.execute_cdp_cmd("Page.printToPDF", {"pageRanges": "1-3"})["data"])
    assert pdf.startswith(b"%PDF")


def test_the_page_of_one_run_opens_too(driver: Any, page: Path) -> None:
    single = page.parent / "run-3" / "report.html"
    driver.get(single.as_uri())
    assert count(driver, ".sample") == ROWS
    assert json.dumps([entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]) == "[]"
    driver.get(page.as_uri())
