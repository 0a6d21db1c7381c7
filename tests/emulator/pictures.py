"""Pictures of the inspector for the documentation: `python -m tests.emulator.pictures docs/images`.

The scene is made by requests to the API, as a client would make them, while the clock stands still; so the
pictures are the same on every machine but for its fonts.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

import requests
from PIL import Image
from selenium.webdriver import Chrome
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser import chromium
from voiceform.emulator import Emulator

ACCOUNT = "AC" + "5" * 32
AGENTS = (("Ann", "+12125550111"), ("Bashir", "+12125550112"), ("Carla", "+12125550113"))
TALK = "<Response><Pause length='600'/></Response>"
LIMIT = 200_000


class Client:
    """Forms to the API of one account."""

    def __init__(self, emulator: Emulator) -> None:
        self._base = f"{emulator.url}/2010-04-01/Accounts/{ACCOUNT}"

    def send(self, method: str, path: str, **form: Any) -> Any:
        """The answer's JSON, or None where there is none."""
        answer = requests.request(
            method, f"{self._base}/{path}", data=form, auth=(ACCOUNT, "token"), timeout=10
        )
        return answer.json() if answer.content else None


def scene(emulator: Emulator) -> None:
    """An ordinary morning in a small call centre, with one fault that has struck and one that will."""
    emulator.reset()
    emulator.clock(now="2026-03-02T08:40:00Z", frozen=True)
    client = Client(emulator)
    emulator.seed(
        {
            "queues": [
                {"friendly_name": "Support", "max_size": 50, "current_size": 12, "average_wait_time": 74},
                {"friendly_name": "Sales", "max_size": 20, "current_size": 2, "average_wait_time": 18},
            ],
            "recordings": [
                {"date_created": f"2026-03-0{day}T{hour:02}:15:00Z", "duration": 61 * hour, "source": source}
                for day, hour, source in (
                    *((1, 9, "DialVerb"), (1, 11, "RecordVerb"), (1, 15, "OutboundAPI")),
                    *((2, 7, "DialVerb"), (2, 8, "StartCallRecordingAPI")),
                )
            ],
        }
    )
    for number in ("+12125550141", "+15005550010", "+15005550011"):
        client.send("POST", "Calls.json", To=number, From="+12125550100", Twiml=TALK)
        emulator.clock_advance("1m30s")
    for label, number in AGENTS:
        form = {"To": number, "From": "+12125550100", "Label": label, "EndConferenceOnExit": label == "Ann"}
        added = client.send("POST", "Conferences/Morning%20stand-up/Participants.json", **form)
        emulator.clock_advance("20s")
    room = f"Conferences/{added['conference_sid']}"
    client.send("POST", f"{room}/Participants/Bashir.json", Muted="true")
    client.send("GET", f"{room}.json")
    billing = client.send("POST", "Queues.json", FriendlyName="Billing", MaxSize="30")
    emulator.clock_advance("12s")
    rules = [{"operation": "updateQueue", "kind": "status", "status": 503, "retry_after": 2}]
    emulator.faults([*rules, {"operation": "createParticipant", "kind": "drop-after", "times": 2}])
    client.send("POST", f"Queues/{billing['sid']}.json", MaxSize="60")
    client.send("POST", f"Queues/{billing['sid']}.json", MaxSize="60")
    client.send("DELETE", f"Calls/{added['call_sid']}.json")
    recording = client.send("GET", "Recordings.json?PageSize=5")["recordings"][-1]
    client.send("DELETE", f"Recordings/{recording['sid']}.json")
    client.send("POST", "Calls.json", To="+15005550001", From="+12125550100", Twiml=TALK)
    emulator.clock_advance("9s")
    client.send("GET", "Queues.json?PageSize=50")


def photograph(browser: Chrome, url: str, file: Path, height: int) -> None:
    """The page from its top, so many pixels of it, as PNG."""
    browser.get(url)
    WebDriverWait(browser, 20).until(
        lambda page: page.execute_script("return document.querySelectorAll('.log > li').length > 0")
    )
    width = browser.execute_script("return innerWidth")
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
    picture = Image.open(BytesIO(base64.b64decode(shot["data"]))).convert("RGB")
    picture.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(file, optimize=True)
    if file.stat().st_size > LIMIT:
        raise ValueError(f"{file} has {file.stat().st_size} bytes; {LIMIT} are allowed")


def main(folder: Path) -> None:
    """Write `inspector.png` (light) and `inspector-phone.png` (dark, at the width of a phone)."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, Emulator(random_seed=7) as emulator:
        scene(emulator)
        url = f"{emulator.url}/_emulator/"
        with chromium(Path(place) / "light") as browser:
            browser.set_window_size(1280, 900)
            photograph(browser, url, folder / "inspector.png", 1080)
        with chromium(Path(place) / "dark", dark=True, phone=True) as browser:
            photograph(browser, url, folder / "inspector-phone.png", 844)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
