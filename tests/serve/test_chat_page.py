"""The chat page in a real Chromium: asks, streams, unfolds, right to left, hostile text, keyboard, feedback, axe."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from served_runs import ANSWERS, Running, open_echo, start_server

from browser import find_missing, find_serious, open_browser, take_picture
from taco.generate.guarded_session import GuardedSession
from taco.generate.scripted import Line, ScriptedSession
from taco.serve.options import ServeOptions
from taco.serve.page import build_page

MISSING = find_missing()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=MISSING or "all is there"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # selenium's own sockets
]

PERSIAN = "پایتخت ایران کجاست؟"
TEHRAN = ANSWERS[PERSIAN].response
HOSTILE = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script> **a** &lt;b&gt;"


@pytest.fixture(scope="module")
def slow_server(runs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("kept")
    with start_server(runs, ServeOptions(port=0), session=open_echo(0.02), feedback=folder) as running:
        yield running


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with open_browser(tmp_path_factory.mktemp("browser") / "profile", height=900) as opened:
        yield opened


@pytest.fixture
def page(driver: Any, slow_server: Running) -> Iterator[Any]:
    driver.get(slow_server.url)
    wait(driver, "return document.querySelectorAll('#model option').length === 4")
    yield driver
    faults = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    assert faults == []


def wait(driver: Any, script: str) -> Any:
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(driver, 20, poll_frequency=0.02).until(lambda opened: opened.execute_script(script))


def press(driver: Any, *keys: str) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(driver).send_keys(*keys).perform()


def ask(driver: Any, question: str) -> Any:
    box = driver.find_element("id", "question")
    driver.execute_script("arguments[0].value = arguments[1]", box, question)
    driver.find_element("id", "send").click()
    wait(driver, "return document.querySelector('#status').textContent === 'The answer is complete.'")
    return driver.find_elements("css selector", ".turn")[-1]


def test_it_asks_streams_and_unfolds_in_persian(page: Any) -> None:
    page.execute_script("document.querySelector('#question').value = arguments[0]", PERSIAN)
    page.find_element("id", "send").click()
    partial = wait(page, "return document.querySelector('.answer').textContent")
    assert TEHRAN.startswith(partial)
    assert partial != TEHRAN
    assert page.find_element("id", "stop").is_displayed()
    wait(page, "return document.querySelector('#status').textContent === 'The answer is complete.'")
    answer = page.find_element("css selector", ".answer")
    assert (answer.get_attribute("dir"), answer.get_attribute("lang")) == ("rtl", "fa")
    assert page.execute_script("return getComputedStyle(arguments[0]).direction", answer) == "rtl"
    assert answer.text == TEHRAN
    chain = page.find_element("css selector", ".response_en")
    assert not chain.is_displayed()
    page.find_element("css selector", ".chain summary").click()
    assert chain.is_displayed()
    assert (chain.get_attribute("lang"), chain.text) == ("en", ANSWERS[PERSIAN].response_en)
    take_picture(page, "chat.png")


def test_hostile_text_is_shown_as_text(page: Any) -> None:
    turn = ask(page, HOSTILE)
    for name in ("asked", "answer"):
        assert turn.find_element("class name", name).get_property("textContent") == HOSTILE
    assert page.execute_script("return document.querySelectorAll('#log img, #log script').length") == 0
    assert page.title == "taco chat"


def test_nothing_but_the_pages_own_script_may_run(page: Any, slow_server: Running) -> None:
    policy = slow_server.http.get("/").headers["content-security-policy"]
    assert policy == build_page().policy
    page.execute_script(
        "const one = document.createElement('script'); one.textContent = `document.title = 'broken'`;"
        "document.body.append(one)"
    )
    assert page.title == "taco chat"
    assert any("Content Security Policy" in entry["message"] for entry in page.get_log("browser"))


def test_the_keyboard_alone_asks_stops_unfolds_and_corrects(page: Any, slow_server: Running) -> None:
    from selenium.webdriver.common.keys import Keys

    press(page, "Ola", Keys.ENTER)
    wait(page, "return document.querySelector('#status').textContent === 'The answer is complete.'")
    active = "return document.activeElement"
    assert page.execute_script(active).get_attribute("id") == "question"
    seen = []
    for _ in range(7):
        page.switch_to.active_element.send_keys(Keys.SHIFT, Keys.TAB)
        seen.append(page.execute_script(active + ".className || document.activeElement.tagName"))
    assert seen == ["correct", "down", "up", "retry", "copy", "SUMMARY", "BUTTON"]
    page.execute_script("document.querySelector('.correct').focus()")
    press(page, Keys.ENTER)
    assert page.execute_script(active).get_attribute("class") == "target"
    press(page, " mundo", Keys.TAB, "Hello world", Keys.TAB, Keys.ENTER)
    wait(page, "return document.querySelector('#status').textContent === 'Kept. Thank you.'")
    row = json.loads((slow_server.feedback / "rows.jsonl").read_text().splitlines()[-1])
    assert row["taco"]["correction"] == "Ola mundo"
    assert row["messages"][1]["content"] == "Hello world"
    page.execute_script("document.querySelector('#question').value = 'ola '.repeat(300)")
    page.find_element("id", "question").send_keys(Keys.ENTER)
    wait(page, "return document.querySelectorAll('.response_en')[1].textContent.length > 5")
    press(page, Keys.ESCAPE)
    wait(page, "return document.querySelector('#status').textContent === 'Stopped.'")
    while slow_server.http.get("/health").json()["live"]:
        pass


def test_ratings_copy_retry_and_new(page: Any, slow_server: Running) -> None:
    turn = ask(page, "Que hora é?")
    turn.find_element("class name", "down").click()
    wait(page, "return document.querySelector('.down').getAttribute('aria-pressed') === 'true'")
    kept = json.loads((slow_server.feedback / "ratings.jsonl").read_text().splitlines()[-1])
    assert (kept["taco"]["rating"], kept["taco"]["question"]) == ("down", "Que hora é?")
    turn.find_element("class name", "copy").click()
    wait(page, "return /Copied|marked/.test(document.querySelector('#status').textContent)")
    turn.find_element("class name", "retry").click()
    wait(page, "return document.querySelector('#status').textContent === 'The answer is complete.'")
    assert [one.text for one in page.find_elements("class name", "asked")] == ["Que hora é?"]
    ask(page, "E agora?")
    assert page.execute_script("return turns.map(turn => turn.role)") == ["user", "assistant"] * 2
    page.find_element("id", "new").click()
    assert page.find_elements("class name", "turn") == []


def test_the_language_is_the_readers_choice(page: Any) -> None:
    from selenium.webdriver.support.ui import Select

    choice = Select(page.find_element("id", "model"))
    assert "नेपाली (Nepali)" in [option.text for option in choice.options]
    choice.select_by_value("demo-ne")
    turn = ask(page, "Hello")
    assert turn.find_element("class name", "answer").get_attribute("lang") == "ne"


@pytest.mark.parametrize("is_dark", [False, True])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_serious_and_a_phone_needs_no_sideways_scrolling(
    page: Any, is_dark: bool, width: int
) -> None:
    scheme: Callable[..., Any] = page.execute_cdp_cmd
    features = [{"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}]
    scheme("Emulation.setEmulatedMedia", {"features": features})
    metrics = {"width": width, "height": 760, "deviceScaleFactor": 1, "mobile": width < 500}
    scheme("Emulation.setDeviceMetricsOverride", metrics)
    ask(page, "https://example.org/" + "a" * 90)
    turn = ask(page, "Cal é a capital de Galicia?")
    turn.find_element("css selector", ".chain summary").click()
    turn.find_element("class name", "correct").click()
    try:
        assert find_serious(page) == []
        assert page.execute_script("return document.documentElement.scrollWidth <= innerWidth")
        if width == 360:
            take_picture(page, "phone-dark.png" if is_dark else "phone.png")
    finally:
        scheme("Emulation.clearDeviceMetricsOverride", {})
        scheme("Emulation.setEmulatedMedia", {"features": []})


def test_a_mended_answer_says_so(driver: Any, runs: list[Path], tmp_path: Path) -> None:
    heading = "\n\nResponse in Galician:\n"
    whole = f"Instruction in English:\nHi\n\nResponse in English:\nYes.{heading}Si."
    script = {"Ben?": [Line(whole)], "Mal?": [Line(whole.partition(heading)[0]), Line("Si.")]}
    session = GuardedSession(ScriptedSession(script))
    with start_server(runs[:1], ServeOptions(port=0), session=session, feedback=tmp_path) as running:
        driver.get(running.url)
        wait(driver, "return document.querySelectorAll('#model option').length > 0")
        for question, note in (("Ben?", ""), ("Mal?", "The answer was mended while it was written (heading).")):
            turn = ask(driver, question)
            assert turn.find_element("css selector", ".answer").text == "Si."
            assert turn.find_element("css selector", ".note").text == note


def test_an_answer_that_breaks_off_or_is_refused_is_not_called_complete(page: Any) -> None:
    box = page.find_element("id", "question")
    begun = {"model": "demo-gl", "choices": [{"delta": {"content": "Iso"}}]}
    answers = {
        "new Response(arguments[0])": "That did not work: the connection broke off",
        "Response.json({error: {message: 'too busy'}}, {status: 429})": "That did not work: too busy",
    }
    for reply, said in answers.items():
        script = f"const reply = {reply}; window.fetch = () => Promise.resolve(reply)"
        page.execute_script(script, f"data: {json.dumps(begun)}\n\n")
        page.execute_script("arguments[0].value = 'Ben?'", box)
        page.find_element("id", "send").click()
        wait(page, f"return document.querySelector('#status').textContent === {json.dumps(said)}")
    assert page.find_element("css selector", ".answer").text == "Iso"
    assert box.get_property("value") == "Ben?"


def test_a_key_is_asked_for_where_the_server_wants_one(driver: Any, runs: list[Path]) -> None:
    with start_server(runs, ServeOptions(port=0, api_key="secret")) as running:
        driver.get(running.url)
        wait(driver, "return !document.querySelector('#key-field').hidden")
        driver.find_element("id", "key").send_keys("secret\t")
        wait(driver, "return document.querySelectorAll('#model option').length === 4")
        assert ask(driver, "Ola").find_element("class name", "answer").text == "Ola"
    driver.get_log("browser")
