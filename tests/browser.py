"""A headless Chromium for the pages that people open."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_HOW = "apt-get install -y chromium chromium-driver"


@contextmanager
def chromium(profile: Path, *, dark: bool = False, phone: bool = False) -> Iterator[webdriver.Chrome]:
    """A browser with a profile of its own in `profile`, which must be a new folder.

    Where there is no browser the test is skipped, except in CI, where that is an error.
    """
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if browser is None or driver is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI needs a browser: {_HOW}")
        pytest.skip(f"no Chromium with chromedriver here; get them with: {_HOW}")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in (*_FLAGS, f"--user-data-dir={profile}", "--window-size=1100,900"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    session = webdriver.Chrome(options=options, service=Service(driver))
    try:
        if dark:
            scheme = [{"name": "prefers-color-scheme", "value": "dark"}]
            session.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
        if phone:
            metrics = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
            session.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        yield session
    finally:
        session.quit()


def luminance(colour: str) -> float:
    """Relative luminance (WCAG) of a CSS colour as the browser computes it: `rgb(…)`."""
    red, green, blue = (int(part) / 255 for part in re.findall(r"\d+", colour)[:3])
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(session: webdriver.Chrome, selector: str) -> float:
    """WCAG contrast of the first such element with the background that is behind it."""
    ink, ground = session.execute_script(
        """const element = document.querySelector(arguments[0]);
        let behind = element;
        while (getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement;
        return [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor];""",
        selector,
    )
    high, low = sorted((luminance(ink), luminance(ground)), reverse=True)
    return (high + 0.05) / (low + 0.05)
