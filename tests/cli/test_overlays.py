"""Overlays and files of variables: one configuration, several environments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support import ACCOUNT, TOKEN, Stack

BASE = """
version: 1
name: Acme staging
queues:
  support: {friendly_name: Support, max_size: 200, protect: true}
  sales: {}
conferences:
  standup:
    settings: {beep: on-enter, max_participants: 40}
    participants:
      anna: {to: "+15558675310", from: "+15017122661"}
      ben: {to: "+15558675311", from: "+15017122661"}
calls:
  reminder:
    to: ["+15558675310", "+15558675311"]
    from: "+15017122661"
    schedule: {at: 2030-12-01T09:00:00, timezone: America/New_York}
    answer: {say: Good morning.}
    calling_hours: {start: "08:00", end: "21:00"}
retention:
  recordings:
    - {name: conferences, keep: 365d, match: {source: [Conference]}}
    - {name: everything, keep: 90d}
  holds:
    case: {reason: litigation, match: {number: ["+15558675310"]}}
"""


def planned(stack: Stack, *argv: str) -> dict[str, Any]:
    plan = stack.run(*argv, "plan", "--format", "json", "--show-numbers").json
    return {change["address"]: change["after"] for change in plan["changes"]}


def found(stack: Stack, overlay: str) -> list[tuple[str, str, int, int]]:
    stack.write(BASE)
    (stack.folder / "prod.yaml").write_text(overlay, encoding="utf-8")
    result = stack.run("--overlay", "prod.yaml", "validate", "--format", "json").json
    return [
        (item["code"], Path(item["file"]).name, item["line"], item["column"])
        for item in result["diagnostics"]
    ]


def test_fields_are_changed_and_everything_else_stays(stack: Stack) -> None:
    stack.write(BASE)
    before = planned(stack)
    overlay = """
name: Acme production
queues:
  support: {max_size: 500}
conferences:
  standup: {settings: {max_participants: 100}, participants: {ben: null}}
calls:
  reminder: {to: "+15558675399", calling_hours: null, answer: {say: null, url: "https://example.com/a"}}
retention:
  recordings:
    - {name: everything, keep: 400d}
  holds: {case: {reason: appeal}}
"""
    (stack.folder / "prod.yaml").write_text(overlay, encoding="utf-8")
    after = planned(stack, "--overlay", "prod.yaml")
    assert after.keys() == before.keys()
    assert after["queue.support"] == {**before["queue.support"], "max_size": 500}
    assert after["queue.sales"] == before["queue.sales"]
    standup = after["conference.standup"]
    assert (standup["settings"], [*standup["participants"]]) == (
        {"beep": "on-enter", "max_participants": 100},
        ["anna"],
    )
    call = after["call.reminder"]
    assert (call["to"], call["calling_hours"], call["answer"]) == (
        ["+15558675399"],
        None,
        {"url": "https://example.com/a", "method": "POST"},
    )
    assert after["retention.recordings.everything"]["keep"] == "400d"
    assert after["retention.recordings.everything"]["order"] == 2
    assert after["retention.recordings.conferences"] == before["retention.recordings.conferences"]
    assert after["retention.holds.case"]["reason"] == "appeal"
    assert after["retention.holds.case"]["match"] == before["retention.holds.case"]["match"]


@pytest.mark.parametrize(
    ("overlay", "code", "line", "column"),
    [
        ("queues:\n  suport: {max_size: 5}\n", "overlay-unknown", 2, 3),
        ("conferences:\n  standup:\n    participants: {bem: {muted: true}}\n", "overlay-unknown", 3, 20),
        ("retention:\n  recordings:\n    - {name: everthing, keep: 1d}\n", "overlay-unknown", 3, 7),
        ("retention:\n  recordings:\n    - {keep: 1d}\n", "overlay-unknown", 3, 7),
        ("retention:\n  call_records:\n    - {name: cdr, keep: 1d}\n", "overlay-unknown", 3, 7),
        ("retention:\n  holds: {cases: {reason: x}}\n", "overlay-unknown", 2, 11),
        ("queues:\n  support: {aliasses: null}\n", "overlay-unknown", 2, 13),
        ("queues:\n  support: {max_sise: 5}\n", "unknown-key", 2, 13),
        ("queues:\n  support: {max_size: many}\n", "wrong-type", 2, 13),
        ("queues:\n  support:\n", "overlay-removal", 2, 3),
        ("queues:\n", "overlay-removal", 1, 1),
        ("retention: {holds: {case: null}}\n", "overlay-removal", 1, 21),
        ("retention: {holds: null}\n", "overlay-removal", 1, 13),
        ("retention: {recordings: null}\n", "overlay-removal", 1, 13),
        ("calls:\n  reminder: {from: null}\n", "missing-key", 1, 1),
        ("queuess:\n  support: {max_size: 5}\n", "unknown-key", 1, 1),
        ("queues: [support]\n", "wrong-type", 1, 9),
        ("queues:\n  sales: {friendly_name: Support}\n", "queue-name-taken", 1, 1),
        ("queues: {support: {max_size: 5}\n", "syntax", 2, 1),
    ],
)
def test_what_is_wrong_is_found_where_it_stands(
    stack: Stack, overlay: str, code: str, line: int, column: int
) -> None:
    findings = found(stack, overlay)
    assert code in {item[0] for item in findings}, findings
    if code not in ("missing-key", "queue-name-taken"):  # these are of the whole
        assert [item for item in findings if item[0] == code and item[1] == "prod.yaml"], findings
    if code.startswith("overlay"):
        assert findings == [(code, "prod.yaml", line, column)]


def test_a_section_that_the_configuration_lacks_declares_nothing(stack: Stack) -> None:
    stack.write("queues: {support: {}}\n")
    stack.write("conferences: {standup: {status: ended}}\n", "prod.yaml")
    refused = stack.run("--overlay", "prod.yaml", "plan")
    assert refused.code == 1
    assert "there is no conferences.standup under this overlay" in refused.err
    assert "declare what is new in a file of its own" in refused.err


def test_what_is_new_stands_in_a_file_of_its_own(stack: Stack) -> None:
    stack.write("queues: {support: {}}\n", "base.yaml")
    stack.write("queues: {canary: {}}\n", "more.yaml")
    stack.write("queues: {canary: {max_size: 7}, support: {max_size: 8}}\n", "prod.yaml")
    after = planned(stack, "-f", "base.yaml", "-f", "more.yaml", "--overlay", "prod.yaml")
    assert {address: item["max_size"] for address, item in after.items()} == {
        "queue.canary": 7,
        "queue.support": 8,
    }


def test_later_overlays_go_over_earlier_ones_and_plans_name_them(stack: Stack) -> None:
    stack.write("queues: {support: {max_size: 1}}\n")
    stack.write("queues: {support: {max_size: 2, owner: Voice team}}\n", "a.yaml")
    stack.write("queues: {support: {max_size: 3}}\n", "b.yaml")
    plan = stack.run("plan", "--overlay", "a.yaml", "--overlay", "b.yaml", "--format", "json").json
    assert [Path(file).name for file in plan["config"]["files"]] == ["voiceform.yaml", "a.yaml", "b.yaml"]
    assert plan["changes"][0]["after"]["max_size"] == 3
    assert plan["changes"][0]["notes"]["after"] == {"owner": "Voice team"}


def test_a_review_lays_the_overlay_of_each_side_over_it(stack: Stack) -> None:
    stack.write("queues: {support: {max_size: 1}}\n")
    stack.write("queues: {support: {max_size: 3}}\n", "envs/prod.yaml")
    stack.write("queues: {support: {max_size: 1}}\n", "main/voiceform.yaml")
    stack.write("queues: {support: {max_size: 2}}\n", "main/envs/prod.yaml")
    plan = stack.run("--overlay", "envs/prod.yaml", "plan", "--base", "main", "--format", "json").json
    (change,) = plan["changes"]
    assert (change["before"]["max_size"], change["after"]["max_size"]) == (2, 3)
    (stack.folder / "main/envs/prod.yaml").unlink()
    plan = stack.run("--overlay", "envs/prod.yaml", "plan", "--base", "main", "--format", "json").json
    assert plan["changes"][0]["before"]["max_size"] == 1


def test_what_the_environment_gave_to_an_overlay_is_hidden_as_elsewhere(stack: Stack) -> None:
    stack.write(BASE)
    overlay = "calls: {reminder: {answer: {say: null, url: 'https://example.com/?sig=${SIG}'}}}\n"
    stack.write(overlay, "prod.yaml")
    stack.environ["SIG"] = "s3cr3t-signature"
    shown = stack.run("--overlay", "prod.yaml", "plan", "--format", "json").out
    assert "s3cr3t-signature" not in shown
    assert "sig=${SIG}" in shown


def test_a_file_of_variables_stands_beside_the_environment(stack: Stack) -> None:
    stack.write('queues: {support: {friendly_name: "${NAME}", max_size: 5}}\n')
    lines = "# prod\nexport NAME='Support desk'\n"
    lines += f"TWILIO_AUTH_TOKEN={TOKEN}\nTWILIO_ACCOUNT_SID={ACCOUNT} # ours\n"
    (stack.folder / "prod.env").write_text(lines + f'VOICEFORM_BASE_URL="{stack.emulator.url}"\n')
    plan = stack.run("--env-file", "prod.env", "plan", "--format", "json", environ={})
    assert plan.json["changes"][0]["after"]["friendly_name"] == "Support desk"
    behind = stack.run("plan", "--env-file", "prod.env", "--format", "json", environ={"NAME": "Mine"})
    assert behind.json["changes"][0]["after"]["friendly_name"] == "Mine"
    listed = stack.run("state", "list", "--env-file", "prod.env", environ={})
    assert listed.code == 0
    assert stack.run("prune", "--dry-run", "--env-file", "prod.env", environ={}).code == 0


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("A = b  ", "b"),
        ("A=", ""),
        ("A=b # c", "b"),
        ("A=b#c", "b#c"),
        ("A='b # c' # d", "b # c"),
        ('A="b\\n\\"c\\" \\$d \\x"', 'b\n"c" $d \\x'),
        ("A=$HOME", "$HOME"),
        ("A=b=c", "b=c"),
        ("\ufeffA=b\r", "b"),
        ("A=ü", "ü"),
    ],
)
def test_each_way_to_write_a_value(stack: Stack, line: str, value: str) -> None:
    stack.write('queues: {support: {description: "<${A}>"}}\n')
    (stack.folder / "v.env").write_text(line + "\n", encoding="utf-8")
    plan = stack.run("--env-file", "v.env", "plan", "--format", "json", "--show-values").json
    assert plan["changes"][0]["notes"]["after"]["description"] == " ".join(f"<{value}>".split())


@pytest.mark.parametrize(
    "line",
    ["A", "A b=s3cr3t", "1A=s3cr3t", "A='s3cr3t", 'A="s3cr3t', "A='s3' cr3t", "A=1\nA=s3cr3t", "A-B=s3cr3t"],
)
def test_a_line_that_cannot_be_read_is_an_error_that_repeats_no_value(stack: Stack, line: str) -> None:
    stack.queues(support=5)
    (stack.folder / "v.env").write_text(line + "\n", encoding="utf-8")
    refused = stack.run("--env-file", "v.env", "plan")
    assert refused.code == 1
    assert "v.env:" in refused.err
    assert "s3cr3t" not in refused.err + refused.out


def test_a_file_of_variables_that_is_not_there_is_an_error(stack: Stack) -> None:
    stack.queues(support=5)
    assert "there is no such file" in stack.run("plan", "--env-file", "nothing.env").err
    assert stack.run("plan", "--overlay", "nothing.yaml").code == 1
    assert stack.run("plan", "--overlay", "").code == 64


@pytest.mark.parametrize("option", ["-f", "--overlay"])
def test_a_file_that_is_missing_is_told_with_the_option_that_named_it(stack: Stack, option: str) -> None:
    stack.write(BASE)
    result = stack.run(option, "nope.yaml", "validate")
    assert result.code == 1
    assert "there is no file or folder" in result.err
    assert f"name one that is there with {option}, or leave {option} out" in result.err
    (stack.folder / "empty").mkdir()
    result = stack.run(option, "empty", "validate")
    assert f"name another file or folder with {option}" in result.err
