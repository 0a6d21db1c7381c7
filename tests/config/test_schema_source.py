"""schemas/config.schema.json is what its source says, and nobody edits it by hand."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.source import tests
from schemas.source.blocks import Section, block, defined, entries
from schemas.source.document import document, schema_text, sections
from schemas.source.sections import queues
from schemas.source.values import Node, choice, duration, flag, matching, sid, text, whole
from tests.config.reading import read
from voiceform.config.load import check
from voiceform.config.schema import ConfigSchema, FileFacts
from voiceform.model.diagnostics import Diagnostic
from voiceform.model.schema_files import schema_text as shipped

ROOT = Path(__file__).resolve().parents[2]


def test_the_file_is_what_its_source_says() -> None:
    assert (ROOT / "schemas/config.schema.json").read_bytes() == schema_text().encode(), "run `make schemas`"
    assert shipped("config") == schema_text()
    assert shipped("test") == tests.schema_text(), "run `make schemas`"


@pytest.mark.parametrize("seed", ["0", "1"])
def test_it_is_written_by_the_source_alone_and_always_alike(seed: str, tmp_path: Path) -> None:
    """Without any package that is installed: voiceform is not asked what its own schema is."""
    shutil.copytree(ROOT / "schemas/source", tmp_path / "schemas/source")
    shutil.copy(ROOT / "schemas/seed.schema.json", tmp_path / "schemas")
    done = subprocess.run(
        [sys.executable, "-S", "-m", "schemas.source"],
        cwd=tmp_path,
        env={"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    written = (tmp_path / "schemas/config.schema.json").read_bytes()
    assert written == (ROOT / "schemas/config.schema.json").read_bytes()
    assert (tmp_path / "schemas/test.schema.json").read_text(encoding="utf-8") == shipped("test")


def test_it_says_where_it_comes_from() -> None:
    comment = json.loads(shipped("config"))["$comment"]
    (place,) = re.findall(r"[\w/]+/", comment)
    assert (ROOT / place).is_dir()
    (target,) = re.findall(r"`make (\w+)`", comment)
    assert f"\n{target}: " in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_every_definition_is_there_and_used() -> None:
    found = document(sections())
    assert set(re.findall(r'"#/\$defs/(\w+)"', json.dumps(found))) == set(found["$defs"])


def test_a_name_stands_for_one_thing() -> None:
    with pytest.raises(ValueError, match="have the name queues"):
        document([*sections(), queues.section()])
    again = Section(keys={}, definitions={"duration": {}})
    with pytest.raises(ValueError, match="have the name duration"):
        document([*sections(), again])


def caller_ids() -> Section:
    """A kind that there is not."""
    keys: dict[str, Node] = {
        "number": defined("phone_number"),
        "label": text("Label", "What is shown.", longest=64, examples=["Support"], public=True),
        "language": matching(
            "Language", "What is spoken.", "^[a-z]{2}$", "must be a language", examples=["en"]
        ),
        "application": sid("Application", "Whom to ask.", "AP", "an application"),
        "calls": whole("Calls", "How many at once.", 1, 20, default=1, examples=[3]),
        "trust": choice("Trust", "How far.", ["some", "all"], default="some"),
        "patience": duration("Patience", "How long.", default="1m", examples=["45s"]),
        "protect": defined("protect"),
        "verified": flag("Verified", "Whether it was.", default=False),
    }
    entry = block(
        "Caller ID", "One number.", keys, required=["number"], examples=[{"number": "+15558675310"}]
    )
    section = entries("Caller IDs", "Numbers by name.", "caller_id", examples=[{}], merge="keys")
    return Section(keys={"caller_ids": section}, definitions={"caller_id": entry})


def problems(lines: str) -> list[str]:
    """What is said of a configuration, where the schema has one section more."""
    schema = ConfigSchema(document([*sections(), caller_ids()]))
    found, reported = read(f"version: 1\ncaller_ids:\n  support: {{{lines}}}\n")
    assert found is not None
    assert reported == []
    said: list[Diagnostic] = []
    check(found, schema, FileFacts(), {"caller_ids": "caller_id"}, said.append)
    return [problem.message for problem in said]


@pytest.mark.parametrize(
    ("lines", "refused"),
    [
        ('number: "+15558675310"', ""),
        ('number: "+15558675310", label: Support, language: en, calls: 20, trust: all, patience: 12h', ""),
        ('number: "+15558675310", verified: true, protect: false', ""),
        ("label: Support", "number is missing"),
        ("number: 5558675310", "must be text, not a number"),
        ('number: "5558675310"', "must be a phone number in international form"),
        ('number: "+15558675310", label: ""', "must not be empty"),
        (f'number: "+15558675310", label: {"x" * 65}', "at most 64"),
        ('number: "+15558675310", language: English', "must be a language"),
        ('number: "+15558675310", application: AP12', "must be an application SID: AP and 32 hexadecimal"),
        ('number: "+15558675310", calls: 0', "at least 1"),
        ('number: "+15558675310", calls: 21', "at most 20"),
        ('number: "+15558675310", calls: true', "must be a whole number"),
        ('number: "+15558675310", trust: none', "must be some or all, not 'none'"),
        ('number: "+15558675310", patience: 1 minute', "must be a duration"),
        ('number: "+15558675310", verified: "yes"', "must be true or false"),
        ('number: "+15558675310", extra: 1', "extra"),
    ],
)
def test_a_section_more_takes_a_few_lines_and_is_checked_and_explained(lines: str, refused: str) -> None:
    said = problems(lines)
    assert bool(said) == bool(refused)
    assert len(said) <= 1
    assert refused in " ".join(said)
