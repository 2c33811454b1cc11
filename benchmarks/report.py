"""How large the page of several runs is and how fast Chromium opens it; with --screenshots also draws those of the docs.

    python benchmarks/report.py
    python benchmarks/report.py --runs 4 --rows 12 --screenshots docs/report

The runs are made up, by the same maker as in the tests.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "report"))

from made_runs import build_runs, write_verdicts

from browser import find_missing, open_browser
from taco.report.side_by_side.write import write_side_by_side

OPENINGS = 5
LOADED = "return performance.getEntriesByType('navigation')[0].loadEventEnd"
TOP = "return document.querySelector(arguments[0]).getBoundingClientRect().top + scrollY"
SHOTS = (("differences", "#differences", False), ("answers", "#answers", False), ("dark", "#made-of", True))
"""Name of a screenshot, where it begins, and whether in dark colours."""


def measure(page: Path, folder: Path) -> None:
    """Open a page some times, each in a browser of its own, and print how long it took until it was loaded."""
    seconds = []
    for number in range(OPENINGS):
        with open_browser(folder / f"profile-{number}") as driver:
            driver.get(page.as_uri())
            seconds.append(driver.execute_script(LOADED) / 1000)
    print(
        f"load event after {statistics.median(seconds):.2f} s (median of {OPENINGS}, most {max(seconds):.2f} s), "
        f"page of {page.stat().st_size / 1e6:.1f} MB"
    )


def shoot(page: Path, folder: Path, out: Path) -> None:
    """Draw the screenshots."""
    out.mkdir(parents=True, exist_ok=True)
    for name, place, is_dark in SHOTS:
        with open_browser(folder / f"profile-{name}", width=1100, height=820, is_dark=is_dark) as driver:
            driver.get(page.as_uri())
            if name == "answers":
                _choose(driver)
            top = driver.execute_script(TOP, place)
            driver.execute_script("scrollTo({top: arguments[0] - 60, behavior: 'instant'})", top)
            time.sleep(0.5)  # a frame must be drawn
            driver.save_screenshot(str(out / f"{name}.png"))


def _choose(driver: Any) -> None:
    """Choose the failures and open the first question that is left."""
    driver.execute_script("document.getElementById('fault-1').click()")
    driver.execute_script(
        "document.querySelectorAll('.sample').forEach(one => one.open = false);"
        "[...document.querySelectorAll('.sample')].find(one => one.checkVisibility()).open = true"
    )


def main() -> None:
    """Measure, or draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--rows", type=int, default=80)
    parser.add_argument("--screenshots", type=Path, metavar="FOLDER")
    asked = parser.parse_args()
    if missing := find_missing():
        sys.exit(missing)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        runs = build_runs(place, runs=asked.runs, rows=asked.rows, hostile=asked.screenshots is None)
        for run in runs:
            write_verdicts(run)
        started = time.monotonic()
        write_side_by_side(runs, place / "page.html")
        print(f"{asked.runs} runs of {asked.rows} answers written in {time.monotonic() - started:.1f} s")
        measure(place / "page.html", place)
        if asked.screenshots:
            shoot(place / "page.html", place, asked.screenshots)


if __name__ == "__main__":
    main()
