from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twilio.scripted import ACCOUNT, TOKEN
from voiceform.model.errors import CredentialsError, UsageError
from voiceform.twilio.credentials import Credentials, base_url

KEY = "SK" + "1" * 32


def test_account_and_token() -> None:
    found = Credentials.from_environment({"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": f" {TOKEN}\n"})
    assert (found.account_sid, found.username, found.password) == (ACCOUNT, ACCOUNT, TOKEN)


def test_an_api_key_wins_over_the_token() -> None:
    found = Credentials.from_environment(
        {
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_API_KEY": KEY,
            "TWILIO_API_SECRET": "s",
        }
    )
    assert (found.account_sid, found.username, found.password) == (ACCOUNT, KEY, "s")
    assert found.source == "TWILIO_API_KEY and TWILIO_API_SECRET"


def test_half_an_api_key_leaves_the_token() -> None:
    found = Credentials.from_environment(
        {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN, "TWILIO_API_KEY": KEY}
    )
    assert found.username == ACCOUNT


@pytest.mark.parametrize(
    ("environ", "named", "not_named"),
    [
        ({}, ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"], []),
        ({"TWILIO_ACCOUNT_SID": ACCOUNT}, ["TWILIO_AUTH_TOKEN"], ["TWILIO_ACCOUNT_SID"]),
        ({"TWILIO_AUTH_TOKEN": TOKEN}, ["TWILIO_ACCOUNT_SID"], ["TWILIO_AUTH_TOKEN"]),
        ({"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_API_KEY": KEY}, ["TWILIO_API_SECRET"], ["TWILIO_API_KEY"]),
        (
            {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_API_SECRET": "s"},
            ["TWILIO_API_KEY"],
            ["TWILIO_API_SECRET"],
        ),
        ({"TWILIO_ACCOUNT_SID": "", "TWILIO_AUTH_TOKEN": TOKEN}, ["TWILIO_ACCOUNT_SID"], []),
    ],
)
def test_the_message_names_exactly_what_is_missing(
    environ: dict[str, str], named: list[str], not_named: list[str]
) -> None:
    with pytest.raises(CredentialsError) as caught:
        Credentials.from_environment(environ)
    missing = caught.value.what
    assert all(name in missing for name in named)
    assert not any(name in missing for name in not_named)


@pytest.mark.parametrize("account", ["SK" + "0" * 32, "AC123", ACCOUNT + "\n", "AC" + "g" * 32, "../../x"])
def test_a_malformed_account_is_refused(account: str) -> None:
    with pytest.raises(CredentialsError, match="TWILIO_ACCOUNT_SID"):
        Credentials(account, account, TOKEN)


def test_the_password_does_not_show() -> None:
    assert TOKEN not in repr(Credentials(ACCOUNT, ACCOUNT, TOKEN))
    assert TOKEN not in f"{Credentials(ACCOUNT, ACCOUNT, TOKEN)}"


@pytest.mark.parametrize(
    ("region", "edge", "expected"),
    [
        (None, None, "https://api.twilio.com"),
        ("us1", None, "https://api.ashburn.us1.twilio.com"),
        ("us2", None, "https://api.umatilla.us2.twilio.com"),
        ("ie1", None, "https://api.dublin.ie1.twilio.com"),
        ("de1", None, "https://api.frankfurt.de1.twilio.com"),
        ("au1", "", "https://api.sydney.au1.twilio.com"),
        ("jp1", None, "https://api.tokyo.jp1.twilio.com"),
        ("sg1", None, "https://api.singapore.sg1.twilio.com"),
        ("br1", None, "https://api.sao-paulo.br1.twilio.com"),
        ("au1", "tokyo", "https://api.tokyo.au1.twilio.com"),
        ("xx1", "dublin", "https://api.dublin.xx1.twilio.com"),
        (None, "dublin", "https://api.dublin.us1.twilio.com"),
        ("ie1", "dublin", "https://api.dublin.ie1.twilio.com"),
        (None, "ashburn", "https://api.ashburn.us1.twilio.com"),
        ("", "", "https://api.twilio.com"),
    ],
)
def test_region_and_edge(region: str | None, edge: str | None, expected: str) -> None:
    assert base_url(region=region, edge=edge) == expected


@pytest.mark.parametrize("region", ["xx1", "ireland", "ie11"])
def test_a_region_without_a_known_edge_says_what_to_set(region: str) -> None:
    with pytest.raises(UsageError, match="TWILIO_EDGE") as caught:
        base_url(region=region)
    assert "ie1" in str(caught.value)


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("http://127.0.0.1:8765", "http://127.0.0.1:8765"),
        ("http://127.0.0.1:8765/", "http://127.0.0.1:8765"),
        ("http://localhost:1", "http://localhost:1"),
        ("http://[::1]:8765", "http://[::1]:8765"),
        ("https://Proxy.Example.COM", "https://proxy.example.com"),
    ],
)
def test_an_override_replaces_region_and_edge(override: str, expected: str) -> None:
    assert base_url(region="ie1", edge="dublin", override=override) == expected


@pytest.mark.parametrize(
    "override",
    [
        "http://api.twilio.com",
        "http://127.0.0.1.example.com",
        "http://10.0.0.1:80",
        "ftp://127.0.0.1",
        "127.0.0.1:8765",
        "https://",
        "https://host/2010-04-01",
        "https://host?x=1",
        "https://host:99999",
        "https://ho st",
        "https://host\r\nX: y",
        "https://[::1",
        f"https://{ACCOUNT}:{TOKEN}@api.twilio.com",
    ],
)
def test_other_overrides_are_refused_without_being_repeated(override: str) -> None:
    with pytest.raises(UsageError) as caught:
        base_url(override=override)
    assert TOKEN not in str(caught.value)


def test_plain_http_elsewhere_must_be_asked_for() -> None:
    assert base_url(override="http://10.0.0.1:80", insecure_http=True) == "http://10.0.0.1:80"


@pytest.mark.parametrize("name", ["a.b", "evil.com/", "-x", "us1#", "us1@evil", "ü"])
def test_region_and_edge_are_single_labels(name: str) -> None:
    with pytest.raises(UsageError, match="TWILIO_REGION"):
        base_url(region=name)
    with pytest.raises(UsageError, match="TWILIO_EDGE"):
        base_url(edge=name)


@given(st.text())
def test_any_override_is_an_origin_or_refused(text: str) -> None:
    try:
        found = base_url(override=text)
    except UsageError:
        return
    assert found == "https://api.twilio.com" if not text else found.count("/") == 2
