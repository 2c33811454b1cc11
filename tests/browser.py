"""A real Chromium without a network and without a profile, for the tests that need one."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
)

PICTURES = os.environ.get("TACO_PICTURES", "")
"""Folder that pictures for the docs are written to, where it is set."""


def find_missing() -> str:
    """Return what is missing for a browser, "" where all is there."""
    try:
        import selenium  # noqa: F401
    except ImportError:
        return "needs selenium: pip install taco-llm[dev]"
    if not shutil.which("chromium") or not shutil.which("chromedriver"):
        return "needs Chromium: apt-get install --no-install-recommends chromium chromium-driver"
    return ""


@contextmanager
def open_browser(profile: Path, *, width: int = 1280, height: int = 1000, is_dark: bool = False) -> Iterator[Any]:
    """Open a browser that is closed in the end.

    Args:
        profile: Folder for its profile, not there yet.
        width, height: The window, in pixels.
        is_dark: Whether it asks pages for dark colours.
    """
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (*FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        yield driver
    finally:
        driver.quit()


def take_picture(driver: Any, name: str) -> None:
    """Keep what the window shows, where pictures for the docs are wanted."""
    if PICTURES:
        driver.save_screenshot(str(Path(PICTURES) / name))


def find_serious(driver: Any) -> list[str]:
    """Return the serious and critical violations that axe finds on the page, each with its first place."""
    from axe_core_python.base import AXE_FILE_PATH

    driver.execute_script(Path(os.environ.get("TACO_AXE", AXE_FILE_PATH)).read_text(encoding="utf-8"))
    found = driver.execute_async_script("axe.run().then(arguments[0])")["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in ("serious", "critical")]
