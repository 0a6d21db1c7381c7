"""The inspector in a real browser: live, by keyboard, in the dark, on a phone, and with hostile data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser import chromium, contrast, luminance
from tests.emulator.api import Api, error
from tests.emulator.pictures import LIMIT, main, scene
from voiceform.emulator import Emulator

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
EMOJI = FAMILY * 9 + "\U0001f600"
HOSTILE = (
    "<img src=x onerror='window.hacked = 1'>",
    "</script><script>window.hacked = 2</script>",
    "abc\u202edef\u0007",
    "مرحبا 123",
    EMOJI,
    "W" * 64,
)
READABLE = (
    *("h1", "h2", "nav a", "nav b", "#now", ".link", "#freeze", "#open-reset", ".empty"),
    *(".rows .name", ".line.sub .name", ".sid", ".log time", ".log .path", "#add-fault label"),
    *('.chip[data-tone="good"]', '.chip[data-tone="wait"]', '.chip[data-tone="bad"]', "#profile"),
    *('.status[data-tone="good"]', '.status[data-tone="bad"]', "#frozen", ".gone .name"),
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("profile")) as session:
        yield session


@pytest.fixture
def page(browser: Chrome, emulator: Emulator) -> Chrome:
    return show(browser, emulator)


def show(session: Chrome, emulator: Emulator) -> Chrome:
    session.get_log("browser")  # type: ignore[no-untyped-call]
    session.get(f"{emulator.url}/_emulator/")
    until(session, lambda: one(session, "#link").text == "live")
    return session


def until(session: Chrome, condition: Callable[[], object]) -> None:
    """Rows may be replaced while they are looked at."""
    ignored = (StaleElementReferenceException,)
    WebDriverWait(session, 30, 0.05, ignored).until(lambda _: condition())


def one(session: Chrome, selector: str) -> WebElement:
    return session.find_element(By.CSS_SELECTOR, selector)


def texts(session: Chrome, selector: str) -> list[str]:
    return [element.text for element in session.find_elements(By.CSS_SELECTOR, selector)]


def press(session: Chrome, *keys: str) -> None:
    session.switch_to.active_element.send_keys(*keys)


def focused(session: Chrome) -> str:
    name: str = session.execute_script(
        "const e = document.activeElement; return e.id || e.name || e.dataset.advance || e.textContent.trim()"
    )
    return name


def count(session: Chrome, kind: str) -> str:
    return one(session, f"[data-count={kind}]").text


def test_an_empty_emulator_says_what_to_do(page: Chrome, emulator: Emulator) -> None:
    assert one(page, "#now").text == "2026-03-01 12:00:00"
    assert f"Point a client at {emulator.url}." in one(page, "[data-empty=requests]").text
    assert one(page, "[data-empty=queues]").is_displayed()
    assert not one(page, "#queues-list").is_displayed()
    assert page.get_log("browser") == []  # type: ignore[no-untyped-call]


def test_requests_appear_as_they_happen(page: Chrome, api: Api) -> None:
    api.post("Queues.json", {"FriendlyName": "Support"})
    until(page, lambda: texts(page, ".log strong") == ["createQueue"])
    until(page, lambda: texts(page, "#queues-list bdi") == ["Support"])
    api.get("Nothing.json?Colour=red")
    until(page, lambda: texts(page, ".log strong") == ["unknown", "createQueue"])
    assert texts(page, ".log .status") == ["404", "201"]
    one(page, ".log summary").click()
    assert "Colour\nred" in one(page, ".log dl").text
    api.get("Queues.json")
    until(page, lambda: len(texts(page, ".log strong")) == 3)
    assert "Colour\nred" in one(page, ".log details[open] dl").text
    assert count(page, "requests") == "3"


def test_what_lives_and_ends_is_shown_by_the_clock(page: Chrome, api: Api) -> None:
    api.call()
    api.add("Stand-up", Label="Ann", Muted="true", EndConferenceOnExit="true")
    until(page, lambda: texts(page, "#calls-list .chip") == ["queued", "queued"])
    one(page, "[data-advance='1m']").click()
    until(page, lambda: one(page, "#now").text == "2026-03-01 12:01:00")
    until(page, lambda: "in-progress" in texts(page, "#calls-list .chip"))
    until(page, lambda: texts(page, "#conferences-list .people bdi")[:1] == ["Ann"])
    assert texts(page, "#conferences-list .people .chip") == ["muted", "ends room", "connected"]
    one(page, "[data-advance='1h']").click()
    until(page, lambda: texts(page, "#calls-list .chip") == ["completed", "completed"])
    until(page, lambda: texts(page, "#conferences-list .chip")[0] == "completed")


def test_the_clock_is_frozen_run_and_set(page: Chrome, emulator: Emulator) -> None:
    assert one(page, "#frozen").is_displayed()
    one(page, "#freeze").click()
    until(page, lambda: one(page, "#freeze").text == "Freeze")
    assert emulator.clock()["frozen"] is False
    shown = one(page, "#now").text
    until(page, lambda: one(page, "#now").text != shown)
    one(page, "#freeze").click()
    until(page, lambda: one(page, "#freeze").text == "Run")
    page.execute_script("document.getElementById('instant').value = '2026-07-01T09:30:00'")
    one(page, "#set-clock button").click()
    until(page, lambda: one(page, "#now").text == "2026-07-01 09:30:00")
    assert emulator.clock() == {"now": "2026-07-01T09:30:00Z", "frozen": True}
    assert one(page, "#said").get_attribute("textContent") == "Clock set."


def test_the_day_is_written_where_it_is_another(page: Chrome, emulator: Emulator, api: Api) -> None:
    api.call()
    until(page, lambda: texts(page, "#calls-list time") == ["12:00:00"])
    emulator.clock_advance("2d")
    until(page, lambda: texts(page, "#calls-list time") == ["2026-03-01 12:00"])


def test_a_fault_is_added_strikes_and_is_gone(page: Chrome, emulator: Emulator, api: Api) -> None:
    form = one(page, "#add-fault")
    Select(form.find_element(By.NAME, "operation")).select_by_visible_text("createQueue")
    form.find_element(By.NAME, "retry_after").send_keys("7")
    form.find_element(By.TAG_NAME, "button").click()
    until(page, lambda: texts(page, "#faults-list .name") == ["createQueue: answers 503, Retry-After 7"])
    assert texts(page, "#faults-list .chip") == ["once"]
    refused = api.post("Queues.json", {"FriendlyName": "a"})
    assert error(refused) == (503, 20503)
    assert refused.headers["Retry-After"] == "7"
    until(page, lambda: count(page, "faults") == "0")
    until(page, lambda: texts(page, ".log .status") == ["503"])
    assert api.show("Queues.json")["queues"] == []


def test_faults_are_removed_one_by_one_and_all(page: Chrome, emulator: Emulator) -> None:
    kinds = ("latency", "drop-before", "garbage")
    emulator.faults([{"kind": kind, "times": None} for kind in kinds])
    until(page, lambda: len(texts(page, "#faults-list li")) == 3)
    assert set(texts(page, "#faults-list .chip")) == {"for ever"}
    one(page, "#faults-list li:nth-child(2) button").click()
    until(page, lambda: len(texts(page, "#faults-list li")) == 2)
    assert focused(page) == "kind"
    one(page, "#clear-faults").click()
    until(page, lambda: one(page, "[data-empty=faults]").is_displayed())


def test_a_mistake_is_told_and_nothing_happens(page: Chrome, emulator: Emulator) -> None:
    page.execute_script("document.querySelector('#add-fault [name=times]').setAttribute('min', '-1')")
    times = one(page, "#add-fault [name=times]")
    times.clear()
    times.send_keys("-1")
    one(page, "#add-fault button").click()
    until(page, lambda: "times" in one(page, "#problem").text)
    assert "rules[0].times: -1 is not a number from 1" in one(page, "#problem").text


def test_a_seed_is_confirmed_and_its_mistakes_are_told(page: Chrome, emulator: Emulator) -> None:
    one(page, "#open-seed").click()
    text = one(page, "#seed-text")
    seed = json.loads(text.get_attribute("value") or "")
    text.clear()
    text.send_keys('{"queues": [{"max_size": 1}]}')
    one(page, "#do-seed").click()
    until(page, lambda: "friendly_name: is required" in one(page, "#seed-problem").text)
    text.clear()
    text.send_keys("{")
    one(page, "#do-seed").click()
    until(page, lambda: one(page, "#seed-problem").text.startswith("This is not JSON"))
    assert count(page, "queues") == "0"
    text.clear()
    text.send_keys(json.dumps(seed))
    one(page, "#do-seed").click()
    until(page, lambda: count(page, "queues") == "1")
    assert not one(page, "#seed").is_displayed()
    assert count(page, "calls") == "21"


def test_a_reset_is_confirmed(page: Chrome, emulator: Emulator) -> None:
    emulator.seed({"queues": [{"friendly_name": "a"}, {"friendly_name": "b"}], "recordings": [{}]})
    until(page, lambda: count(page, "queues") == "2")
    one(page, "#open-reset").click()
    assert one(page, "#reset-text").text.startswith("2 queues, 1 recording, the request log")
    press(page, Keys.ENTER)
    assert not one(page, "#reset").is_displayed()
    assert count(page, "queues") == "2"
    one(page, "#open-reset").click()
    one(page, "#do-reset").click()
    until(page, lambda: count(page, "queues") == "0")
    assert not one(page, "#reset").is_displayed()


def test_all_is_done_with_the_keyboard(page: Chrome, emulator: Emulator, api: Api) -> None:
    one(page, "body").send_keys(Keys.TAB)
    assert focused(page) == "freeze"
    press(page, Keys.TAB, Keys.TAB)
    press(page, Keys.ENTER)
    until(page, lambda: one(page, "#now").text == "2026-03-01 12:10:00")
    assert focused(page) == "10m"
    page.execute_script("document.getElementById('open-seed').focus()")
    press(page, Keys.SPACE)
    assert focused(page) == "seed-text"
    press(page, Keys.ESCAPE)
    assert focused(page) == "open-seed"
    press(page, Keys.TAB)
    press(page, Keys.ENTER)
    assert focused(page) == "Cancel"
    press(page, Keys.ESCAPE)
    for name in ("a", "b"):
        api.post("Queues.json", {"FriendlyName": name})
    until(page, lambda: len(texts(page, ".log summary")) == 2)
    page.execute_script("document.getElementById('clear-log').focus()")
    press(page, Keys.TAB)
    assert focused(page) == "requests-list"
    press(page, Keys.TAB)
    press(page, Keys.ENTER)
    assert "FriendlyName\nb" in one(page, ".log details[open]").text
    page.execute_script("document.querySelector('#add-fault select').focus()")
    press(page, "late")
    for _ in range(4):
        press(page, Keys.TAB)
    press(page, Keys.ENTER)
    until(page, lambda: texts(page, "#faults-list .name") == ["any operation: waits"])
    press(page, Keys.SHIFT, Keys.TAB)


def test_the_log_is_filtered_and_emptied(page: Chrome, emulator: Emulator, api: Api) -> None:
    api.post("Queues.json", {"FriendlyName": "needle"})
    api.get("Calls.json")
    until(page, lambda: len(texts(page, ".log strong")) == 2)
    one(page, "#filter").send_keys("NEEDLE")
    assert texts(page, ".log strong") == ["createQueue"]
    assert one(page, "[data-shown=requests]").text == "1 that match of 2"
    one(page, "#filter").send_keys(Keys.BACKSPACE * len("needle"))
    until(page, lambda: len(texts(page, ".log strong")) == 2)
    one(page, "#clear-log").click()
    until(page, lambda: one(page, "[data-empty=requests]").is_displayed())
    assert emulator.requests() == []


def test_only_the_newest_of_many_are_in_the_page(page: Chrome, emulator: Emulator) -> None:
    emulator.seed({"generate": {"recordings": {"count": 5000}}})
    until(page, lambda: count(page, "recordings") == "5,000")
    assert one(page, "[data-shown=recordings]").text == "60 newest of 5,000"
    assert len(page.find_elements(By.CSS_SELECTOR, "#recordings-list > li")) == 60


def test_hostile_values_are_text(page: Chrome, emulator: Emulator, api: Api) -> None:
    rooms = [{"friendly_name": name, "participants": [{"label": name, "to": name}]} for name in HOSTILE]
    emulator.seed(
        {
            "queues": [{"friendly_name": name} for name in HOSTILE],
            "conferences": rooms,
            "calls": [{"to": name, "answered_by": name} for name in HOSTILE],
        }
    )
    for name in HOSTILE:
        api.post("Queues.json", {"FriendlyName": name + "!", name: name})
    until(page, lambda: count(page, "requests") == str(len(HOSTILE)))
    page.execute_script("for (const d of document.querySelectorAll('details')) d.open = true")
    assert page.execute_script("return window.hacked") is None
    assert page.get_log("browser") == []  # type: ignore[no-untyped-call]
    assert not page.find_elements(By.CSS_SELECTOR, "main img, main script")
    for place in ("#queues-list", "#conferences-list", "#calls-list", "#requests-list"):
        shown = texts(page, f"{place} bdi")
        for name in (*HOSTILE[:2], "abc\\u202edef\\u0007", *HOSTILE[3:]):
            assert name in shown, (place, name)
    assert wide_elements(page) == []


def test_right_to_left_values_keep_to_themselves(page: Chrome, emulator: Emulator) -> None:
    emulator.seed({"calls": [{"from": "שלום 1", "to": "مرحبا 2"}]})
    until(page, lambda: count(page, "calls") == "1")
    first, second = page.find_elements(By.CSS_SELECTOR, "#calls-list .numbers bdi")
    assert (first.text, second.text) == ("שלום 1", "مرحبا 2")
    assert first.location["x"] < second.location["x"]


def test_names_of_64_emoji_fit(page: Chrome, emulator: Emulator) -> None:
    emulator.seed({"queues": [{"friendly_name": "\U0001f600" * 64}]})
    until(page, lambda: count(page, "queues") == "1")
    assert wide_elements(page) == []
    name, size = (one(page, f"#queues-list .line > {part}") for part in ("bdi", ".mono"))
    assert (
        name.location["x"] + name.size["width"]
        <= one(page, "#queues").rect["x"] + one(page, "#queues").rect["width"]
    )
    assert size.is_displayed()


def test_without_the_emulator_the_page_says_so_and_recovers(browser: Chrome) -> None:
    with Emulator() as first:
        show(browser, first)
        port = int(first.url.rpartition(":")[2])
    until(browser, lambda: "no answer" in one(browser, "#link").text)
    with Emulator(port=port) as second:
        second.seed({"queues": [{"friendly_name": "after"}]})
        until(browser, lambda: one(browser, "#link").text == "live")
        until(browser, lambda: texts(browser, "#queues-list bdi") == ["after"])


def test_nothing_is_loaded_but_the_snapshot(page: Chrome) -> None:
    names = page.execute_script("return performance.getEntriesByType('resource').map(one => one.name)")
    assert {name.partition("?")[0].rpartition("/")[2] for name in names} == {"snapshot"}


def wide_elements(session: Chrome) -> list[str]:
    """What reaches over the edge of the window, or of its own panel."""
    found: list[str] = session.execute_script(
        """const edge = document.documentElement.clientWidth;
        return [...document.querySelectorAll('body *')].filter((element) => {
          const box = element.getBoundingClientRect();
          if (element.classList.contains('unseen') || !box.width) return false;
          const panel = element.closest('.panel');
          const limit = panel ? panel.getBoundingClientRect().right : edge;
          return box.right > limit + 1;
        }).map((element) => element.outerHTML.slice(0, 120));"""
    )
    return found


@pytest.mark.parametrize(("dark", "phone"), [(False, True), (True, False), (True, True), (False, False)])
def test_readable_on_a_phone_and_in_the_dark(
    emulator: Emulator, tmp_path: Path, dark: bool, phone: bool
) -> None:
    scene(emulator)
    emulator.seed({"queues": [{"friendly_name": name} for name in HOSTILE]})
    with chromium(tmp_path / "profile", dark=dark, phone=phone) as session:
        show(session, emulator)
        ground = session.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert (luminance(ground) < 0.1) is dark
        wide, window = session.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
        assert wide <= window == (390 if phone else window)
        assert wide_elements(session) == []
        for selector in READABLE:
            assert contrast(session, selector) >= 4.5, selector


def test_the_pictures_of_the_documentation_can_be_made(tmp_path: Path) -> None:
    with chromium(tmp_path / "is there a browser"):
        main(tmp_path)
    for name in ("inspector.png", "inspector-phone.png"):
        assert 20_000 < (tmp_path / name).stat().st_size <= LIMIT
