"""The table of hostile answers: what proxies, gateways, other services and broken networks answer instead of
Twilio. Tests take rows from here by name, so that one place shows what voiceform was tried with.

Each row is a step of a scripted server (tests/twilio/scripted.py): the bytes of an HTTP response, or RESET or
SILENCE.
"""

from __future__ import annotations

import gzip

from tests.twilio.scripted import RESET, SILENCE, Step, answer

LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in to go on</body></html>"
NGINX_404_PAGE = (
    b"<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not Found</h1>"
    b"</center>\r\n<hr><center>nginx/1.24.0</center>\r\n</body>\r\n</html>\r\n"
)


def html(status: int, page: bytes = LOGIN_PAGE, **headers: str) -> bytes:
    """A page for people, with a status."""
    return answer(status, raw=page, Content_Type="text/html; charset=utf-8", **headers)


def twilio_error(status: int, code: int, message: str = "no") -> bytes:
    """Twilio's own error document."""
    document = {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return answer(status, document, Content_Type="application/json")


def two_lengths(status: int = 201, body: bytes = b"{}") -> bytes:
    """A response with two different Content-Length headers: request smuggling, or a broken gateway."""
    lengths = f"Content-Length: {len(body)}\r\nContent-Length: {len(body) + 7}\r\n"
    return f"HTTP/1.1 {status} Whatever\r\n{lengths}\r\n".encode() + body


FOREIGN_404: dict[str, bytes] = {
    "nginx": html(404, NGINX_404_PAGE),
    "empty": answer(404, raw=b""),
    "kubernetes ingress": answer(404, raw=b"default backend - 404", Content_Type="text/plain"),
    "json of an api gateway": answer(404, {"message": "no Route matched with those values"}),
    "json of a framework": answer(404, {"detail": "Not Found"}),
    "s3": answer(404, raw=b"<Error><Code>NoSuchKey</Code></Error>", Content_Type="application/xml"),
    "a request id that is not twilio's": html(404, NGINX_404_PAGE, Twilio_Request_Id="none"),
}
"""404 answers that do not come from Twilio and prove nothing about the object."""

TWILIO_404: dict[str, bytes] = {
    "json": twilio_error(404, 20404, "The requested resource was not found"),
    "json without code": answer(404, {"status": 404, "message": "The requested resource was not found"}),
    "code as text": answer(404, {"code": "20404", "message": "not found", "status": 404}),
    "xml": answer(
        404,
        raw=b"<?xml version='1.0' encoding='UTF-8'?>\n<TwilioResponse><RestException><Code>20404</Code>"
        b"<Message>not found</Message><Status>404</Status></RestException></TwilioResponse>",
        Content_Type="application/xml",
    ),
    "request id alone": answer(404, raw=b"", Twilio_Request_Id="RQ" + "0" * 32),
}
"""404 answers of Twilio's own: the object does not exist."""

FOREIGN_REFUSALS: dict[str, bytes] = {
    "proxy wants a sign-in": html(407, Proxy_Authenticate="Basic"),
    "firewall": html(403),
    "sign-in page": html(401),
    "method not allowed by a gateway": html(405),
    "too large for nginx": html(413),
    **FOREIGN_404,
}
"""4xx answers of something between here and Twilio."""

NOT_THE_ANSWER: dict[str, bytes] = {
    "login page": html(200),
    "empty": answer(200, raw=b""),
    "text": answer(200, raw=b"ok", Content_Type="text/plain"),
    "xml": answer(200, raw=b"<TwilioResponse/>", Content_Type="application/xml"),
    "json error": answer(200, {"error": "maintenance"}),
    "json null": answer(200, raw=b"null"),
    "json list": answer(200, []),
    "deep json": answer(200, raw=b"[" * 100_000),
    "not utf-8": answer(200, raw=b"\xff\xfe\x00"),
    "lone surrogate": answer(200, raw=b'{"sid": "\\ud800"}'),
    "corrupt gzip": answer(200, raw=b"\x1f\x8b\x08garbage", Content_Encoding="gzip"),
    "gzip of a page": answer(200, raw=gzip.compress(LOGIN_PAGE), Content_Encoding="gzip"),
}
"""2xx answers that are not what was asked for."""

BROKEN: dict[str, Step] = {
    "reset": RESET,
    "silence": SILENCE,
    "closed": b"",
    "cut headers": b"HTTP/1.1 200 OK\r\nContent-Le",
    "cut body": b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"sid": "CA',
    "two lengths": two_lengths(),
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
    "length in words": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}",
    "bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "garbage": b"\x00\x01\x02 not http at all\r\n\r\n",
    "http/0.9": b"<html>hello</html>",
    "status in words": b"HTTP/1.1 OK 200\r\n\r\n",
}
"""Exchanges that break off, or are no HTTP: nobody can know whether the request had its effect."""
