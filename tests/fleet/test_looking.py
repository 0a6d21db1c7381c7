"""fleet list, validate, plan, drift and status over several accounts of one emulator."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.fleet.fleets import TOKEN, FleetFolder, sid
from tests.fleet.processes import alive, children, start, wait_for_end, wait_for_requests
from voiceform.cli import main

NAMES = ("acme", "beta", "gamma", "delta", "epsilon")


def test_the_list_is_by_label_and_reads_no_credentials(fleet: FleetFolder) -> None:
    fleet.of(*NAMES)
    del fleet.environ["TOKEN"]
    found = fleet.ok("list", "--select", "ring=ring0").out.splitlines()
    assert [line.split()[0] for line in found] == ["beta", "delta"]
    (acme,) = fleet.ok("list", "--select", "stack=acme", "--format", "json").json["stacks"]
    assert (acme["account"], acme["labels"]) == (sid(1), {"ring": "ring1"})
    assert fleet.emulator.requests() == []


def test_the_list_says_where_each_state_is_and_nothing_secret(fleet: FleetFolder) -> None:
    fleet.of("acme")
    assert (
        fleet.ok("list", "--format", "json").json["stacks"][0]["state"]
        == f"sqlite:///{fleet.folder}/states/acme.db"
    )
    url = "postgresql://voice:${PASSWORD}@db/voice?schema=acme"
    text = (fleet.folder / "fleet.yaml").read_text().replace("sqlite:///states/{stack}.db", url)
    fleet.write("fleet.yaml", text)
    fleet.environ["PASSWORD"] = "hunter2"
    told = fleet.ok("list", "--format", "json")
    assert told.json["stacks"][0]["state"] == "postgresql://(sensitive)@db/voice?schema=acme"
    assert "hunter2" not in told.out


def test_a_change_that_all_have_is_one_line_and_an_outlier_is_named(fleet: FleetFolder) -> None:
    fleet.of(*NAMES)
    rows = (fleet.folder / "accounts.csv").read_text().replace(f"acme,{sid(1)},100", f"acme,{sid(1)},7")
    fleet.write("accounts.csv", rows)
    planned = fleet.ok("plan")
    lines = [line.strip() for line in planned.out.splitlines() if line.startswith("  ")]
    assert len(lines) == 2
    assert "max_size 100" in lines[0]
    assert lines[0].endswith("in 4 accounts")
    assert "max_size 7" in lines[1]
    assert lines[1].endswith("in 1 account: acme")
    assert "5 stacks: 5 with changes. In all 5 to create." in planned.out
    assert fleet.run("plan", "--detailed-exitcode").code == 2
    assert {entry["method"] for entry in fleet.emulator.requests()} == {"GET"}


def test_one_that_fails_stops_no_other_and_the_worst_code_is_told(fleet: FleetFolder) -> None:
    fleet.of("acme", "beta")
    fleet.write("broken/voiceform.yaml", "version: 1\nqueues: {support: {max_size: many}}\n")
    fleet.write("secret/voiceform.yaml", "version: 1\n")
    fleet.fleet(
        "  - {template: template, csv: accounts.csv}\n"
        f"  - {{path: broken, account: {sid(8)}}}\n"
        f"  - {{path: secret, account: {sid(9)}, credentials: {{token: {{env: NOT_SET}}}}}}\n"
    )
    done = fleet.run("plan", "--detailed-exitcode", "--format", "json")
    assert done.code == 1
    codes = {each["stack"]: each["exit_code"] for each in done.json["stacks"]}
    assert codes == {"acme": 2, "beta": 2, "broken": 1, "secret": 1}
    errors = {each["stack"]: each["error"] for each in done.json["stacks"]}
    assert "NOT_SET is not set" in errors["secret"]
    text = fleet.run("plan").out
    assert "broken (exit 1): the configuration has 1 error" in text
    assert "4 stacks: 2 with changes, 2 failed." in text


def test_what_is_wrong_in_a_template_is_said_once(fleet: FleetFolder) -> None:
    fleet.of("acme", "beta", "gamma", more="quues: {}\n")
    done = fleet.run("validate")
    assert done.code == 1
    assert done.err.count("quues") == 2  # the finding, and its line
    assert "acme and 2 more stacks" in done.err
    assert "3 stacks: 3 failed." in done.out


def test_an_account_that_the_configuration_does_not_mean(fleet: FleetFolder) -> None:
    fleet.of("acme", more=f"account: {sid(7)}\n")
    done = fleet.run("validate")
    assert done.code == 1
    told = f"the configuration is for account {sid(7)}, the fleet says {sid(1)}"
    assert told in " ".join(done.out.split())
    assert fleet.run("plan").code == 1


@pytest.mark.parametrize(
    "option", [("-f", "template"), ("--overlay", "x.yaml"), ("--state", "sqlite:///x.db")]
)
def test_what_is_about_one_stack_is_refused_and_not_ignored(
    fleet: FleetFolder, option: tuple[str, str]
) -> None:
    fleet.of("acme")
    for argv in ([*option, "fleet", "plan"], ["fleet", "plan", *option]):
        assert main(["-C", str(fleet.folder), *argv], environ=fleet.environ) == 64
    assert fleet.emulator.requests() == []
    assert (
        main(["-C", str(fleet.folder), "fleet", "list"], environ={"VOICEFORM_STATE": "sqlite:///x.db"}) == 0
    )


def test_a_secret_that_was_written_into_the_fleet_file_is_not_repeated(fleet: FleetFolder) -> None:
    fleet.write("template/voiceform.yaml", "version: 1\n")
    for token in ("hunter2", "[hunter2]", "{env: [hunter2]}", "{command: hunter2}"):
        fleet.write(
            "fleet.yaml",
            f"version: 1\ncredentials: {{token: {token}}}\nstacks: [{{path: template, account: {sid(1)}}}]\n",
        )
        for format_ in ("text", "json"):
            done = fleet.run("validate", "--format", format_)
            assert done.code == 1
            assert "fleet.yaml" in done.out + done.err
            assert "hunter2" not in done.out + done.err


def test_a_valid_fleet_needs_no_credentials(fleet: FleetFolder) -> None:
    fleet.of(*NAMES)
    fleet.environ = {}
    assert fleet.ok("validate").out == "5 stacks: 5 well.\n"


@pytest.mark.parametrize("format_", ["text", "json"])
def test_what_is_wrong_in_the_fleet_file_comes_with_its_place(fleet: FleetFolder, format_: str) -> None:
    fleet.write("fleet.yaml", "version: 1\nstacks:\n  - {path: nope}\n")
    done = fleet.run("validate", "--format", format_)
    assert done.code == 1
    assert "fleet.yaml:3" in done.err or json.loads(done.out)["diagnostics"][0]["line"] == 3
    assert fleet.run("plan", "--fleet", "other.yaml").code == 1


def test_credentials_come_from_variables_files_and_commands_and_are_never_shown(fleet: FleetFolder) -> None:
    fleet.write("keys/two", f"SK{'1' * 32}\n")
    fleet.write("keys/secret", f"{TOKEN}\n")
    fleet.write("template/voiceform.yaml", "version: 1\nqueues: {a: {}}\n")
    say = [sys.executable, "-c", f"print('{TOKEN}', 'x'[1:]); print('more')"]
    bad = [sys.executable, "-c", "import sys; sys.exit('vault: https://me:hunter2@vault/ is sealed')"]
    entries = {
        "one": {"token": {"env": "TOKEN"}},
        "two": {"key": {"file": "keys/{stack}"}, "secret": {"file": "keys/secret"}},
        "three": {"token": {"command": say}},
        "four": {"token": {"command": bad}},
        "five": {"token": {"command": ["no-such-program"]}},
        "six": {"token": {"file": "keys/none"}},
    }
    said = [
        {"name": name, "template": "template", "account": sid(number), "credentials": how}
        for number, (name, how) in enumerate(entries.items(), 1)
    ]
    fleet.fleet("".join(f"  - {json.dumps(each)}\n" for each in said))
    done = fleet.run("plan", "--detailed-exitcode", "--format", "json")
    codes = {each["stack"]: each["exit_code"] for each in done.json["stacks"]}
    assert codes == {"one": 2, "two": 2, "three": 2, "four": 1, "five": 1, "six": 1}
    text = fleet.run("plan").out + done.out
    assert "is sealed" in text
    assert "cannot run no-such-program" in text
    assert TOKEN not in text
    assert "hunter2" not in text


def test_no_stack_is_given_the_account_or_state_of_the_environment(fleet: FleetFolder) -> None:
    fleet.of("acme", "beta", more="account: ${TWILIO_ACCOUNT_SID}\n")
    fleet.environ |= {
        "TWILIO_ACCOUNT_SID": sid(9),
        "TWILIO_AUTH_TOKEN": "other",
        "VOICEFORM_STATE": "nope://",
    }
    assert "2 with changes" in fleet.ok("plan").out
    asked = {entry["path"].split("/")[3] for entry in fleet.emulator.requests()}
    assert asked == {sid(1), sid(2)}


def test_what_the_environment_gave_is_not_shown(fleet: FleetFolder) -> None:
    fleet.of("acme")
    fleet.write(
        "template/voiceform.yaml",
        'version: 1\nconferences: {a: {settings: {wait_url: "${HIDDEN_URL}"}}}\n',
    )
    fleet.environ |= {"HIDDEN_URL": "https://example.com/hidden-value"}
    for format_ in ("text", "json", "markdown", "html", "junit"):
        assert "hidden-value" not in fleet.run("plan", "--format", format_).out


def test_drift_is_told_by_stack(fleet: FleetFolder) -> None:
    fleet.of("acme", "beta")
    for name in ("acme", "beta"):
        apply_alone(fleet, name)
    (queue,) = [each for each in fleet.emulator.requests() if each["method"] == "POST"][:1]
    assert queue
    url = f"Accounts/{sid(1)}"
    assert url in queue["path"]
    found = fleet.post(1, f"Queues/{queue_sid(fleet, 1)}.json", MaxSize=5)
    assert found["max_size"] == 5
    done = fleet.run("drift")
    assert done.code == 3
    assert "queue.support has changed: max_size: 100 -> 5 in 1 account: acme" in done.out
    suite = ElementTree.fromstring(fleet.run("drift", "--format", "junit").out)
    failed = [case.get("name") for case in suite.iter("testcase") if case.find("failure") is not None]
    assert failed == ["acme"]


def apply_alone(fleet: FleetFolder, name: str) -> None:
    """A stack of the fleet is a stack like any other."""
    from voiceform import Account, Stack

    number = NAMES.index(name) + 1
    Stack(
        folder=fleet.folder / "template",
        state=f"sqlite:///{fleet.folder}/states/{name}.db",
        account=Account.with_token(sid(number), TOKEN, base_url=fleet.emulator.url),
        environ={"SIZE": "100"},
    ).apply(confirm=lambda _: True)


def queue_sid(fleet: FleetFolder, number: int) -> str:
    import requests

    url = f"{fleet.emulator.url}/2010-04-01/Accounts/{sid(number)}/Queues.json"
    return str(requests.get(url, auth=(sid(number), TOKEN), timeout=10).json()["queues"][0]["sid"])


def test_how_each_stands(fleet: FleetFolder) -> None:
    fleet.of("acme", "beta")
    apply_alone(fleet, "acme")
    told = fleet.ok("status").out.splitlines()
    assert told[0].startswith("acme: 1 object recorded; last run ")
    assert told[1] == "beta: there is no state yet; nobody waits"


def test_how_they_stand_hides_nothing_that_a_person_should_know_of_among_many(fleet: FleetFolder) -> None:
    names = [f"stack-{number}" for number in range(1, 61)]
    fleet.of(*names)
    lost = f"  - {{name: {{}}, path: template, account: {sid(99)}, credentials: {{token: {{env: LOST}}}}}}\n"
    fleet.fleet("  - {template: template, csv: accounts.csv}\n" + lost.replace("{}", "lost"))
    told = fleet.ok("status").out
    assert "stack-1: " not in told
    line = "? not read: the account: the variable LOST is not set or empty in 1 account: lost"
    assert f"To be looked at: {line}" in " ".join(told.split())
    assert "61 stacks: 60 well, 1 not read whole." in told


def test_what_many_failed_of_is_told_once_with_their_names(fleet: FleetFolder) -> None:
    names = [f"stack-{number:02}" for number in range(1, 16)]
    fleet.of(*names)
    for name in names[1:]:  # each says its own path
        (fleet.folder / f"states/{name}.db").mkdir(parents=True)
    for argv, named in (((), 10), (("-v",), 14)):
        out = fleet.main(*argv, "fleet", "plan", "--jobs", "1").out
        first = " ".join(out.split("Failed:")[1].split()).split(" (exit 1): ")[0]
        assert [word.strip(",") for word in first.split() if word.startswith("stack-")] == names[1:][:named]
        assert out.count("(exit 1)") == 1
        assert ("and 4 more" in first) is (named == 10)
    assert "15 stacks: 1 with changes, 14 failed." in out
    for format_ in ("markdown", "html"):
        page = fleet.run("plan", "--format", format_).out
        assert page.count("(exit 1)") == 1
        assert "stack-11" in page
    suite = ElementTree.fromstring(fleet.run("plan", "--format", "junit").out)
    assert len(list(suite.iter("failure"))) == 14


def test_reports_beside_and_the_shares_of_a_matrix(fleet: FleetFolder) -> None:
    fleet.of(*NAMES)
    metrics, report = fleet.folder / "m.prom", fleet.folder / "r.json"
    seen: list[str] = []
    for share in ("1/3", "2/3", "3/3"):
        fleet.ok("plan", "--shard", share, "--report-json", str(report), "--metrics", str(metrics))
        seen += [each["stack"] for each in json.loads(report.read_text())["stacks"]]
    assert sorted(seen) == sorted(NAMES)
    last = [each["stack"] for each in json.loads(report.read_text())["stacks"]]
    for name in last:
        assert f'voiceform_changes_pending{{action="create",stack="{name}"}} 1.0' in metrics.read_text()
    fleet.write("precious.json", "{}")
    precious = str(fleet.folder / "fleet.yaml")
    assert fleet.run("plan", "--report-json", precious).code == 64


def test_a_share_in_which_nothing_is_is_well(fleet: FleetFolder) -> None:
    fleet.of("acme")
    codes = [fleet.run("plan", "--detailed-exitcode", "--shard", f"{n}/4").code for n in range(1, 5)]
    assert sorted(codes) == [0, 0, 0, 2]


def test_a_comment_fits_and_says_what_it_leaves_out(fleet: FleetFolder) -> None:
    queues = "".join(f"  q{number}: {{max_size: {number + 1}}}\n" for number in range(900))
    fleet.of("acme")
    fleet.write("template/voiceform.yaml", f"version: 1\nqueues:\n{queues}")
    comment = fleet.ok("plan", "--format", "markdown").out
    assert len(comment.encode()) <= 65_000
    assert "left out here:" in comment


def test_a_page_has_a_map_of_the_stacks(fleet: FleetFolder) -> None:
    fleet.of("acme", "beta")
    page = fleet.ok("plan", "--format", "html").out
    assert page.count('<li class="update" title=') == 2
    assert "script" not in page.replace("script-src", "")


def test_a_process_that_is_killed_concerns_its_stack_alone_and_a_plan_is_made_again(
    fleet: FleetFolder,
) -> None:
    fleet.of(*NAMES)
    fleet.emulator.faults([{"operation": "listQueue", "times": 2, "kind": "latency", "delay_ms": 1500}])
    program = start(fleet, "plan", "--jobs", "2", "--detailed-exitcode")
    wait_for_requests(fleet, 1)
    os.kill(children(program.pid)[0], signal.SIGKILL)
    out, err = program.communicate(timeout=60)
    assert program.returncode == 2, err
    assert "5 stacks: 5 with changes." in out


def test_no_module_that_lies_in_the_current_folder_is_run(
    fleet: FleetFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.of("acme", "beta")
    for name in ("yaml", "json", "click", "requests", "urllib3"):
        fleet.write(f"{name}.py", "import os; os._exit(3)\n")
    monkeypatch.chdir(fleet.folder)
    done = fleet.ok("plan", "--jobs", "2")
    assert "2 stacks: 2 with changes." in done.out


def test_processes_end_when_who_started_them_is_killed(fleet: FleetFolder) -> None:
    fleet.of(*NAMES)
    fleet.emulator.faults([{"operation": "listQueue", "times": 9, "kind": "latency", "delay_ms": 20_000}])
    program = start(fleet, "plan", "--jobs", "2")
    wait_for_requests(fleet, 2)
    workers = children(program.pid)
    assert len(workers) == 2
    program.kill()
    program.wait()
    for worker in workers:
        wait_for_end(worker)


def test_ctrl_c_ends_a_plan_and_leaves_no_process(fleet: FleetFolder) -> None:
    fleet.of(*NAMES)
    fleet.emulator.faults([{"operation": "listQueue", "times": 9, "kind": "latency", "delay_ms": 20_000}])
    program = start(fleet, "plan", "--jobs", "2")
    wait_for_requests(fleet, 2)
    workers = children(program.pid)
    os.kill(program.pid, signal.SIGINT)
    _, err = program.communicate(timeout=60)
    assert program.returncode == 130, err
    assert "Traceback" not in err
    assert not any(Path(f"/proc/{worker}/cmdline").exists() and alive(worker) for worker in workers)
