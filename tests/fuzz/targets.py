"""Every reader of bytes from outside, as a function of bytes. Whatever comes, it ends with a value or with an
error that says what is wrong; anything else that is raised is a defect."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from unicodedata import category
from zoneinfo import ZoneInfo

from httptools import HttpParserError

from tests.declared import VOCABULARY
from tests.hostile.answers import mp3, wav
from voiceform.config.envfile import read_env_files
from voiceform.config.load import findings_of, load_configuration
from voiceform.config.sources import SourceFile
from voiceform.engine.planfile import read_plan
from voiceform.fleet.reading import read_fleet
from voiceform.kinds.call import CallKind
from voiceform.kinds.call.tables import read_headless, read_table
from voiceform.kinds.call.timing.cron import Cron
from voiceform.kinds.call.timing.rrule import parse_rule
from voiceform.kinds.conference import ConferenceKind
from voiceform.kinds.queue import QueueKind
from voiceform.kinds.retention import RetentionKind
from voiceform.kinds.retention.evidence.folder import Folder
from voiceform.kinds.retention.evidence.verify import check_place
from voiceform.kinds.retention.storage.audio import checked
from voiceform.kinds.twiml import check_twiml
from voiceform.kinds.userfiles import Places, text_of
from voiceform.model.durations import parse_duration
from voiceform.model.errors import StateError, VoiceformError
from voiceform.model.instants import instant_as_shown
from voiceform.model.json_text import read_json
from voiceform.model.masking import redact, redact_text
from voiceform.model.numbers import are_one_person, dialled_digits, normal_number, person
from voiceform.model.shown import shown
from voiceform.state.backend import decode
from voiceform.state.open import open_store
from voiceform.state.sqlite import SqliteStore
from voiceform.testing.cases.reading import read_cases
from voiceform.twilio.answers import Answer, AnswerReader
from voiceform.twilio.credentials import Credentials, base_url
from voiceform.twilio.dates import parse_date
from voiceform.twilio.fields import MalformedAnswerError
from voiceform.twilio.resources import Call, Conference, Participant, Queue, Recording
from voiceform.twilio.retry import Operation
from voiceform.twilio.verdict import Place, SetbackError, judge

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")
BEGIN = datetime(2026, 1, 1, 9)  # noqa: DTZ001 - by the clocks of the zone
GET = Place(Operation("listQueues", "GET"), "listQueues (GET http://x)", "check")
ROWS = (Queue, Call, Recording, Conference, Participant)


@dataclass(frozen=True, slots=True)
class Target:
    """A reader: what it does with bytes, how it may refuse them, and inputs to begin with."""

    read: Callable[[bytes], object]
    refuses: tuple[type[Exception], ...] = (VoiceformError,)
    seeds: tuple[bytes, ...] = ()
    words: tuple[bytes, ...] = ()

    def __call__(self, content: bytes) -> None:
        """Read it; raises what is no refusal."""
        try:
            self.read(content)
        except self.refuses:
            return


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _clean(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def _file(content: bytes, name: str, read: Callable[[Path], object]) -> object:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        return read(path)


def _kinds(folder: Path) -> tuple[QueueKind, ConferenceKind, CallKind, RetentionKind]:
    places = Places(folder)
    return QueueKind(), ConferenceKind(), CallKind(places), RetentionKind(places)


def _configuration(content: bytes) -> object:
    environ = {"TWILIO_ACCOUNT_SID": "AC" + "a" * 32, "X": "1", "SIP": "secret"}
    return _file(
        content,
        "voiceform.yaml",
        lambda path: load_configuration(
            [path], base_dir=path.parent, environ=environ, kinds=_kinds(path.parent)
        ),
    )


def _cron(content: bytes) -> object:
    rule = Cron.parse(_text(content))
    return [rule.on(date(2026, 2, 27) + timedelta(days=number)) for number in range(4)]


def _rrule(content: bytes) -> object:
    rule = parse_rule(_text(content), BEGIN, NEW_YORK)
    return [rule.on(date(2026, 2, 27) + timedelta(days=number)) for number in range(4)]


def _numbers(content: bytes) -> object:
    text = _text(content)
    who = person(text)
    assert who is None or are_one_person(text, text), text
    dialled_digits(text)
    return normal_number(text)


def _table(content: bytes) -> object:
    text = text_of(content)
    list(read_headless(text, [1, 2]))
    return list(read_table(text, ["phone"]))


def _answer(content: bytes) -> object:
    reader = AnswerReader()
    for start in range(0, len(content), 50):
        reader.feed(content[start : start + 50])
    reader.end()
    return reader.body()


def _verdict(content: bytes) -> object:
    status, _, body = content.partition(b" ")
    code = int(status) if status.isdigit() and len(status) == 3 else 200
    headers = {"content-type": "application/json", "retry-after": _clean(body[:9])}
    return judge(Answer(code, headers, body), GET, lambda value: [row.parse(value) for row in ROWS], NOW)


def _row(content: bytes) -> object:
    value = read_json(content)
    found = []
    for row in ROWS:
        try:
            found.append(row.parse(value))
        except MalformedAnswerError:
            continue
    return found


def _state_file(content: bytes) -> object:
    def read(path: Path) -> object:
        with SqliteStore(path) as store:
            return list(store.list(""))

    return _file(content, "state.db", read)


def _stored(content: bytes) -> object:
    version, _, text = _clean(content).partition("\n")
    return decode("resources/queue.a", version, text, "state.db")


def _store_url(content: bytes) -> object:
    url = _text(content)
    if url.startswith(("s3:", "gs:", "az:", "postgres", "gcs:", "abfs", "azure", "http")):
        return None  # would ask a service
    with TemporaryDirectory() as folder:
        open_store(url, base_dir=Path(folder)).close()
    return None


def _environment(content: bytes) -> object:
    found = _file(content, "a.env", lambda path: read_env_files([path], base_dir=path.parent))
    return Credentials.from_environment(found)  # type: ignore[arg-type]


_SEEN = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\u200c\u200d\U000110bd\U000110cd"
)
"""Of the format characters those that are seen: the prepended marks of
https://www.unicode.org/Public/UCD/latest/ucd/PropList.txt, and the joiners."""


def _shown(content: bytes) -> object:
    for text in (_text(content), _clean(content)):
        line = shown(text)
        assert not {category(char) for char in {*line} - _SEEN} & {"Cc", "Cf", "Cs", "Zl", "Zp"}, line
        redact_text(text)
    try:
        value = read_json(content)
    except ValueError:
        return None
    return json.dumps(redact(value))


def _audio(kind: str) -> Callable[[bytes], object]:
    return lambda content: sum(map(len, checked([content[:99], content[99:]], kind, 1)))


def _evidence(content: bytes) -> object:
    return _file(content, "000001.jsonl", lambda path: check_place(Folder(path.parent)))


def _bare(content: bytes) -> object:
    return findings_of(_clean(content), "x.yaml", _kinds(Path("/nonexistent")))


YAML_WORDS = (
    b": ",
    b"\n  ",
    b"- ",
    b"{",
    b"}",
    b"[",
    b"]",
    b"&a ",
    b"*a",
    b"${X}",
    b"$${",
    b"!!",
    b"|\n",
    b"'",
    b'"',
)
JSON_WORDS = (
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b"null",
    b"NaN",
    b"1e999",
    b"\\ud800",
    b"\\u0000",
    b"-0",
    b"1" * 5000,
)
CONFIGURATION = b"""version: 1
queues: {support: {max_size: 5, protect: true}}
conferences: {room: {participants: {a: {to: "+15558675310", from: "+15017122661"}}}}
calls:
  r:
    {to: "+12125550101", from: "+15017122661", answer: {say: "${X}"},
      schedule: {cron: "0 9 * * *", timezone: UTC}}
retention:
  {recordings: [{name: all, keep: 90d}], holds: {c: {reason: x, match: {created: {start: 2026-01-01}}}}}
"""
QUEUE_ROW = json.dumps(
    {"sid": "QU" + "1" * 32, "friendly_name": "a", "max_size": 5, "current_size": 0, "average_wait_time": 0}
).encode()
TARGETS: dict[str, Target] = {
    "configuration": Target(_configuration, seeds=(CONFIGURATION,), words=YAML_WORDS),
    "text in an editor": Target(_bare, seeds=(CONFIGURATION,), words=YAML_WORDS),
    "cases": Target(
        lambda content: _file(
            content, "a.voiceform.yaml", lambda path: read_cases(SourceFile(path, "a", None))
        ),
        seeds=(b"version: 1\ncases:\n  - {name: a, when: [apply, {to: 2026-01-01T00:00:00Z}, dispatch]}\n",),
        words=YAML_WORDS,
    ),
    "fleet.yaml": Target(
        lambda content: _file(content, "fleet.yaml", lambda path: read_fleet(path, {})),
        seeds=(
            b"version: 1\nstate: sqlite:///{stack}.db\ncredentials: {token: {env: T}}\nstacks:\n"
            b"  - {name: a, path: ., account: AC11111111111111111111111111111111, labels: {r: x}}\n"
            b"rollout: {groups: [{select: {r: x}, max_failed: 1%, wait: 10m}, {}]}\n",
        ),
        words=(*YAML_WORDS, b"{stack}", b"{STACK}", b"csv: fleet.yaml", b"template: ."),
    ),
    "table": Target(
        _table,
        (VoiceformError, ValueError),
        (b"phone,name\n+12125550101,Ana\n",),
        (b'"', b"\0", b";", b"\t", b"\r"),
    ),
    "cron": Target(
        _cron, seeds=(b"0 9 * * MON-FRI", b"*/5 8-18 1,15 JAN-MAR ?"), words=(b"*/", b"L", b"#", b"-", b"W")
    ),
    "rrule": Target(
        _rrule,
        seeds=(
            b"FREQ=MONTHLY;BYDAY=-1FR;COUNT=3",
            b"FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;UNTIL=20300101T000000Z",
        ),
        words=(b";BYSETPOS=", b";INTERVAL=", b"FREQ=HOURLY", b"BYYEARDAY=", b"999999999999"),
    ),
    "numbers": Target(
        _numbers,
        (ValueError,),
        (
            b"+1 (212) 555-0101",
            b"sip:bob%40x@pbx.example:5060;password=x",
            b"tel:+12125550101;ext=3",
            b"client:a",
        ),
        (b"%", b"%2B", b"+", b"00", b"sip:", b";", b"@", "\uff11".encode()),
    ),
    "twiml": Target(
        lambda content: check_twiml(_text(content)),
        (),
        (b"<?xml version='1.0'?><Response><Say voice='b'>a</Say><Dial><Number>1</Number></Dial></Response>",),
        (
            b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
            b"&b;",
            b"<![CDATA[",
            b"]]>",
            b"<a:b",
            b"xmlns",
            b"&#0;",
            b"<Say>" * 500,
        ),
    ),
    "wav": Target(
        _audio("wav"), seeds=(wav(1)[:400], wav(1)), words=(b"RIFF", b"data", b"fmt ", b"\xff" * 4, bytes(4))
    ),
    "mp3": Target(
        _audio("mp3"), seeds=(mp3(1)[:400], mp3(1)), words=(b"ID3", b"TAG", b"\xff\xfb", b"APETAGEX")
    ),
    "answer": Target(
        _answer,
        (HttpParserError,),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        ),
        (b"\r\n", b"Transfer-Encoding: gzip", b"Upgrade: x", b"HTTP/1.1 101 X\r\n", b"ffffffffffffffff"),
    ),
    "verdict": Target(
        _verdict,
        (VoiceformError, SetbackError),
        (b'404 {"code": 20404, "status": 404}', b"200 " + QUEUE_ROW),
        JSON_WORDS,
    ),
    "rows": Target(
        _row, (ValueError,), (QUEUE_ROW,), (*JSON_WORDS, b"Thu, 01 Jan 2026 00:00:00 +0000", b"-1")
    ),
    "plan": Target(
        lambda content: read_plan(io.BytesIO(content), VOCABULARY),
        seeds=(b'{"format_version": "1.0"}',),
        words=JSON_WORDS,
    ),
    "state file": Target(_state_file, seeds=(b"SQLite format 3\0" + bytes(84),)),
    "document": Target(_stored, (StateError,), (b'v1-0\n{"a": 1}',), JSON_WORDS),
    "evidence": Target(
        _evidence, seeds=(b'{"event":"start","hash":"0","prev":"0","seq":0}\n',), words=(b"\n", *JSON_WORDS)
    ),
    "json": Target(read_json, (ValueError,), (b'{"a": [1, "b", null]}',), JSON_WORDS),
    "url of a state": Target(
        _store_url,
        seeds=(b"sqlite:///a.db", b"file:///x", b"sqlite:///%2e%2e/a?b#c"),
        words=(b"%00", b"://", b"..", b"?"),
    ),
    "base url": Target(
        lambda content: base_url(override=_text(content)),
        seeds=(b"https://api.twilio.com", b"http://[::1]:80"),
        words=(b"[", b"]", b"@", b":99999", b"%"),
    ),
    "region": Target(lambda content: base_url(region=_text(content), edge=None), seeds=(b"ie1",)),
    "environment": Target(
        _environment,
        seeds=(b"TWILIO_ACCOUNT_SID=AC1\nexport A='b'\n",),
        words=(b"=", b"\0", b"'", b'"', b"#", b"\\"),
    ),
    "date": Target(
        lambda content: parse_date(_text(content)),
        (MalformedAnswerError,),
        (b"Thu, 01 Jan 2026 00:00:00 +0000", b"2026-01-01T00:00:00Z"),
    ),
    "duration": Target(
        lambda content: parse_duration(_text(content)), seeds=(b"90d", b"1h30m"), words=(b"9" * 400,)
    ),
    "instant": Target(
        lambda content: instant_as_shown(_text(content)),
        (ValueError,),
        (b"2026-11-27 14:06:00 UTC", b"2026-11-27T14:06:00+01:00"),
    ),
    "shown": Target(
        _shown,
        (),
        (
            b"https://a:b@c/d?sig=e&to=+12125550101",
            b'{"to": "+1 (212) 555-0101", "password": "x"}',
            b"sip:a:b@c;d=e",
        ),
        (
            b"\x1b[31m",
            b"%253A",
            b"Authorization: Basic abcdefgh",
            b"password=",
            b"\\u0026",
            b"@",
            b":",
            b"://",
            b"\xe2\x80\xae",
        ),
    ),
}
"""By what is read."""
