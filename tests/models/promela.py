"""The same rules for spin: its own search, written by others in another language."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.models.rules import Model

_WORDS = {"and": "&&", "or": "||", "not": "!"}


@dataclass(frozen=True)
class Verdict:
    """What spin found: in how many states it was, whether it saw them all, and whether a property failed."""

    states: int
    complete: bool
    refuted: bool


def promela(model: Model, properties: Iterable[str]) -> str:
    """The model in Promela, which asserts the `properties` after each step."""
    texts = model.all_properties()
    asserted = [f"      assert({_expression(texts[name])});" for name in properties]
    lines = [f"byte {_expression(name)} = {value};" for name, value in model.fields.items()]
    lines += ["active proctype protocol() {", "end:", "  do"]
    for rule in model.rules:
        lines += [f"  :: d_step {{ /* {rule.name} */", f"      ({_expression(rule.guard)}) ->"]
        lines += [f"      {_expression(part.strip())};" for part in rule.effect.split(";") if part.strip()]
        lines += [*asserted, "    }"]
    return "\n".join([*lines, "  od", "}", ""])


def check(model: Model, properties: Iterable[str], folder: Path) -> Verdict:
    """Let spin look at every state of the model."""
    folder.mkdir()
    (folder / "model.pml").write_text(promela(model, properties))
    _run(folder, "spin", "-a", "model.pml")
    _run(folder, "gcc", "-O0", "-w", "-DSAFETY", "-DNOREDUCE", "-DMEMLIM=1024", "-o", "pan", "pan.c")
    told = _run(folder, "./pan", "-m1000000", "-c1")
    states = re.search(r"^\s*(\d+) states, stored", told, re.MULTILINE)
    assert states is not None, told
    complete = "Search not completed" not in told and "max search depth too small" not in told
    return Verdict(int(states[1]), complete, refuted=re.search(r"errors: [1-9]", told) is not None)


def _run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def _expression(text: str) -> str:
    """Fields begin with `v_` there, since some have the names of Promela's own words."""
    return re.sub(r"\b[a-z]\w*", lambda found: _WORDS.get(found[0], f"v_{found[0]}"), text)
