"""A headless Chromium for the pages that people open."""

from __future__ import annotations

import os
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
