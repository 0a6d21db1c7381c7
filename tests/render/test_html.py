"""The HTML page, as text and in a real browser."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By

from tests.browser import chromium, contrast, luminance
from tests.render import samples
from tests.render.samples import plan
from tests.render.strategies import plans
from voiceform.model.plan import Action, FieldChange, Mode, Plan
from voiceform.model.plan_codec import review_digest
from voiceform.render.escape import visible
from voiceform.render.html import render_plan_html

TAGS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "script",
        "body",
        "header",
        "main",
        "footer",
        "section",
        "div",
    ),
    *("h1", "h2", "h3", "p", "dl", "dt", "dd", "ul", "li", "bdi", "span", "small", "code", "del", "ins"),
    *("fieldset", "legend", "label", "input", "output", "details", "summary", "article"),
    *("table", "tbody", "tr", "th", "td"),
}
READABLE = (
    *(".headline", ".facts dt", ".why", "th", "del", "ins", ".impact", ".sid", "output"),
    *(".destroy .action", ".phone .action", ".create .action", ".update .action"),
    *(".blocked h3", ".blocked p:last-child"),
)
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466" * 9
HOSTILE = samples.change(
    "queue.hostile",
    Action.UPDATE,
    reason="</p><script>window.hacked = 1</script>",
    sid='"><img src=x onerror="window.hacked = 2">',
    operations=("updateQueue",),
    before={},
    after={},
    fields=(
        FieldChange("friendly_name", "<script>window.hacked = 3</script>", FAMILY),
        FieldChange("שלום", "abc\u202edef", "مرحبا 123"),
        FieldChange("wait_url", "https://example.com/" + "a" * 300, "javascript:window.hacked = 4"),
    ),
    impact=("</style></script><svg onload=window.hacked=5>",),
)


class Page(HTMLParser):
    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.inline: dict[str, str] = {}
        self._open = ""
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self._open = tag

    def handle_data(self, data: str) -> None:
        if self._open in ("style", "script"):
            self.inline[self._open] = self.inline.get(self._open, "") + data

    def handle_endtag(self, tag: str) -> None:
        self._open = ""


def hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_policy_names_exactly_what_is_inline() -> None:
    document = render_plan_html(samples.full_plan())
    page = Page(document)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', document)
    assert policy is not None
    assert policy[1] == (
        f"default-src 'none'; style-src {hashed(page.inline['style'])}; "
        f"script-src {hashed(page.inline['script'])}; base-uri 'none'; form-action 'none'"
    )
    assert page.tags.count("script") == page.tags.count("style") == 1


def test_page_shows_the_plan() -> None:
    document = render_plan_html(samples.full_plan(), commit="0123abc")
    assert "<bdi>0123abc</bdi>" in document
    assert review_digest(samples.full_plan(), None) in document
    assert samples.MASKED in document
    assert samples.NUMBER not in document
    assert samples.SECRET not in render_plan_html(samples.full_plan(), show_numbers=True)
    assert samples.NUMBER in render_plan_html(samples.full_plan(), show_numbers=True)


def test_review_says_that_it_cannot_be_applied() -> None:
    assert "it cannot be applied" in render_plan_html(plan(samples.CREATE, mode=Mode.REVIEW))


@settings(max_examples=40)
@given(plans())
def test_no_value_becomes_markup(shown: Plan) -> None:
    document = render_plan_html(shown)
    page = Page(document)
    assert set(page.tags) <= TAGS
    assert not [
        name for name, _ in page.attributes if name.startswith("on") or name in ("src", "href", "style")
    ]
    assert "+15558675310" not in document
    body = document.partition("<body")[2]
    assert all(visible(line) == line for line in body.rpartition("<script>")[0].split("\n"))


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    shown = samples.full_plan()
    file = tmp_path_factory.mktemp("page") / "plan.html"
    items = (*shown.changes, HOSTILE)
    file.write_text(
        render_plan_html(plan(*items, drift=shown.drift, blocked=shown.blocked)), encoding="utf-8"
    )
    return file.as_uri()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("profile")) as session:
        yield session


@pytest.fixture
def opened(browser: Chrome, page_file: str) -> Chrome:
    browser.get(page_file)
    return browser


def addresses(session: Chrome) -> list[str]:
    entries = session.find_elements(By.CSS_SELECTOR, "article[data-effect]")
    return [entry.find_element(By.CSS_SELECTOR, "h3 code").text for entry in entries if entry.is_displayed()]


def test_hostile_values_are_text(opened: Chrome) -> None:
    assert opened.execute_script("return window.hacked") is None
    assert opened.get_log("browser") == []  # type: ignore[no-untyped-call]
    hostile = opened.find_element(By.XPATH, "//article[.//code[contains(., 'queue.hostile')]]")
    assert "<script>window.hacked = 3</script>" in hostile.text
    assert FAMILY in hostile.text
    assert "abc\\u202edef" in hostile.text


def test_right_to_left_values_keep_to_themselves(opened: Chrome) -> None:
    row = opened.find_element(By.XPATH, "//tr[contains(., 'مرحبا')]")
    before, after = row.find_element(By.TAG_NAME, "del"), row.find_element(By.TAG_NAME, "ins")
    assert before.location["x"] < after.location["x"]
    assert {
        element.tag_name for element in row.find_elements(By.CSS_SELECTOR, "th > *, del > *, ins > *")
    } == {"bdi"}


def test_nothing_is_loaded(opened: Chrome) -> None:
    assert opened.execute_script("return performance.getEntriesByType('resource').length") == 0


def test_gravest_changes_come_first(opened: Chrome) -> None:
    assert addresses(opened) == [
        "queue.old",
        "retention.everything-else",
        "call.reminder",
        "queue.support",
        "queue.sales",
        "queue.hostile",
    ]


def test_filters_work_with_the_keyboard_alone(opened: Chrome) -> None:
    def press(*keys: str) -> None:
        opened.switch_to.active_element.send_keys(*keys)

    opened.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    press(Keys.SPACE)
    assert addresses(opened) == ["call.reminder", "queue.support", "queue.sales", "queue.hostile"]
    assert opened.find_element(By.ID, "shown").text == "4 of 6 shown"
    assert "Destroys" not in [
        heading.text.split(" ")[0] for heading in opened.find_elements(By.TAG_NAME, "h2")
    ]
    press(Keys.SPACE)
    for _ in range(4):
        press(Keys.TAB)
    press(Keys.SPACE)
    assert "call.reminder" not in addresses(opened)
    for _ in range(3):
        press(Keys.TAB)
    press("callers are waiting")
    assert addresses(opened) == ["queue.old", "queue.sales"]


def test_page_reads_whole_without_script(opened: Chrome, page_file: str) -> None:
    opened.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        opened.get(page_file)
        assert len(addresses(opened)) == 6
        assert not opened.find_element(By.ID, "filters").is_displayed()
    finally:
        opened.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.parametrize(("dark", "phone"), [(False, True), (True, False), (True, True)])
def test_readable_on_a_phone_and_in_the_dark(page_file: str, tmp_path: Path, dark: bool, phone: bool) -> None:
    with chromium(tmp_path / "profile", dark=dark, phone=phone) as session:
        session.get(page_file)
        ground = session.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert (luminance(ground) < 0.1) is dark
        wide, window = session.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
        assert wide <= window
        for selector in READABLE:
            assert contrast(session, selector) >= 4.5, selector
