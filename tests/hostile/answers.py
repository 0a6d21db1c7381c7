"""The table of hostile answers: what proxies, gateways, other services and broken networks answer instead of
Twilio. Tests take rows from here by name, so that one place shows what voiceform was tried with.

Each row is a step of a scripted server (tests/twilio/scripted.py): the bytes of an HTTP response, or RESET or
SILENCE.
"""

from __future__ import annotations

import gzip
import json
import struct

from tests.twilio.scripted import RESET, SILENCE, answer

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


GOOD = {"sid": "CA" + "1" * 32, "call_sid": "CA" + "1" * 32, "status": "queued"}
"""What a call's creation is answered with when all is well."""

BOMB = gzip.compress(b"0" * (64 * 1024 * 1024))
"""64 MiB in 64 KiB."""


def chunked(
    headers: bytes = b"", *, body: bytes = json.dumps(GOOD).encode(), end: bytes = b"0\r\n\r\n"
) -> bytes:
    """A good answer in one chunk, with other headers or another end."""
    head = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n" + headers
    return head + b"\r\n%x\r\n%s\r\n" % (len(body), body) + end


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

NOT_LET_THROUGH: dict[str, bytes] = {
    "proxy wants a sign-in": html(407, Proxy_Authenticate="Basic"),
    "a gateway's limit": html(429),
}
"""Refusals by something between here and Twilio that are said only of what was not let through."""

FOREIGN_REFUSALS: dict[str, bytes] = {
    "firewall": html(403),
    "sign-in page": html(401),
    "method not allowed by a gateway": html(405),
    "too large for nginx": html(413),
    **FOREIGN_404,
}
"""4xx answers of something between here and Twilio, which may as well withhold what Twilio answered."""

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
    "no content": answer(204),
    "nul": answer(200, raw=b'{"sid": "CA\x00"}'),
    "a number without end": answer(200, raw=b"9" * 1_000_000),
    "not a number": answer(200, raw=b'{"sid": NaN}'),
    "a bare text": answer(200, raw=b'"CA11111111111111111111111111111111"'),
    "two documents": answer(200, raw=(json.dumps(GOOD) * 2).encode()),
    "utf-16": answer(200, raw=json.dumps({"call": GOOD}).encode("utf-16")),
    "an event stream": answer(200, raw=b"data: {}\n\n", Content_Type="text/event-stream"),
    "multi-status": answer(207, {"status": [GOOD]}),
}
"""2xx answers that are not what was asked for."""

BROKEN: dict[str, bytes] = {
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
    "status of two digits": b"HTTP/1.1 20 OK\r\n\r\n{}",
    "status of a million": b"HTTP/1.1 1000000 OK\r\nContent-Length: 2\r\n\r\n{}",
    "length and chunks": chunked(b"Content-Length: 12\r\n"),
    "endless 100 Continue": b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000,
    "100 Continue and nothing": b"HTTP/1.1 100 Continue\r\n\r\n",
    "101": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
    "103 and then the answer": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + answer(201, GOOD),
    "two status lines": b"HTTP/1.1 200 OK\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "a header without colon": b"HTTP/1.1 200 OK\r\nwhat is this\r\nContent-Length: 2\r\n\r\n{}",
    "a header without name": b"HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 2\r\n\r\n{}",
    "a folded length": b"HTTP/1.1 200 OK\r\nContent-Length:\r\n 2\r\n\r\n{}",
    "many headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000 + b"Content-Length: 2\r\n\r\n{}",
    "large headers": b"HTTP/1.1 200 OK\r\n" + (b"X: " + b"y" * 60_000 + b"\r\n") * 60 + b"\r\n{}",
    "a header without end": b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000,
    "reason without end": b"HTTP/1.1 200 " + b"y" * 1_000_000,
    "reason that is not text": b"HTTP/1.1 200 \xff\xfe\x00\r\nContent-Length: 2\r\n\r\n{}",
    "http/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "http/2 frames": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80",
    "http/3.7": b"HTTP/3.7 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "a tls alert": b"\x15\x03\x01\x00\x02\x02\x16",
    "chunks without end": chunked(end=b""),
    "a chunk of negative size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n{}\r\n0\r\n\r\n",
    "a chunk of endless size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 9_000,
    "endless trailers": chunked(end=b"0\r\n" + b"X: y\r\n" * 2_000_000),
    "too much": answer(200, raw=b" " * (5 * 1024 * 1024) + b"{}"),
    "gzip bomb": answer(200, raw=BOMB, Content_Encoding="gzip"),
    "cut gzip": answer(200, raw=gzip.compress(b"{}" * 5000)[:-12], Content_Encoding="gzip"),
    "gzip within gzip": answer(200, raw=gzip.compress(b"{}"), Content_Encoding="gzip, gzip"),
    "a compression nobody asked for": answer(200, raw=b"\x0b\x01{}\x03", Content_Encoding="br"),
}
"""Exchanges that break off, or are no HTTP: nobody can know whether the request had its effect."""


def wav(seconds: int, *, announced: int | None = None, byte_rate: int = 16_000) -> bytes:
    """A WAV of a telephone's sound (16 bits, 8 kHz), whose header may announce another length of sound."""
    data = bytes(16_000 * seconds)
    length = len(data) if announced is None else announced
    head = struct.pack("<HHIIHH", 1, 1, 8_000, byte_rate, 2, 16)
    chunks = b"WAVEfmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", length) + data
    return b"RIFF" + struct.pack("<I", len(chunks) - len(data) + length) + chunks


def mp3(seconds: int) -> bytes:
    """Silence: MPEG-2 layer III, 104 bytes and 576 samples of 22,050 Hz a frame."""
    return (bytes((0xFF, 0xF3, 0x40, 0xC4)) + bytes(100)) * (1 + seconds * 22_050 // 576)


def audio(body: bytes, content_type: str, status: int = 200, **headers: str) -> bytes:
    """An answer that calls itself audio."""
    return answer(status, raw=body, Content_Type=content_type, **headers)


XML_ERROR = b"<TwilioResponse><RestException><Code>20500</Code></RestException></TwilioResponse>"
LENGTH_OF_THE_ROW = 60
"""The duration, in seconds, of the recordings whose audio the rows below stand for."""

NOT_THE_WAV: dict[str, bytes] = {
    "login page": html(200),
    "login page that calls itself audio": audio(LOGIN_PAGE, "audio/x-wav"),
    "json error": answer(200, {"error": "maintenance"}, Content_Type="application/json"),
    "json error that calls itself audio": audio(b'{"error": "maintenance"}', "audio/x-wav"),
    "xml that calls itself audio": audio(XML_ERROR, "audio/wav"),
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "empty": audio(b"", "audio/x-wav"),
    "first bytes of a 206": audio(wav(60)[:1000], "audio/x-wav", 206, Content_Range="bytes 0-999/960044"),
    "all bytes of a 206": audio(wav(60), "audio/x-wav", 206),
    "203 of a transforming proxy": audio(wav(60), "audio/x-wav", 203),
    "no type": answer(200, raw=wav(60)),
    "text": audio(wav(60), "text/plain"),
    "octets": audio(wav(60), "application/octet-stream"),
    "mp3 for wav": audio(mp3(60), "audio/mpeg"),
    "mp3 that calls itself wav": audio(mp3(60), "audio/x-wav"),
    "cut with an honest length": audio(wav(60)[:-8_000], "audio/x-wav"),
    "header alone": audio(wav(60)[:44], "audio/x-wav"),
    "half a header": audio(wav(60)[:20], "audio/x-wav"),
    "header announces more": audio(wav(30, announced=960_000), "audio/x-wav"),
    "header announces less": audio(wav(61, announced=960_000), "audio/x-wav"),
    "header announces no end": audio(wav(60, announced=0xFFFFFF00), "audio/x-wav"),
    "header with a slower clock": audio(wav(1, byte_rate=100), "audio/x-wav"),
    "too short for the row": audio(wav(58), "audio/x-wav"),
    "no sound": audio(wav(0), "audio/x-wav"),
    "garbage behind": audio(wav(60) + b"garbage", "audio/x-wav"),
    "page behind": audio(wav(60) + LOGIN_PAGE, "audio/x-wav"),
    "gzip": audio(gzip.compress(wav(60)), "audio/x-wav", Content_Encoding="gzip"),
    "zeros": audio(bytes(960_044), "audio/x-wav"),
}
"""2xx answers to a request for the WAV of a recording that are not its audio, or not all of it."""

NOT_THE_MP3: dict[str, bytes] = {
    "login page": html(200),
    "login page that calls itself audio": audio(LOGIN_PAGE, "audio/mpeg"),
    "json error that calls itself audio": audio(b'{"error": "maintenance"}', "audio/mpeg"),
    "empty": audio(b"", "audio/mpeg"),
    "first bytes of a 206": audio(mp3(60)[:1040], "audio/mpeg", 206),
    "wav for mp3": audio(wav(60), "audio/x-wav"),
    "wav that calls itself mp3": audio(wav(60), "audio/mpeg"),
    "cut between frames": audio(mp3(60)[: 104 * 1000], "audio/mpeg"),
    "cut in a frame": audio(mp3(60)[:-50], "audio/mpeg"),
    "garbage in the middle": audio(mp3(30) + bytes(100) + mp3(30), "audio/mpeg"),
    "page in the middle": audio(mp3(30) + LOGIN_PAGE, "audio/mpeg"),
    "garbage behind": audio(mp3(60) + b"\xff\xfbgarbage", "audio/mpeg"),
    "tag alone": audio(b"ID3\x03\x00\x00\x00\x00\x00\x0a" + bytes(10), "audio/mpeg"),
    "tag without end": audio(b"ID3\x03\x00\x00\x7f\x7f\x7f\x7f" + mp3(60), "audio/mpeg"),
    "one frame": audio(mp3(60)[:104], "audio/mpeg"),
    "sync words alone": audio(b"\xff\xfb" * 100_000, "audio/mpeg"),
}
"""The same for the MP3 of a recording."""

ENCRYPTED_ROW = {
    "type": "rsa-aes",
    "encryption_public_key_sid": "CR" + "0" * 32,
    "encryption_cek": "c2VjcmV0",
    "encryption_iv": "aXY=",
}
"""The `encryption_details` of a recording that is encrypted."""

NOT_THE_ENCRYPTED: dict[str, bytes] = {
    "login page": html(200),
    "login page that calls itself audio": audio(LOGIN_PAGE, "audio/x-wav"),
    "json": audio(b'{"error": "maintenance"}', "application/octet-stream"),
    "empty": audio(b"", "audio/x-wav"),
    "206": audio(b"\x9c" * 960_044, "audio/x-wav", 206),
    "too short": audio(b"\x9c" * 200_000, "audio/x-wav"),
    "a page for people, long": audio(LOGIN_PAGE * 10_000, "audio/x-wav"),
}
"""2xx answers to a request for the audio of an encrypted recording that cannot be it."""
