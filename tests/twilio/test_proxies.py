"""Which proxy the environment names, and for whom."""

from __future__ import annotations

import sys

import pytest

from tests.twilio.scripted import PROXY_VARIABLES, new_client
from voiceform.model.clock import ManualClock
from voiceform.model.errors import MissingExtraError
from voiceform.twilio.failures import ExchangeFailedError
from voiceform.twilio.proxies import proxy_to

SETTINGS = [
    ({"HTTPS_PROXY": "http://p:1"}, "https://api.twilio.com", "http"),
    ({"https_proxy": "p:1"}, "https://api.twilio.com", "http"),
    ({"ALL_PROXY": "socks5h://p"}, "https://api.twilio.com", "socks5h"),
    ({"HTTP_PROXY": "http://p:1"}, "https://api.twilio.com", None),
    ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, "https://api.twilio.com", None),
    ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "twilio.com"}, "https://api.twilio.com", None),
    ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": ".twilio.com"}, "https://api.twilio.com", None),
    (
        {"HTTPS_PROXY": "http://p:1", "no_proxy": "example.com, api.twilio.com"},
        "https://api.twilio.com",
        None,
    ),
    ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "192.0.2.0/24"}, "https://192.0.2.7:8443", None),
    ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "192.0.2.0/24"}, "https://198.51.100.1", "http"),
    ({"HTTPS_PROXY": "http://p:1"}, "https://127.0.0.1:8765", None),
    ({"HTTPS_PROXY": "http://p:1"}, "https://localhost", None),
    ({"HTTPS_PROXY": "http://p:1"}, "https://[::1]:8765", None),
    ({"HTTPS_PROXY": ""}, "https://api.twilio.com", None),
]


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(("environ", "origin", "scheme"), SETTINGS)
def test_which_proxy_the_environment_means(
    environ: dict[str, str], origin: str, scheme: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    found = proxy_to(origin)
    assert (found and found.scheme) == scheme


@pytest.mark.parametrize(
    "url", ["gopher://p:1", "http://", "http://:1", "http://p:port", "http://p:99999", "//", "ftp://p"]
)
def test_a_proxy_setting_that_means_nothing_is_an_error(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", url)
    with pytest.raises(ExchangeFailedError, match="the proxy that the environment names cannot be used"):
        proxy_to("https://api.twilio.com")


def test_nothing_says_the_password_of_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://some%20one:s%40cret@p:1")
    found = proxy_to("https://api.twilio.com")
    assert found is not None
    assert (found.user, found.password) == ("some one", "s@cret")
    assert "s@cret" not in repr(found)


def test_socks_without_its_library_says_what_to_install(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "socks5h://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "socks", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'voiceform\[socks\]'"):
        new_client("http://api.example.test", clock)
