"""What is odd about a fleet as a whole stops nothing, and is told by every command in every format."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import jsonschema
import pytest

from tests.fleet.fleets import FleetFolder, sid
from voiceform.model.schema_files import schema_text

ODD = "has no row, and no stack"
VALIDATOR = jsonschema.Draft202012Validator(json.loads(schema_text("fleet_report")))


def odd(fleet: FleetFolder) -> None:
    """A fleet with an empty table beside two stacks."""
    fleet.of("acme", "beta")
    fleet.write("none.csv", "name,account\n")
    fleet.fleet("  - {template: template, csv: accounts.csv}\n  - {template: template, csv: none.csv}\n")


@pytest.mark.parametrize("command", ["validate", "list", "plan", "drift", "status", "prune --dry-run"])
def test_every_command_tells_it_beside_its_document(fleet: FleetFolder, command: str) -> None:
    odd(fleet)
    done = fleet.ok(*command.split(), "--format", "json")
    assert done.err.count(ODD) == 1
    if command != "list":
        VALIDATOR.validate(done.json)
        (finding,) = done.json["findings"]
        assert ODD in finding
        assert "fleet.yaml:6:" in finding


def test_apply_tells_it_once(fleet: FleetFolder) -> None:
    odd(fleet)
    assert fleet.ok("apply", "--auto-approve").err.count(ODD) == 1
    done = fleet.ok("apply", "--auto-approve", "--format", "json")
    assert done.err.count(ODD) == 1


def test_it_stands_in_documents_for_people_and_machines(fleet: FleetFolder) -> None:
    odd(fleet)
    junit = ElementTree.fromstring(fleet.ok("validate", "--format", "junit").out)
    assert ODD in (junit.findtext("testsuite/system-err") or "")
    assert ODD in fleet.ok("plan", "--format", "markdown").out
    page = fleet.ok("plan", "--format", "html").out
    assert "Odd about the fleet" in page
    assert ODD in page
    fleet.ok("plan", "--out", "plans")
    assert fleet.ok("show", "plans", "--format", "json").json["findings"] == []


def of_templates(fleet: FleetFolder, header: str, *, top: str = "", other: str = "${WHERE:-here}") -> None:
    """A table with one column more, and a stack of another template that asks for something else."""
    fleet.write("template/voiceform.yaml", 'version: 1\nqueues: {support: {max_size: "${SIZE:-9}"}}\n')
    fleet.write("other/voiceform.yaml", f'version: 1\nqueues: {{other: {{friendly_name: "{other}"}}}}\n')
    fleet.write("accounts.csv", f"name,account,{header}\nacme,{sid(1)},7\nbeta,{sid(2)},8\n")
    entry = f"  - {{template: other, name: gamma, account: {sid(3)}}}\n"
    head = f"state: sqlite:///states/{{stack}}.db\nvariables: {{{top}}}\n"
    fleet.fleet(f"  - {{template: template, csv: accounts.csv}}\n{entry}", head)


@pytest.mark.parametrize(
    ("header", "top", "told"),
    [
        ("SIZE", "", []),
        ("SIZE", "WHERE: there", []),  # one of two templates asks for it
        (
            "SIEZ",
            "",
            ["accounts.csv:2:1: warning: no configuration asks for the variable SIEZ (did you mean SIZE?)"],
        ),
        ("size", "", ["the variable size (take it out, or ask for it: ${size})"]),
        ("SIZE", "WEHRE: there", ["the variable WEHRE (did you mean WHERE?)"]),
        ("SIEZ", "COLOUR: red", ["the variable SIEZ (did", "the variable COLOUR (take"]),
    ],
)
def test_a_variable_that_nobody_asks_for_is_most_likely_misspelt(
    fleet: FleetFolder, header: str, top: str, told: list[str]
) -> None:
    of_templates(fleet, header, top=top)
    done = fleet.ok("validate", "--format", "json")
    found = done.json["findings"]
    assert len(found) == len(told), found
    assert all(any(text in each for each in found) for text in told), found
    each = {stack["stack"]: stack["details"] for stack in done.json["stacks"]}
    assert ("unused_variables" in each["acme"]) is bool(header != "SIZE" or top)


def test_of_a_part_of_a_fleet_nobody_knows_what_the_rest_asks_for(fleet: FleetFolder) -> None:
    of_templates(fleet, "SIEZ")
    assert fleet.ok("validate", "--exclude", "gamma", "--format", "json").json["findings"] == []


def test_of_a_configuration_that_cannot_be_read_nothing_is_known(fleet: FleetFolder) -> None:
    of_templates(fleet, "SIZE", top="COLOUR: red", other="${WHERE}")
    done = fleet.run("validate", "--format", "json")
    assert done.code == 1
    assert done.json["findings"] == []


def test_what_is_asked_for_is_used_wherever_it_stands(fleet: FleetFolder) -> None:
    """Also in settings, in numbers, within words, and as a secret that is only named."""
    text = 'version: 1\nname: "${TITLE}"\ncalls:\n  daily:\n    to: "${TO}"\n    from: "+15017122661"\n'
    text += '    answer: {say: "$${NOT} ${WORDS}"}\n    schedule: {at: 2026-12-24T09:00:00, timezone: UTC}\n'
    text += '    sip_auth: {username: me, password: "${SIP_WORD}"}\n'
    fleet.write("template/voiceform.yaml", text)
    columns = "TITLE,TO,WORDS,NOT,SIP_WORD"
    fleet.write("accounts.csv", f"name,account,{columns}\nacme,{sid(1)},a,+15558675310,hello,no,eight888\n")
    fleet.fleet("  - {template: template, csv: accounts.csv}\n")
    done = fleet.run("validate", "--format", "json")
    assert [each.split("variable ")[1][:4] for each in done.json["findings"]] == ["NOT "], done.out
