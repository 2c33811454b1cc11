"""A sheet of 320 answers in a real Chromium: right to left, keyboard alone, closed in the middle, files out and in, axe."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from studies import HOSTILE, make_conversations, make_study, make_submissions

from browser import find_missing, find_serious, open_browser, take_picture
from taco.annotate.key import Key
from taco.annotate.returned import read_ratings

MISSING = find_missing()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=MISSING or "all is there"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # selenium's own sockets
]

QUESTIONS, ANSWERS = 80, 320
INSTRUCTIONS = "به هر پاسخ از ۱ تا ۱۰ نمره بدهید. اگر پاسخ به فارسی نیست، ۱ بدهید."


@dataclasses.dataclass
class Study:
    """A study and where its browser saves files."""

    folder: Path
    key: Key

    def page(self, rater: str) -> str:
        return (self.folder / "sheets" / f"{rater}.html").as_uri()


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("study")
    submissions = make_submissions(questions=QUESTIONS, language="fa")
    submissions[0] = dataclasses.replace(submissions[0], answer=HOSTILE)
    key = make_study(
        folder, submissions, raters=("ana", "bea"), each=2, instructions=INSTRUCTIONS, shows_reference=True
    )
    return Study(folder, key)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("pairs")
    submissions = make_submissions(questions=3, systems=("a", "b"), language="fa")
    return Study(folder, make_study(folder, submissions, mode="pair", axes=("preference",), each=3))


@contextmanager
def open_page(url: str, profile: Path, *, saves: Path | None = None) -> Iterator[Any]:
    with open_browser(profile, height=900) as driver:
        if saves is not None:
            settings = {"behavior": "allow", "downloadPath": str(saves)}
            driver.execute_cdp_cmd("Browser.setDownloadBehavior", settings)
        driver.get(url)
        yield driver
        faults = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
        assert faults == []


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with open_browser(tmp_path_factory.mktemp("browser") / "profile", height=900) as opened:
        yield opened


@pytest.fixture
def page(driver: Any, study: Study) -> Iterator[Any]:
    driver.get(study.page("ana"))
    driver.execute_script("localStorage.clear()")
    driver.get(study.page("ana"))
    yield driver
    assert [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"] == []


def wait(driver: Any, condition: Callable[[], Any]) -> Any:
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(driver, 20, poll_frequency=0.02).until(lambda _: condition())


def press(driver: Any, *keys: str) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(driver).send_keys(*keys).perform()


def read_text(driver: Any, selector: str) -> str:
    return str(driver.execute_script("return document.querySelector(arguments[0]).textContent", selector))


def list_ratings(driver: Any) -> dict[str, Any]:
    found = driver.execute_script("return writeState()")
    return {one["item"]: one for one in json.loads(found)["ratings"]}


@pytest.mark.timeout(300)
def test_all_320_are_rated_with_the_keyboard_alone_and_the_browser_closed_in_the_middle(
    study: Study, tmp_path: Path
) -> None:
    from selenium.webdriver.common.keys import Keys

    def rate(places: range) -> list[str]:
        return [key for place in places for key in (str(place % 10), Keys.ENTER)]

    profile, saves = tmp_path / "profile", tmp_path / "saves"
    with open_page(study.page("ana"), profile) as driver:
        assert read_text(driver, "#place") == "Answer 1 of 320"
        driver.execute_script("document.querySelector('.skip').focus()")
        press(driver, Keys.ENTER)
        assert driver.execute_script("return document.activeElement.id") == "place"
        press(driver, *rate(range(150)))
        assert read_text(driver, "#count") == "150 of 320 rated"
    with open_page(study.page("ana"), profile, saves=saves) as driver:
        assert read_text(driver, "#place") == "Answer 151 of 320"
        assert "150 ratings are there" in read_text(driver, "#status")
        driver.execute_script("document.querySelector('#place').focus()")
        press(driver, *rate(range(150, ANSWERS)))
        assert "All are rated" in read_text(driver, "#status")
        assert driver.execute_script("return document.activeElement.id") == "save"
        press(driver, Keys.ENTER)
        file = saves / "ratings-ana.json"
        wait(driver, file.is_file)
    found = read_ratings([file], [study.key])
    assert [one.values["overall"] for one in found] == [number % 10 or 10 for number in range(ANSWERS)]
    assert [one.place for one in found] == list(range(1, ANSWERS + 1))


def test_texts_run_from_right_to_left_in_their_language(page: Any) -> None:
    for selector in ("#question", ".answer .text"):
        one = page.find_element("css selector", selector)
        assert (one.get_attribute("lang"), one.get_attribute("dir")) == ("fa", "rtl")
        assert page.execute_script("return getComputedStyle(arguments[0]).direction", one) == "rtl"
    assert page.execute_script("return getComputedStyle(document.querySelector('#instructions')).direction") == "rtl"
    assert page.execute_script("return document.documentElement.lang") == "en"
    page.execute_script("document.querySelector('#axes input[value=\"7\"]').click()")
    take_picture(page, "sheet.png")


def test_arrows_change_a_rating_and_a_remark_and_taking_back_are_kept(page: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    page.execute_script("document.querySelector('#place').focus()")
    press(page, "4", Keys.SHIFT + Keys.TAB, Keys.NULL)
    page.execute_script("document.querySelector('#axes input:checked').focus()")
    press(page, Keys.ARROW_RIGHT)
    assert list_ratings(page)["i1"]["values"] == {"overall": 5}
    page.find_element("id", "note").send_keys("خوب 9")
    assert list_ratings(page)["i1"] == {"item": "i1", "values": {"overall": 5}, "note": "خوب 9"}
    page.refresh()
    assert page.execute_script("return document.querySelector('#axes input:checked').value") == "5"
    assert page.execute_script("return document.querySelector('#note').value") == "خوب 9"
    page.find_element("id", "clear").click()
    assert list_ratings(page) == {}
    page.refresh()
    assert page.execute_script("return document.querySelectorAll('#axes input:checked').length") == 0


@pytest.mark.parametrize(("key", "value"), [("7", 7), ("۷", 7), ("٧", 7), ("७", 7), ("۰", 10), ("1", 1), ("९", 9)])
def test_digits_of_every_script_rate(page: Any, key: str, value: int) -> None:
    page.execute_script("document.querySelector('#place').focus()")
    press(page, key)
    assert list_ratings(page)["i1"]["values"] == {"overall": value}


def test_two_tabs_do_not_overwrite_each_other(page: Any, study: Study) -> None:
    first = page.current_window_handle
    page.switch_to.new_window("tab")
    second = page.current_window_handle
    page.get(study.page("ana"))
    page.find_element("css selector", "#axes input[value='6']").click()
    assert list_ratings(page)["i1"]["values"] == {"overall": 6}
    page.switch_to.window(first)
    wait(page, lambda: '"i1"' in page.execute_script("return localStorage.getItem(storeName)"))
    page.execute_script("show(1); document.querySelector('#axes input[value=\"3\"]').click()")
    assert [one["values"]["overall"] for one in list_ratings(page).values()] == [6, 3]
    assert read_text(page, "#count") == "2 of 320 rated"
    page.switch_to.window(second)
    page.close()
    page.switch_to.window(first)


def test_hostile_text_is_shown_as_text_and_no_script_but_the_pages_own_runs(page: Any, study: Study) -> None:
    (sheet,) = (one for one in study.key.sheets if one.rater == "ana")
    place = next(place for place, one in enumerate(sheet.items) if (one.question, one.systems) == ("0", ("alpha",)))
    page.execute_script("show(arguments[0])", place)
    assert page.execute_script("return document.querySelector('.answer .text').textContent") == HOSTILE
    assert page.execute_script("return document.querySelectorAll('img, iframe, object').length") == 0
    assert page.execute_script("return performance.getEntriesByType('resource').length") == 0
    page.execute_script(
        "const one = document.createElement('script'); one.textContent = `document.title = 'broken'`;"
        "document.body.append(one)"
    )
    assert "broken" not in page.title
    assert any("Content Security Policy" in entry["message"] for entry in page.get_log("browser"))


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda state: state.update(sheet="0" * 64), "belongs to another sheet"),
        (lambda state: state["ratings"][0].update(item="i999"), "no rating of this sheet"),
        (lambda state: state["ratings"].append(state["ratings"][0]), "no rating of this sheet"),
        (lambda state: state["ratings"][0]["values"].update(overall="<b>9</b>"), "is no choice"),
        (lambda state: state["ratings"][0]["values"].update(__proto__x=1), "is no choice"),
        (lambda state: state["ratings"][0].update(note="a" * 9999), "too long"),
        (lambda state: state.update(ratings={}), "holds no ratings"),
    ],
)
def test_files_and_stores_that_are_no_ratings_of_the_sheet_are_not_taken(
    page: Any, tmp_path: Path, spoil: Callable[[dict[str, Any]], None], fault: str
) -> None:
    page.execute_script("document.querySelector('#place').focus()")
    press(page, "8")
    state = json.loads(page.execute_script("return writeState()"))
    spoil(state)
    file = tmp_path / "spoilt.json"
    file.write_text(json.dumps(state), encoding="utf-8")
    page.find_element("id", "load").send_keys(str(file))
    wait(page, lambda: fault in read_text(page, "#status"))
    assert list_ratings(page)["i1"]["values"] == {"overall": 8}
    page.execute_script("localStorage.setItem(storeName, arguments[0])", file.read_text())
    page.refresh()
    assert fault in read_text(page, "#status")
    assert list_ratings(page) == {}


def test_a_file_is_gone_on_with_in_another_browser(study: Study, page: Any, tmp_path: Path) -> None:
    page.execute_script("document.querySelector('#place').focus()")
    press(page, "3")
    state = json.loads(page.execute_script("return writeState()"))
    state["ratings"] = [{"item": "i2", "values": {"overall": 9}, "note": ""}]
    file = tmp_path / "ratings.json"
    file.write_text(json.dumps(state), encoding="utf-8")
    page.find_element("id", "load").send_keys(str(file))
    wait(page, lambda: "Taken from the file: 1" in read_text(page, "#status"))
    assert {item: one["values"]["overall"] for item, one in list_ratings(page).items()} == {"i1": 3, "i2": 9}
    page.find_element("id", "open").click()
    assert read_text(page, "#place") == "Answer 3 of 320"
    file.write_text("{", encoding="utf-8")
    page.find_element("id", "load").send_keys(str(file))
    wait(page, lambda: "it is no JSON" in read_text(page, "#status"))


@pytest.mark.parametrize("is_dark", [False, True])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_serious_and_a_phone_needs_no_sideways_scrolling(
    page: Any, is_dark: bool, width: int
) -> None:
    scheme: Callable[..., Any] = page.execute_cdp_cmd
    features = [{"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}]
    scheme("Emulation.setEmulatedMedia", {"features": features})
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    scheme("Emulation.setDeviceMetricsOverride", metrics)
    page.execute_script("document.querySelector('#axes input[value=\"7\"]').click(); show(1)")
    page.execute_script("document.querySelectorAll('details').forEach(one => { one.open = !one.hidden; })")
    try:
        assert find_serious(page) == []
        assert page.execute_script("return document.documentElement.scrollWidth <= innerWidth")
        page.execute_script(
            "document.querySelectorAll('details').forEach(one => { one.open = false; }); scrollTo(0, 0)"
        )
        if is_dark:
            take_picture(page, "phone-dark.png" if width == 360 else "sheet-dark.png")
    finally:
        scheme("Emulation.clearDeviceMetricsOverride", {})
        scheme("Emulation.setEmulatedMedia", {"features": []})


def test_of_pairs_one_two_and_zero_choose(driver: Any, pairs: Study) -> None:
    from selenium.webdriver.common.keys import Keys

    driver.get(pairs.page("ana"))
    driver.execute_script("document.querySelector('#place').focus()")
    take_picture(driver, "pair.png")
    press(driver, "1", Keys.ENTER, "2", Keys.ENTER, "0", Keys.ENTER)
    assert [one["values"]["preference"] for one in list_ratings(driver).values()] == [1, 2, 0]
    assert find_serious(driver) == []
    names = driver.execute_script("return [...document.querySelectorAll('legend, h3')].map(one => one.textContent)")
    assert names == ["Question", "First answer", "Second answer", "Which answer is better?"]


def test_a_later_turn_is_shown_behind_its_conversation(driver: Any, tmp_path: Path) -> None:
    key = make_study(tmp_path, make_conversations())
    driver.get(Study(tmp_path, key).page("ana"))
    place = next(place for place, one in enumerate(key.sheets[0].items) if one.turn == 2)
    driver.execute_script("show(arguments[0])", place)
    names = driver.execute_script("return [...document.querySelectorAll('h3, h4')].map(one => one.textContent)")
    assert names == ["Earlier in the conversation", "Asked", "Answered", "Question", "Answer"]
    assert read_text(driver, "#question").startswith("E logo")
    assert find_serious(driver) == []
    driver.execute_script("show(arguments[0])", next(n for n, one in enumerate(key.sheets[0].items) if one.turn == 1))
    assert driver.execute_script("return document.querySelectorAll('#earlier *').length") == 0


def test_a_browser_that_keeps_nothing_says_so(driver: Any, study: Study, tmp_path: Path) -> None:
    text = (study.folder / "sheets" / "bea.html").read_text(encoding="utf-8")
    shutil.copy(study.folder / "sheets" / "bea.html", tmp_path / "bea.html")
    assert "localStorage" in text
    driver.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument",
        {"source": "Object.defineProperty(window, 'localStorage', {get() { throw new Error('no'); }})"},
    )
    driver.get((tmp_path / "bea.html").as_uri())
    assert "does not keep ratings" in read_text(driver, "#status")
