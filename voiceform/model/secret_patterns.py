"""Where secrets stand inside other texts: found by the syntax around them, never by comparing values.

Logins of URLs and of SIP addresses; parameters and attributes that are named like a secret (`;password=`,
`?sig=`, `&X-Amz-Signature=`, `<Sip password="...">`) or whose value looks like one; headers that authorise.
Also where such an address is percent-encoded, once or more, or quoted in TwiML, in JSON or in a message of
the API.
"""

from __future__ import annotations

import re

REDACTED = "(sensitive)"
"""What stands in the place of a secret."""

_AT, _COLON = r"(?:@|%(?:25)*40)", r"(?::|%(?:25)*3[Aa])"
_HOST = r"(?=@[\w.\[\]:-]++(?!@)|%(?:25)*40)"
_NOT_YET = r"(?!\(sensitive\))"
_AUTHORITY = re.compile(rf"(\b[A-Za-z][A-Za-z0-9+.-]{{0,30}}://){_NOT_YET}[^\s/?#]{{1,4000}}(?=@)")
_UNENCODED = re.compile(  # a password that has / ? or # in it; a port is none
    rf"(\b[A-Za-z][A-Za-z0-9+.-]{{0,30}}://){_NOT_YET}[^\s/?#@:]*:(?!\d{{0,5}}(?:[/?#\s\"'<>]|$))[^\s]{{1,400}}?{_HOST}"
)
_ENCODED = re.compile(
    rf"(%(?:25)*3[Aa](?:%(?:25)*2[Ff]){{2}}){_NOT_YET}(?:(?!%(?:25)*(?:2[Ff]|3[Ff]|23|40))[^\s/?#&\"'<>]){{1,400}}(?=%(?:25)*40)"
)
_SIP = re.compile(
    rf"(\bsips?{_COLON}(?:(?!{_AT}|{_COLON})[^\s\"'<>]){{0,200}}{_COLON}){_NOT_YET}[^\s\"'<>]{{1,400}}?{_HOST}",
    re.IGNORECASE,
)
_BARE_LOGIN = re.compile(
    r"((?:^|(?<=[\s\"'(<=,]))(?!(?:sips?|mailto|tel|client|https?):)[A-Za-z][^\s:/@\"'<>(),]{0,100}:)"
    rf"{_NOT_YET}[^\s/@\"'<>]{{1,200}}(?=@[\w\[])",
    re.IGNORECASE,
)
_NAME = (
    r"(?:(?P<mark>[?&]|&amp;|\\u0026|%(?:25)*(?:3[Ff]|26))|(?<![A-Za-z0-9_.\-\[\]]))"
    r"(?P<name>[A-Za-z0-9_.\-\[\]]{1,80})"
)
_PARAMETER = re.compile(
    rf"{_NAME}(?:(?P<encoded>%(?:25)*3[Dd])|[\"']?\s{{0,3}}=\s{{0,3}}"
    r"|(?:\\*[\"']|&quot;)\s{0,3}:\s{0,3}(?=\\*[\"']|&quot;))"
)
_QUOTED = re.compile(r"(?P<quote>\\*[\"']|&quot;)(?:(?!(?P=quote))[^\n])*(?P=quote)")
_PLAIN = re.compile(r"(?:(?!\\u0026)[^\s\"'<>&;\\])+")
_ENCODED_VALUE = re.compile(r"(?:(?!%(?:25)*(?:26|23|3[Bb]|20|22|0[AaDd]))[^\s\"'<>&;#\\])+")
_LONGEST_RANDOM = 200
_HEADER = re.compile(
    r"(authorization\\?[\"']?\s{0,3}[:=]\s{0,3}\\?[\"']?(?:(?:basic|bearer|digest|token)\s+)?)"
    rf"{_NOT_YET}(?!(?:basic|bearer|digest|token)\s)[^\s\"'<>,;\\]+",
    re.IGNORECASE,
)
_BEARER = re.compile(r"(\b(?:bearer|basic)\s+)(?=[^\s\"'<>]*[\d._=-])[^\s\"'<>,;]{8,}", re.IGNORECASE)
_SECRET_NAME = re.compile(
    r"(?:token|secret|passw(?:or)?d|passphrase|passcode|signature|credentials?|authori[sz]ation|jwt|sessionid|"
    r"(?:api|access|private|secret|shared|account|signing)key(?:id|s)?)$"
)
_SECRET_SEGMENT = re.compile(r"(?:^|[-_.\[\]]|26|3f)(?:sig|pwd|pass|auth|sas|hmac|session|otp)$")
_SECRET_OF_QUERY = re.compile(r"(?:^|[-_.])key$")
_SID_LIKE = re.compile(r"[A-Za-z]{2}[0-9a-fA-F]{32}")
_HEX = re.compile(r"[0-9a-fA-F]{32,}")
_RANDOM = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d)(?:[A-Za-z0-9_+/=~-]|%2[BbFf]|%3[Dd]){24,}")


def redact_secrets(text: str) -> str:
    """`text` with every secret in it replaced by REDACTED; redacting twice changes nothing more."""
    if "@" in text or "%" in text:
        text = _logins(text)
    if "=" in text or ":" in text or "%" in text:
        text = _parameters(text)
        if "uthorization" in text.lower():
            text = _HEADER.sub(rf"\1{REDACTED}", text)
    lowered = text.lower()
    if "bearer" in lowered or "basic" in lowered:
        text = _BEARER.sub(rf"\1{REDACTED}", text)
    return text


def _logins(text: str) -> str:
    if "://" in text:
        text = _AUTHORITY.sub(rf"\1{REDACTED}", text)
        text = _UNENCODED.sub(rf"\1{REDACTED}", text)
    if "%" in text:
        text = _ENCODED.sub(rf"\1{REDACTED}", text)
    if "sip" in text.lower():
        text = _SIP.sub(rf"\1{REDACTED}", text)
    return _BARE_LOGIN.sub(rf"\1{REDACTED}", text) if "@" in text else text


def _parameters(text: str) -> str:
    """Without the values of parameters, attributes and members that are named like a secret."""
    pieces, done, at = [], 0, 0
    while match := _PARAMETER.search(text, at):
        at = match.end()
        value = _value(text, match)
        if value is None or not _is_secret(match["name"], value[0], of_query=match["mark"] is not None):
            continue
        quote = value.groupdict().get("quote") or ""
        pieces += [text[done:at], quote, REDACTED, quote]
        done = at = value.end()
    return "".join([*pieces, text[done:]])


def _value(text: str, match: re.Match[str]) -> re.Match[str] | None:
    """What the parameter is set to; its beginning alone where the name does not tell."""
    named = _is_named_secret(match["name"])
    if named and (quoted := _QUOTED.match(text, match.end())):
        return quoted
    if not named and match["mark"] is None:
        return None
    pattern = _ENCODED_VALUE if match["encoded"] else _PLAIN
    return pattern.match(text, match.end(), len(text) if named else match.end() + _LONGEST_RANDOM)


def _is_secret(name: str, value: str, *, of_query: bool) -> bool:
    if _is_named_secret(name):
        return True
    if not of_query or _SID_LIKE.fullmatch(value):
        return False
    return bool(_SECRET_OF_QUERY.search(name.lower()) or _HEX.fullmatch(value) or _RANDOM.fullmatch(value))


def _is_named_secret(name: str) -> bool:
    name = name.lower()
    return bool(_SECRET_NAME.search(re.sub(r"[-_.\[\]]", "", name)) or _SECRET_SEGMENT.search(name))
