"""Pages of recordings: from the bytes of an answer to rows, a million of them.

    python bench/pages.py [--count 1000000]

The pages, of 1,000 rows each, are the lean server's; twenty of them are read over and over, and nothing is
sent while it is measured. Contestants: `member by member`, json and Recording.parse, which is how a page is
read that has anything out of the way, for a tenth of the rows; `typed rows`, as every other page is read, its
SIDs and numbers checked; `and dates and lengths` also asks each row for what retention asks it for, since a
row reads its dates when it is asked.
"""

from __future__ import annotations

import base64
import json
import urllib.request
from collections import deque
from collections.abc import Callable
from itertools import cycle, islice

import harness
import lean_server

PAGE = 1_000
DIFFERENT = 20


def main() -> None:
    parser = harness.options(__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    chosen = parser.parse_args()
    count = 20_000 if chosen.short else chosen.count
    report = harness.Report("pages", chosen)
    pages = fetched()
    tenth = count // 10
    slow = report.compare(
        f"{tenth:,} recordings, member by member",
        {"member by member": over(pages, tenth, _member_by_member)},
        operations=tenth,
        unit="row",
    )
    quick = report.compare(
        f"{count:,} recordings",
        {
            "typed rows": over(pages, count, _typed),
            "and dates and lengths": over(pages, count, _with_dates),
        },
        operations=count,
        unit="row",
    )
    report.figure("seconds of CPU for 1,000,000 recordings", quick["typed rows"].cpu_ms * 1000)
    report.figure(
        "CPU of a row, member by member against typed",
        slow["member by member"].cpu_ms / quick["typed rows"].cpu_ms,
    )
    report.save()


def fetched() -> list[bytes]:
    """Pages, as they come from the server."""
    with lean_server.running(recordings=PAGE * DIFFERENT) as server:
        link = f"{lean_server.ROOT}/Recordings.json?PageSize={PAGE}"
        pages = []
        while link:
            sign_in = base64.b64encode(f"{lean_server.ACCOUNT}:{lean_server.TOKEN}".encode()).decode()
            request = urllib.request.Request(
                server.origin + link, headers={"Authorization": f"Basic {sign_in}"}
            )
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(request, timeout=60) as answer:
                pages.append(answer.read())
            link = json.loads(pages[-1])["next_page_uri"]
    return pages


def over(pages: list[bytes], count: int, read: Callable[[bytes], int]) -> harness.Contestant:
    """Reads as many pages as hold `count` rows."""

    def work() -> None:
        rows = sum(map(read, islice(cycle(pages), count // PAGE)))
        if rows != count // PAGE * PAGE:
            raise SystemExit(f"{rows} rows were read")

    return lambda: harness.here(work)


def _member_by_member(body: bytes) -> int:
    from voiceform.twilio.resources import Recording

    return len([Recording.parse(row) for row in json.loads(body)["recordings"]])


def _typed(body: bytes) -> int:
    from voiceform.twilio.recordings import PAGES

    found = PAGES.read(body)
    return 0 if found is None else len(found[0])


def _with_dates(body: bytes) -> int:
    from voiceform.twilio.recordings import PAGES

    found = PAGES.read(body)
    rows = [] if found is None else found[0]
    deque(((row.date_created, row.duration) for row in rows), maxlen=0)
    return len(rows)


if __name__ == "__main__":
    main()
