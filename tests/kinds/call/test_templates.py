"""Columns in texts: what can stand between the braces, and that no value ever becomes more than a value."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceform.kinds.call.answer import spoken
from voiceform.kinds.call.templates import (
    Template,
    TemplateError,
    attributes_with_names,
    filled_answer,
    in_url,
    in_xml,
)

XML_TEXT = st.text(
    st.characters(codec="utf-8").filter(lambda c: c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff"))
)
ANY_TEXT = st.text(st.characters(codec="utf-8"))


@given(XML_TEXT, XML_TEXT)
def test_a_value_comes_out_of_a_parser_as_it_went_in(name: str, voice: str) -> None:
    twiml = spoken({"text": "Hello {{ name }}, {{name}}!", "voice": "{{ voice }}"})
    filled = filled_answer({"twiml": twiml}, {"name": name, "voice": voice})["twiml"]

    [say] = ET.fromstring(filled)
    assert say.text == f"Hello {name}, {name}!"
    assert say.attrib == {"voice": voice}
    assert list(say) == []


@given(ANY_TEXT, ANY_TEXT)
def test_a_value_in_a_url_divides_nothing(one: str, other: str) -> None:
    answer = {"url": "https://example.com/a/{{ one }}/b?one={{ one }}&two={{other}}", "method": "GET"}
    filled = filled_answer(answer, {"one": one, "other": other})

    url = urlsplit(filled["url"])
    assert (url.scheme, url.netloc, url.fragment, filled["method"]) == ("https", "example.com", "", "GET")
    assert url.path.count("/") == 3
    assert parse_qsl(url.query, keep_blank_values=True) == [("one", one), ("two", other)]


@given(ANY_TEXT)
def test_what_a_value_holds_is_never_looked_at_again(value: str) -> None:
    braces = "{{ other }}" + value + "{{ name }}"
    assert Template.parse("<{{ name }}>").filled({"name": braces, "other": "no"}, str) == f"<{braces}>"


@pytest.mark.parametrize(
    "value",
    ["]]>", "<Hangup/>", "&amp;", "\"'", "</Say><Dial>+1</Dial>", "שלום \u202e abc", "🙂", "a\r\nb\tc"],
)
def test_values_that_would_like_to_be_more(value: str) -> None:
    twiml = '<Response><Say voice="{{ name }}">{{ name }}</Say></Response>'
    [say] = ET.fromstring(filled_answer({"twiml": twiml}, {"name": value})["twiml"])
    assert (say.text, say.get("voice"), len(say)) == (value, value, 0)


@pytest.mark.parametrize("value", ["\0", "\x1b[31m", "\x07", "\ufffe", "a\x0bb"])
def test_what_xml_cannot_carry_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="control character"):
        in_xml(value)
    assert in_url(value).isascii()


def test_names() -> None:
    template = Template.parse("{{name}}, {{ first name }} and {{ name }}{{größe}} }} {")
    assert template.names == ("name", "first name", "größe")
    assert Template.parse("no braces { } }} here").names == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Hello {{ name", "not closed"),
        ("Hello {{ name }} {{", "not closed"),
        ("{{ }}", "names no column"),
        ("{{ name | upper }}", "no filters and no logic"),
        ("{{ {{ name }} }}", "no filters and no logic"),
        ("{{ a & b }}", "no filters and no logic"),
        ("{{ <b> }}", "no filters and no logic"),
        ("{{ 'name' }}", "no filters and no logic"),
        ("{{ na\nme }}", "no filters and no logic"),
        ("{% if name %}x{% endif %}", "is logic"),
    ],
)
def test_anything_else_between_braces(text: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        Template.parse(text)


@pytest.mark.parametrize(
    "twiml",
    [
        "<Response><{{ verb }}/></Response>",
        "<Response><Say {{ name }}='x'>a</Say></Response>",
        "<Response><!-- {{ name }} --><Hangup/></Response>",
        "<Response><Say><![CDATA[{{ name }}]]></Say></Response>",
        "<?target {{ name }}?><Response/>",
        "<Response><Say>&{{ name }};</Say></Response>",
    ],
)
def test_a_column_stands_in_text_or_in_an_attribute(twiml: str) -> None:
    with pytest.raises(TemplateError, match="nowhere else"):
        attributes_with_names(twiml)


def test_which_columns_stand_in_attributes() -> None:
    say = '<Say language="{{ lang }}">{{ name }} &amp; {{ lang }}</Say>'
    assert attributes_with_names(f"<Response>{say}<Play>{{{{ file }}}}</Play></Response>") == {"lang"}
