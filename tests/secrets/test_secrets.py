"""Canaries of each sort through every command, format and error: nothing printed or kept holds one."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.counting import Counts
from tests.hostile.proxy import Proxy, hostile_proxy
from tests.secrets.canaries import CONFIGURED, NUMBERS, SECRETS, leaked, leaked_numbers, text_of
from tests.secrets.laden import ARGUMENTS, BEFORE, DUE, ELSEWHERE, Laden, commands, echo, formats, takes
from tests.support import ACCOUNT, Result, Stack
from tests.twilio.scripted import answer
from voiceform.config import references
from voiceform.emulator import Emulator
from voiceform.fleet.jobs import Heard
from voiceform.model import masking
from voiceform.model.clock import ManualClock
from voiceform.model.unshown import NOTHING, Unshown
from voiceform.state.open import open_store
from voiceform.twilio import secrets, transport
from voiceform.twilio.wire import Wire

PROOF = "secrets"
HELD = {*CONFIGURED, "webhook"}
DATA = {"state pull", "export", "twiml"}
"""Commands whose stdout is data: what a configuration holds, in clear."""

KEPT_IN_CLEAR = ("*.db", "*-plans/*", "plan-*.json*", "*.yaml", "pulled.json")
"""Files that hold what a configuration holds, as apply needs it."""


OF_VARIABLES = ("auth token", "sip password", "database password", "bucket secret", "fleet variable")


class Broken(ManualClock):
    """A clock with a defect, whose traceback repeats what it should not know."""

    def now(self) -> datetime:
        raise RuntimeError(f"Authorization: Basic {', '.join(SECRETS[name] for name in OF_VARIABLES)}")


class Watch:
    """Runs commands on a laden stack, and looks at all that they leave."""

    def __init__(self, laden: Laden, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        self.laden, self.stack, self.log = laden, laden.stack, caplog
        self.clock: Callable[[datetime], ManualClock] = ManualClock
        self.before: tuple[str, ...] = ()
        self.found: list[str] = []
        self.runs = 0
        self.codes: set[int] = set()

    def run(self, name: str, *argv: str, at: datetime = DUE) -> Result:
        """One command; what it must not have printed is found."""
        done = self.stack.run("-v", *self.before, *name.split(), *argv, clock=self.clock(at))
        self.runs += 1
        self.codes.add(done.code)
        allowed = HELD if name in DATA else {"webhook"} if "--show-values" in argv else set()
        with_numbers = name in DATA or "--show-numbers" in argv
        self.see(f"{name} {' '.join(argv)}: stdout", done.out, allowed, numbers=with_numbers)
        self.see(
            f"{name} {' '.join(argv)}: stderr",
            done.err,
            allowed - CONFIGURED,
            numbers="--show-numbers" in argv,
        )
        return done

    def see(self, place: str, text: str, allowed: set[str], *, numbers: bool) -> None:
        """Look at one text."""
        found = leaked(text, allowed) + ([] if numbers else leaked_numbers(text))
        self.found += [f"{place}: {leak}" for leak in found]

    def files(self, *, asked: bool = False) -> int:
        """Look at everything that was written, and at the log; how many files that are. `asked` says that
        numbers and values were to be shown."""
        written = [*self.laden.results()]
        for path in written:
            clear = any(path.match(pattern) for pattern in KEPT_IN_CLEAR)
            allowed = HELD if clear else {"webhook"} if asked else set()
            self.see(path.name, text_of(path), allowed, numbers=clear or asked)
        self.see("log", self.log.text, set(), numbers=False)
        return len(written)


@pytest.fixture
def watch(stack: Stack, caplog: pytest.LogCaptureFixture) -> Watch:
    return Watch(Laden(stack), caplog)


def every(watch: Watch, *more: str, turn: int | None = None, pattern: str = "*") -> None:
    """Every command in each of its formats, or in the one whose turn it is; `more` are options for those that
    know them."""
    folder = watch.stack.folder
    names = {
        "number": "+12127738461",
        "queue": "QU" + "0" * 32,
        "plan": str(folder / "plan-first.json"),
        "plans": str(folder / "first-plans"),
    }
    for name, command in commands():
        if name in ELSEWHERE or not fnmatch(name, pattern):
            continue
        forms = formats(command)
        for form in forms if turn is None else [forms[turn % len(forms)]]:
            new = f"{'plan' if name == 'plan' else 'new'}-{name.replace(' ', '-')}-{form}-{watch.runs}"
            argv = [word.format(new=new, **names) for word in ARGUMENTS.get(name, "").split()]
            argv += ["--format", form] if form else []
            argv += [option for option in more if takes(command, option)]
            if takes(command, "--metrics"):
                argv += ["--metrics", f"{new}.prom", "--report-json", f"{new}-report.json"]
            watch.run(name, *argv)


def lived_in(watch: Watch) -> None:
    """A stack that was applied, with calls that were placed; a fleet that was applied, with saved plans."""
    folder = watch.stack.folder
    watch.run("plan", "--out", str(folder / "plan-first.json"), at=BEFORE)
    watch.run("apply", "--auto-approve", "--approve", "call=99", "--stack", "one", at=BEFORE)
    watch.stack.emulator.faults([{"operation": "createCall", "times": 1, "kind": "drop-after"}])
    watch.run("dispatch", "--once")
    (folder / "pulled.json").write_text(watch.run("state pull").out)
    watch.run("fleet plan", "--out", str(folder / "first-plans"), "--jobs", "1", at=BEFORE)
    watch.run("fleet apply", "--auto-approve", "--approve", "call=99", "--jobs", "1", at=BEFORE)


def echoing(proxy: Proxy, status: int, method: str = "*") -> None:
    proxy.rule(method, "/2010-04-01/", lambda seen: echo(seen, status))


def refused(watch: Watch, proxy: Proxy) -> None:
    echoing(proxy, 401)


def unwritable(watch: Watch, proxy: Proxy) -> None:
    for method in ("POST", "DELETE"):
        echoing(proxy, 400, method)


def failing(watch: Watch, proxy: Proxy) -> None:
    echoing(proxy, 500)


def another_page(watch: Watch, proxy: Proxy) -> None:
    """A gateway that prints what it was sent."""
    proxy.rule("*", "/2010-04-01/", lambda seen: answer(403, raw=f"{seen.target} {seen.headers}".encode()))


def no_rows(watch: Watch, proxy: Proxy) -> None:
    """A document in place of each that is asked for, which is none."""
    proxy.rule("GET", "/2010-04-01/", lambda seen: echo(seen, 200))


def nobody(watch: Watch, proxy: Proxy) -> None:
    watch.stack.environ["VOICEFORM_BASE_URL"] = "http://127.0.0.1:1"


def behind_a_proxy(watch: Watch, proxy: Proxy) -> None:
    watch.stack.environ["VOICEFORM_BASE_URL"] = "https://api.example"


def a_login_in_the_base_url(watch: Watch, proxy: Proxy) -> None:
    watch.stack.environ["VOICEFORM_BASE_URL"] = f"https://me:{SECRETS['proxy password']}@api.example"


def no_database(watch: Watch, proxy: Proxy) -> None:
    watch.stack.environ["VOICEFORM_STATE"] = f"postgresql://me:{SECRETS['state password']}@127.0.0.1:1/none"
    url = "postgresql://me:${STATE_PASSWORD}@127.0.0.1:1/none?schema={stack}"
    fleet = watch.stack.folder / "fleet.yaml"
    fleet.write_text(fleet.read_text().replace("sqlite:///states/{stack}.db", url))
    watch.stack.environ["STATE_PASSWORD"] = SECRETS["state password"]


def no_such_state(watch: Watch, proxy: Proxy) -> None:
    watch.stack.environ["VOICEFORM_STATE"] = f"nosuch://me:{SECRETS['state password']}@db.example/x y"


def damaged(watch: Watch, proxy: Proxy) -> None:
    """Every file of state and evidence cut in the middle."""
    for path in (*watch.stack.folder.rglob("*.db"), *watch.stack.folder.glob("*.json")):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def wrong_configuration(watch: Watch, proxy: Proxy) -> None:
    path = watch.stack.folder / "voiceform.yaml"
    text = path.read_text().replace("+15005550006", "+1 (212) 773-8461").replace("timezone:", "tomezone:")
    path.write_text(text.replace("friendly_name:", "freindly_name:"))
    (watch.stack.folder / "centre/voiceform.yaml").write_text(text + "queues: [}\n")


def defect(watch: Watch, proxy: Proxy) -> None:
    watch.clock = Broken


WEATHER: list[Callable[[Watch, Proxy], None]] = [
    *(refused, unwritable, failing, another_page, no_rows, nobody, a_login_in_the_base_url),
    *(no_such_state, damaged, wrong_configuration, defect),
]
SLOW: list[Callable[[Watch, Proxy], None]] = [behind_a_proxy, no_database]
"""What is tried again for seconds before it is told: with some commands."""


@pytest.fixture
def proxy(stack: Stack) -> Iterator[Proxy]:
    with hostile_proxy(stack.emulator.url) as made:
        yield made


def test_every_command_in_every_format(watch: Watch, counts: Counts) -> None:
    lived_in(watch)
    every(watch)
    files = watch.files()
    counts(PROOF, canaries=len(SECRETS) + 1 + len(NUMBERS), runs=watch.runs, files=files)
    assert files > 100
    assert watch.found == []
    assert watch.codes >= {0, 1, 4, 8}


@pytest.mark.parametrize("shared_state", ["postgres", "s3"], indirect=True)
def test_no_secret_is_in_a_state_elsewhere(
    shared_state: Stack, caplog: pytest.LogCaptureFixture, counts: Counts
) -> None:
    watch = Watch(Laden(shared_state), caplog)
    lived_in(watch)
    for pattern in ("hold*", "calls*", "prune", "state mv", "erase", "destroy"):
        every(watch, turn=0, pattern=pattern)
    with open_store(shared_state.environ["VOICEFORM_STATE"], base_dir=shared_state.folder) as store:
        entries = [*store.list("")]
    for entry in entries:
        watch.see(entry.key, json.dumps(entry.document, ensure_ascii=False), HELD, numbers=True)
    counts(PROOF, runs=watch.runs, documents=len(entries))
    assert any(leaked(json.dumps(entry.document)) for entry in entries), "what is configured is not found"
    assert watch.found == []


def test_the_demonstration_tells_nothing_of_where_it_runs(watch: Watch) -> None:
    done = watch.stack.ok("-v", "demo")
    assert leaked(done.out + done.err + watch.log.text) == []
    assert leaked_numbers(done.out + done.err) == []


def test_every_command_is_tried() -> None:
    names = {name for name, _ in commands()}
    assert names >= {*ARGUMENTS, *ELSEWHERE}
    assert names >= {"plan", "calls list", "prune", "prune verify", "fleet plan", "state pull"}


def test_with_numbers_and_values_shown_no_secret_is(watch: Watch) -> None:
    watch.laden.key()
    lived_in(watch)
    every(watch, "--show-numbers", "--show-values", turn=0)
    watch.files(asked=True)
    assert watch.found == []


@pytest.mark.parametrize("weather", [*WEATHER, *SLOW], ids=lambda weather: weather.__name__)
def test_every_command_when_something_is_wrong(
    weather: Callable[[Watch, Proxy], None], watch: Watch, proxy: Proxy, counts: Counts
) -> None:
    lived_in(watch)
    watch.stack.environ["VOICEFORM_BASE_URL"] = proxy.url
    weather(watch, proxy)
    turn = [*WEATHER, *SLOW].index(weather)
    for pattern in ("plan", "dispatch", "hold add", "fleet status") if weather in SLOW else ("*",):
        every(watch, turn=turn, pattern=pattern)
    counts(PROOF, weathers=1, runs=watch.runs, files=watch.files())
    assert watch.found == []


def sees_numbers(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(masking, "mask_numbers", lambda text: text)


def sees_logins(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(masking, "redact_secrets", lambda text: text)


def repeats_the_sign_in(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(transport, "cover", lambda *_: None)


def repeats_a_password(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(secrets, "cover", lambda *_: None)


def tells_of_a_defect(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(references, "credentials_of", lambda _: NOTHING)


def tells_what_is_hidden(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Unshown, "text", lambda _, text: text)


def tells_it_of_a_fleet(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Heard, "covered", lambda _, result, _member: result)


def logs_requests(patch: pytest.MonkeyPatch) -> None:
    whole = Wire.__init__

    def logging_too(self: Wire, *args: Any, **options: Any) -> None:
        whole(self, *args, **options)
        logging.getLogger("wire").debug("headers %s", self._headers)

    patch.setattr(Wire, "__init__", logging_too)


PLANTED: list[
    tuple[Callable[[pytest.MonkeyPatch], None], Callable[[Watch, Proxy], None] | None, str, str]
] = [
    (sees_numbers, None, "plan", "a number"),
    (sees_logins, None, "plan", "a url's login"),
    (repeats_the_sign_in, refused, "status", "auth token"),
    (repeats_a_password, unwritable, "apply", "sip password"),
    (tells_of_a_defect, defect, "plan", "sip password"),
    (tells_what_is_hidden, unwritable, "calls test", "webhook"),
    (tells_it_of_a_fleet, unwritable, "fleet dispatch", "webhook"),
    (logs_requests, None, "queues", "auth token as base64"),
]
"""Leaks that are planted: the weather and the command that shows each, and what is found."""


@pytest.mark.parametrize(
    ("plant", "weather", "command", "leak"), PLANTED, ids=[row[0].__name__ for row in PLANTED]
)
def test_a_planted_leak_is_found(
    plant: Callable[[pytest.MonkeyPatch], None],
    weather: Callable[[Watch, Proxy], None] | None,
    command: str,
    leak: str,
    watch: Watch,
    proxy: Proxy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if command != "apply":
        lived_in(watch)
    watch.stack.environ["VOICEFORM_BASE_URL"] = proxy.url
    if weather is not None:
        weather(watch, proxy)
    plant(monkeypatch)
    every(watch, turn=0, pattern=command)
    watch.files()
    assert any(leak in found for found in watch.found), watch.found


def test_of_the_emulator_nothing_is_printed_logged_or_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = SECRETS["emulator token"]
    with Emulator(auth=f"{ACCOUNT}:{token}", db=str(tmp_path / "emulator.db")) as emulator:
        base = f"{emulator.url}/2010-04-01/Accounts/{ACCOUNT}/Queues.json"
        texts = [repr(emulator)]
        for password in (token, token[:-1], f"{token}x"):
            for answered in (
                requests.get(base, auth=(ACCOUNT, password), timeout=10),
                requests.post(base, data={"FriendlyName": ""}, auth=(ACCOUNT, password), timeout=10),
            ):
                texts += [answered.text, str(answered.headers)]
        for path in ("", "requests", "stats", "snapshot"):
            texts.append(requests.get(f"{emulator.url}/_emulator/{path}", timeout=10).text)
    texts += [text_of(path) for path in tmp_path.rglob("*") if path.is_file()] + [caplog.text]
    assert [leak for text in texts for leak in leaked(text)] == []
