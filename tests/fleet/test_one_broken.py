"""What is wrong with one stack of a fleet, and with nothing else, is how that stack ends in every command."""

from __future__ import annotations

import json
import os
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

from tests.fleet.fleets import FleetFolder, sid
from tests.fleet.test_reading import HEAD, STACK, read, stack
from tests.fleet.test_working import CALLS, NOON
from tests.nobody import without_rights
from voiceform.fleet.fleet import Fleet
from voiceform.fleet.member import Member
from voiceform.fleet.reading import read_fleet
from voiceform.fleet.selecting import selected
from voiceform.model.clock import ManualClock
from voiceform.model.errors import ConfigurationError
from voiceform.model.fleet import StackResult
from voiceform.model.schema_files import schema_text


def found(folder: Path, text: str, **environ: str) -> dict[str, Member]:
    """The stacks of a fleet file by name."""
    return {member.name: member for member in read(folder, text, **environ).members}


def told(member: Member) -> list[str]:
    """What is wrong with one, with the name of the file, the line and the column."""
    lines = []
    for each in member.problems:
        assert each.position is not None
        lines.append(f"{Path(each.position.file).name}:{each.position.line}:{each.position.column}: {each}")
    return lines


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two stacks of their own, and a template."""
    stack(tmp_path / "stacks", "acme", 1)
    stack(tmp_path / "stacks", "beta", 2)
    (tmp_path / "template").mkdir()
    (tmp_path / "template" / "voiceform.yaml").write_text(STACK, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (f"version: 1\naccount: {sid(2)}\nqueues: {{a: [}}\n".encode(), "voiceform.yaml:3:"),
        (b"version: 1\naccount: nobody\n", "voiceform.yaml:2:10: "),
        (b"version: 1\naccount: [x]\n", "voiceform.yaml:2:10: "),
        (b"version: 1\naccount: ${WHICH}\nqueues: {'${MORE}': {}}\n", "voiceform.yaml:2:10: "),
        (b"version: 1\naccount:\n", "voiceform.yaml:2:"),
        (b"version: 1\nqueues: {}\n", "fleet.yaml:5:11: "),
        (b"- a list\n", "voiceform.yaml:1:1: "),
        (b"", "voiceform.yaml:1:1: "),
        (b"version: 1\n\xff\n", "voiceform.yaml:2:1: "),
        (b"\xff\xfea\x00", "voiceform.yaml:1:1: "),
        (b"a: *b\n", "voiceform.yaml:1:4: "),
        (b"#" * (17 << 20), "voiceform.yaml:1:1: "),
    ],
)
def test_a_configuration_that_says_no_account_is_wrong_at_its_own_place(
    folder: Path, content: bytes, said: str
) -> None:
    (folder / "stacks/beta/voiceform.yaml").write_bytes(content)
    both = found(folder, HEAD + "  - path: stacks/*\n")
    assert (both["acme"].account, both["acme"].problems) == (sid(1), ())
    assert both["beta"].account == ""
    (line,) = told(both["beta"])
    assert line.startswith(said)
    assert ("WHICH is not set" in line) is (b"WHICH" in content)


@pytest.mark.parametrize("entry", ["stacks/*", "stacks/*/voiceform.yaml", "stacks/**"])
def test_a_link_in_a_circle_and_one_to_nothing_are_a_configuration_that_cannot_be_read(
    folder: Path, entry: str
) -> None:
    for name, target in (("beta", "voiceform.yaml"), ("gamma", "nowhere.yaml")):
        (folder / "stacks" / name).mkdir(exist_ok=True)
        (folder / "stacks" / name / "voiceform.yaml").unlink(missing_ok=True)
        (folder / "stacks" / name / "voiceform.yaml").symlink_to(target)
    all_ = found(folder, HEAD + f"  - path: '{entry}'\n")
    assert sorted(name for name in all_ if all_[name].problems) == ["beta", "gamma"]
    assert "link to something that is not there" in str(all_["gamma"].problems[0])


@pytest.mark.parametrize(
    "entry", ["path: stacks/beta", "path: stacks/*", f"template: stacks/beta, account: {sid(9)}"]
)
def test_a_configuration_that_is_a_link_to_outside_is_not_read(tmp_path: Path, entry: str) -> None:
    stack(tmp_path / "fleet/stacks", "acme", 1)
    stack(tmp_path / "other", "beta", 2)
    (tmp_path / "fleet/stacks/beta").mkdir()
    (tmp_path / "fleet/stacks/beta/voiceform.yaml").symlink_to(tmp_path / "other/beta/voiceform.yaml")
    named = "" if "*" in entry else ", name: beta"
    text = HEAD + f"  - {{{entry}{named}}}\n"
    beta = found(tmp_path / "fleet", text)["beta"]
    (line,) = told(beta)
    assert line.startswith("fleet.yaml:5:")
    assert "beta/voiceform.yaml is a link to something outside" in line
    assert beta.account == (sid(9) if "account" in entry else "")
    allowed = read_fleet(tmp_path / "fleet/fleet.yaml", {}, [tmp_path / "other"])
    assert [each.problems for each in allowed.members if each.name == "beta"] == [()]


@pytest.mark.parametrize("entry", ["stacks/*", "stacks/*/voiceform.yaml", "stacks/[ab]*"])
def test_a_folder_that_nobody_may_look_into_is_not_nothing(entry: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:  # below a folder that others may enter, too
        folder = Path(name)
        folder.chmod(0o755)
        stack(folder / "stacks", "acme", 1)
        stack(folder / "stacks", "beta", 2)
        (folder / "fleet.yaml").write_text(HEAD + f"  - path: {entry}\n", encoding="utf-8")
        (folder / "fleet.yaml").chmod(0o644)
        with without_rights(folder / "stacks/beta"):
            members = {each.name: each for each in Fleet(folder=folder).read().members}
        assert members["acme"].problems == ()
        (problem,) = members["beta"].problems
        assert "beta/voiceform.yaml cannot be looked at: permission denied" in problem.message
        assert problem.position is not None


@pytest.mark.parametrize(
    ("entry", "name", "said"),
    [
        ("path: stacks/gone", "gone", "there is no file or folder"),
        ("path: stacks/gone/", "gone", "there is no file or folder"),
        ("path: stacks/gone.yaml", "gone", "there is no file or folder"),
        ("path: stacks/gone/voiceform.yaml", "gone", "there is no file or folder"),
        ("path: stacks/empty", "empty", "has no voiceform.yaml"),
        (f"path: stacks/gone, name: other, account: {sid(9)}", "other", "there is no file or folder"),
        (f"template: gone, name: other, account: {sid(9)}", "other", "there is no file or folder"),
        (f"path: {'x' * 60}/{'y' * 300}, name: other", "other", "there is no file or folder"),
    ],
)
def test_a_folder_that_is_gone_concerns_its_stack(folder: Path, entry: str, name: str, said: str) -> None:
    (folder / "stacks/empty").mkdir()
    all_ = found(folder, HEAD + f"  - path: stacks/acme\n  - {{{entry}}}\n")
    assert list(all_) == ["acme", name]
    assert all_["acme"].problems == ()
    (line,) = told(all_[name])
    assert line.startswith("fleet.yaml:6:")
    assert said in line


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("SIZE", "5", None),
        ("account", "", "the cell of account is empty"),
        ("account", "AC1", "the account is no account SID"),
        ("region", "North 1", "the region is not as ie1"),
        ("edge", "a b", "the edge is not as ie1"),
        ("template", "", "the cell of template is empty"),
        ("template", "gone", "there is no file or folder"),
        ("evidence", "off", "evidence is switched off"),
        ("evidence", "ftp://x", "evidence is not at s3://"),
        ("state", "postgresql://me:hunter2@db/x", "has a password in it"),
        ("state", "mysql://db/x", "does not know state URLs"),
        ("state", "sqlite:///{name}.db", "nothing is filled in for {name}"),
    ],
)
def test_a_wrong_cell_concerns_its_row(folder: Path, column: str, cell: str, said: str | None) -> None:
    row = {"name": "one", "account": sid(5), "label.ring": "main", "template": "template", column: cell}
    good = {**row, "name": "two", "account": sid(6), "template": "template", column: ""}
    good |= {"account": sid(6), "template": "template"}
    lines = [",".join(each) for each in (row.keys(), row.values(), good.values())]
    (folder / "a.csv").write_text("\n".join(lines), encoding="utf-8")
    both = found(folder, HEAD + "  - csv: a.csv\n")
    assert both["two"].problems == ()
    assert both["one"].labels == {"ring": "main"}
    if said is None:
        assert both["one"].problems == ()
    else:
        (line,) = told(both["one"])
        assert line.startswith("a.csv:2:1: ")
        assert said in line
    assert "hunter2" not in repr(both)


def test_a_template_that_is_gone_concerns_each_stack_of_it_and_all_of_it_is_told(folder: Path) -> None:
    rows = f"name,account,region\none,{sid(5)},\ntwo,AC6,North 1\n"
    (folder / "a.csv").write_text(rows, encoding="utf-8")
    all_ = found(folder, HEAD + "  - {template: gone, csv: a.csv}\n  - path: stacks/acme\n")
    assert [len(all_[name].problems) for name in ("one", "two", "acme")] == [1, 3, 0]


@pytest.mark.parametrize(
    "entries",
    [
        "  - {path: gone, name: acme}\n  - path: stacks/acme\n",
        f"  - {{path: gone, account: {sid(1)}}}\n  - path: stacks/acme\n",
        "  - {path: gone, name: a-b}\n  - {path: stacks/acme, name: a_b}\n",
    ],
)
def test_what_is_known_of_a_broken_one_is_still_its_own(folder: Path, entries: str) -> None:
    with pytest.raises(ConfigurationError):
        read(folder, HEAD + entries)


def test_two_that_are_broken_share_nothing_that_nobody_knows(folder: Path) -> None:
    head = HEAD.replace("state: sqlite:///states/{stack}.db\n", "evidence: 's3://bucket/{account}'\n")
    all_ = found(folder, head + "  - path: gone\n  - path: lost\n  - path: stacks/acme\n")
    assert [bool(each.problems) for each in all_.values()] == [True, True, False]


def test_a_broken_one_is_selected_by_its_labels_and_has_a_share(folder: Path) -> None:
    file = read(folder, HEAD + "  - {path: gone, labels: {ring: canary}}\n  - path: stacks/acme\n")
    assert [each.name for each in selected(file.members, {"select": ["ring=canary"]})] == ["gone"]
    shares = [selected(file.members, {"shard": f"{number}/2"}) for number in (1, 2)]
    assert sorted(each.name for share in shares for each in share) == ["acme", "gone"]


BROKEN = "version: 1\naccount: nobody\nqueues: {support: {}}\n"


@pytest.fixture
def broken(fleet: FleetFolder) -> FleetFolder:
    """Two that are well, one whose configuration says no account, one that is gone, and one with a wrong
    row."""
    fleet.of("acme", "beta", "gamma")
    fleet.write("stacks/delta/voiceform.yaml", BROKEN)
    table = (fleet.folder / "accounts.csv").read_text().replace(f"gamma,{sid(3)}", "gamma,AC3")
    fleet.write("accounts.csv", table)
    fleet.fleet(
        "  - {template: template, csv: accounts.csv}\n  - path: stacks/delta\n"
        f"  - {{path: stacks/epsilon, account: {sid(5)}}}\n"
    )
    return fleet


LOST = {"gamma": "accounts.csv:4:1", "delta": "voiceform.yaml:2:10", "epsilon": "fleet.yaml:7:12"}


def require_lost(document: Any) -> None:
    """Three have failed, each with its place, and the report is as its schema says."""
    validator = Draft202012Validator(json.loads(schema_text("fleet_report")))
    assert [error.message for error in validator.iter_errors(document)] == []
    stacks = {each["stack"]: each for each in document["stacks"]}
    assert sorted(stacks) == ["acme", "beta", "delta", "epsilon", "gamma"]
    for name, place in LOST.items():
        assert stacks[name]["exit_code"] == 1
        assert place in stacks[name]["error"] + "".join(stacks[name]["findings"])
        assert stacks[name]["account"] == (sid(5) if name == "epsilon" else None)
    assert {stacks[name]["exit_code"] for name in ("acme", "beta")} <= {0, 2}


@pytest.mark.parametrize(
    "argv",
    [
        ("validate",),
        ("plan",),
        ("plan", "--jobs", "2"),
        ("plan", "--out", "plans"),
        ("apply", "--auto-approve"),
        ("drift",),
        ("status",),
        ("prune", "--dry-run"),
        ("prune", "--auto-approve"),
        ("dispatch",),
        ("export", "--out", "exported"),
    ],
    ids=" ".join,
)
def test_every_command_works_on_the_others(broken: FleetFolder, argv: tuple[str, ...]) -> None:
    done = broken.run(*argv, "--format", "json", "--report-json", "r.json", "--metrics", "m.prom")
    assert done.code == 1
    require_lost(done.json)
    require_lost(json.loads((broken.folder / "r.json").read_text()))
    measured = (broken.folder / "m.prom").read_text()
    for name in LOST:
        assert f'voiceform_last_run_exit_code{{command="{argv[0]}",stack="{name}"}} 1.0' in measured
    if argv[0] == "apply":
        assert [broken.queues(number) for number in (1, 2)] == [{"support": 100}] * 2
    if argv[0] == "export":
        assert sorted(os.listdir(broken.folder / "exported")) == ["acme", "beta"]
    else:
        assert "Traceback" not in done.err


def test_every_format_names_them(broken: FleetFolder) -> None:
    for format_ in ("text", "markdown", "html", "junit"):
        out = broken.run("plan", "--format", format_).out
        assert all(name in out for name in LOST)
        if format_ == "junit":
            cases = ElementTree.fromstring(out).iter("testcase")
            assert sum(case.find("failure") is not None for case in cases) == 3
    text = broken.run("validate")
    assert text.out == "Failed:\n\n" + text.out.split("Failed:\n\n", 1)[1]
    assert "5 stacks: 2 well, 3 failed." in text.out
    for name, place in LOST.items():
        assert place in text.err
        assert name in text.err


def test_the_list_is_whole_and_says_what_is_wrong_beside_it(broken: FleetFolder) -> None:
    done = broken.run("list")
    assert done.code == 1
    assert [line.split()[:2] for line in done.out.splitlines()] == [
        ["acme", sid(1)],
        ["beta", sid(2)],
        ["gamma", "-"],
        ["delta", "-"],
        ["epsilon", sid(5)],
    ]
    assert all(place in done.err and name in done.err for name, place in LOST.items())
    stacks = {each["stack"]: each for each in broken.run("list", "--format", "json").json["stacks"]}
    assert [len(stacks[name]["problems"]) for name in ("acme", *LOST)] == [0, 1, 1, 1]
    assert (stacks["delta"]["account"], stacks["delta"]["state"]) == (None, None)
    assert broken.run("list", "--select", "stack=acme").code == 0
    broken.fleet("  - {template: gone, csv: accounts.csv}\n")
    assert broken.run("list").err.count("there is no file or folder") == 1
    assert "(acme and 2 more stacks)" in broken.run("list").err


def test_what_a_broken_one_may_ask_for_is_not_said_to_be_in_vain(fleet: FleetFolder) -> None:
    fleet.of("acme", "beta")
    fleet.write("template/voiceform.yaml", "version: 1\n")
    assert "SIZE" in fleet.ok("validate").err
    table = (fleet.folder / "accounts.csv").read_text()
    fleet.write("accounts.csv", table.replace(sid(2), "AC2"))
    assert "SIZE" not in fleet.run("validate").err


def test_who_is_not_selected_counts_for_nothing(broken: FleetFolder) -> None:
    excluded = [word for name in LOST for word in ("--exclude", name)]
    assert "2 stacks: 2 with changes." in broken.ok("plan", *excluded).out


def test_saved_plans_of_the_others_are_applied_and_what_was_broken_is_told_again(broken: FleetFolder) -> None:
    assert broken.run("plan", "--out", "plans").code == 1
    index = json.loads((broken.folder / "plans/index.json").read_text())
    Draft202012Validator(json.loads(schema_text("fleet_plan"))).validate(index)
    require_lost(broken.run("show", "plans", "--format", "json").json)
    broken.write("stacks/delta/voiceform.yaml", f"version: 1\naccount: {sid(4)}\nqueues: {{support: {{}}}}\n")
    done = broken.run("apply", "plans", "--format", "json")
    require_lost(done.json)  # that it was mended since makes no plan
    assert [broken.queues(number) for number in (1, 2, 4)] == [{"support": 100}, {"support": 100}, {}]


def test_one_that_broke_after_it_was_planned_fails_alone_and_is_applied_when_it_is_mended(
    fleet: FleetFolder,
) -> None:
    for number, name in enumerate(("acme", "beta"), 1):
        stack(fleet.folder / "stacks", name, number, "queues: {support: {max_size: 7}}\n")
    fleet.fleet("  - path: stacks/acme\n  - path: stacks/beta\n")
    fleet.ok("plan", "--out", "plans")
    whole = (fleet.folder / "stacks/beta/voiceform.yaml").read_text()
    fleet.write("stacks/beta/voiceform.yaml", whole + "queues: {a: [}\n")
    done = fleet.run("apply", "plans", "--format", "json")
    ended = {each["stack"]: each["exit_code"] for each in done.json["stacks"]}
    assert ended == {"acme": 0, "beta": 1}, done.out
    fleet.write("stacks/beta/voiceform.yaml", whole)
    resumed = fleet.ok("apply", "plans", "--resume")
    assert "beta: Applied: 1 created." in resumed.out
    assert [fleet.queues(number) for number in (1, 2)] == [{"support": 7}] * 2


def test_a_rollout_counts_it_as_failed_in_its_group(fleet: FleetFolder) -> None:
    for number, name in enumerate(("acme", "beta", "gamma"), 1):
        stack(fleet.folder / "stacks", name, number, "queues: {support: {}}\n")
    whole = (fleet.folder / "stacks/beta/voiceform.yaml").read_text()
    head = "state: sqlite:///states/{stack}.db\nrollout: {groups: [{select: {ring: first}%s}, {}]}\n"
    entries = (
        "  - {path: stacks/acme, labels: {ring: first}}\n  - {path: stacks/beta, labels: {ring: first}}\n"
        "  - path: stacks/gamma\n"
    )
    fleet.fleet(entries, head % "")
    fleet.write("stacks/beta/voiceform.yaml", BROKEN)
    stopped = fleet.run("apply", "--auto-approve")
    assert stopped.code == 5
    assert "Stopped: 1 of ring=first failed, 2 stacks not begun." in stopped.err
    assert fleet.emulator.requests("createQueue") == []
    assert fleet.run("plan", "--out", "broken").code == 1
    stopped = fleet.run("apply", "broken")
    assert "Those that failed have no plan that can be carried out. Plan again" in " ".join(
        stopped.err.split()
    )
    fleet.fleet(entries, head % ", max_failed: 1")
    done = fleet.run("apply", "--auto-approve")
    assert done.code == 1
    assert [fleet.queues(number) for number in (1, 3)] == [{"support": 1000}] * 2
    # Planned, and broken when its turn comes.
    fleet.write("stacks/beta/voiceform.yaml", whole)
    fleet.fleet(entries, head % "")
    fleet.write(
        "stacks/gamma/voiceform.yaml", f"version: 1\naccount: {sid(3)}\nqueues: {{support: {{}}, b: {{}}}}\n"
    )
    assert fleet.run("plan", "--out", "plans").code == 0
    fleet.write("stacks/beta/voiceform.yaml", BROKEN)
    assert "Stopped: 1 of ring=first failed" in fleet.run("apply", "plans").err
    assert fleet.queues(3) == {"support": 1000}


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_service_watches_the_others_and_says_what_is_wrong(broken: FleetFolder, jobs: int) -> None:
    stop, lines, looks = threading.Event(), [], []
    fleet = Fleet(folder=broken.folder, environ=broken.environ, jobs=jobs, stop=stop)

    def look(result: StackResult) -> None:
        looks.append(result)
        if {each.stack for each in looks} >= {"acme", "beta", *LOST}:
            stop.set()

    report = fleet.watch(on_line=lambda name, text: lines.append((name, text)), on_look=look)
    assert {each.stack: int(each.code) for each in report.results()} == {
        "acme": 0,
        "beta": 0,
        **dict.fromkeys(LOST, 1),
    }
    for name, place in LOST.items():
        (text,) = [text for who, text in lines if who == name]
        assert place in text
        assert "start the service again" in text


def test_calls_need_no_configuration_where_the_fleet_says_the_account(
    fleet: FleetFolder,
) -> None:
    stack(fleet.folder / "stacks", "acme", 1, CALLS)
    fleet.fleet("  - path: stacks/acme\n")
    fleet.ok("apply", "--auto-approve", clock=ManualClock(NOON - timedelta(hours=4)))
    fleet.write("stacks/acme/voiceform.yaml", "queues: {a: [\n")
    assert fleet.run("dispatch", clock=ManualClock(NOON)).code == 1
    fleet.fleet(f"  - {{path: stacks/acme, account: {sid(1)}}}\n")
    assert "acme: 1 placed" in fleet.ok("dispatch", clock=ManualClock(NOON)).out


def test_a_service_whose_stacks_are_all_broken_ends(broken: FleetFolder) -> None:
    done = broken.run(
        "dispatch", "--watch", *(word for name in ("acme", "beta") for word in ("--exclude", name))
    )
    assert done.code == 1
    assert "3 stacks: 3 failed." in done.out


def test_nothing_of_it_goes_to_a_cluster(broken: FleetFolder) -> None:
    """Were it sent, the scheduler would have to be reached."""
    only = ("--exclude", "acme", "--exclude", "beta", "--format", "json")
    done = broken.run("plan", *only, "--scheduler", "tcp://127.0.0.1:9")
    assert done.code == 1
    assert sorted(each["stack"] for each in done.json["stacks"]) == sorted(LOST)
