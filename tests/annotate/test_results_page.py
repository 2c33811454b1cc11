"""The page of a study's results in a real Chromium: axe, light and dark, no sideways scrolling, pictures that are named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from studies import make_study, make_submissions, write_verdicts

from browser import find_missing, find_serious, open_browser, take_picture
from taco.annotate.run import run_read
from taco.annotate.simulated import SimulatedJudge, SimulatedPanel
from taco.measure.bootstrap import Bootstrap

MISSING = find_missing()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=MISSING or "all is there"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # selenium's own sockets
]


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("studies")
    panel = SimulatedPanel(seed=3, severity={"ana": -0.8, "cai": 0.5}, systems={"alpha": 0.6, "delta": -0.6}, noise=0.9)
    judge = SimulatedJudge(panel=panel, bias={"gl": 0.3, "fa": 1.2}, slope=0.25, length=64)
    for code in ("gl", "fa"):
        submissions = make_submissions(questions=40, language=code)
        key = make_study(folder / code, submissions)
        for sheet in key.sheets:
            (folder / f"{code}-{sheet.rater}.json").write_text(panel.fill(key, sheet), encoding="utf-8")
        write_verdicts(folder / code / "judge", submissions, judge.judge(key))
    studies = [folder / "gl", folder / "fa"]
    run_read(
        sorted(folder.glob("*.json")),
        studies=studies,
        verdicts=[study / "judge" for study in studies],
        out=folder / "out",
        bootstrap=Bootstrap(samples=200, confidence=0.95, seed=1),
    )
    with open_browser(tmp_path_factory.mktemp("browser") / "profile", height=1300) as opened:
        opened.get((folder / "out" / "results.html").as_uri())
        yield opened


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_serious(driver: Any, scheme: str, width: int) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    driver.set_window_size(width, 1300)
    assert find_serious(driver) == []
    assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    if (scheme, width) == ("light", 1280):
        take_picture(driver, "results.png")


def test_pictures_say_what_they_show_and_nothing_is_loaded(driver: Any) -> None:
    labels = driver.execute_script(
        "return [...document.querySelectorAll('svg.chart')].map(one => one.getAttribute('aria-label'))"
    )
    assert len(labels) == 3
    assert labels[0].startswith("Agreement on overall. all people: 0.")
    assert "Persian: 1." in labels[1]
    assert driver.execute_script("return document.querySelectorAll('script, img, link, iframe').length") == 0
    assert driver.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"] == []
