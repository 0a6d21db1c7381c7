"""What each code that voiceform prints means, why it matters and what to do, with an example.

The texts are data, in `explanations/`: one file for each group, read when somebody asks. Tests hold that no
code is without its text, that no text is without its code, and that every example does what it says.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

_PAGE = "https://github.com/voiceform/voiceform/blob/main/docs/codes.md"
_MORE_THAN_IS_TRIED = 50
_MARK = re.compile(r"<!--.*?-->\n?")
_FILE = re.compile(r"<!-- file: (.*?) -->\n")
_ANSWERED_BY: Mapping[str, str] = MappingProxyType(
    {
        "createCall": """
<!-- clock: 2026-12-01T14:00:00Z -->
<!-- file: voiceform.yaml -->
```yaml
version: 1
calls:
  reminder:
    to: "+15558675310"
    from: "+15017122661"
    schedule: {at: 2026-12-01T09:00:00, timezone: America/New_York}
    misfire_grace: 1h
    answer: {say: Good morning.}
```
""",
        "createParticipant": """
<!-- seed: {"conferences": [{"friendly_name": "standup", "participants": [{"label": "ben"}]}]} -->
<!-- file: voiceform.yaml -->
```yaml
version: 1
conferences:
  standup:
    participants:
      anna: {to: "+15558675310", from: "+15017122661"}
```
""",
        "updateConference": """
<!-- seed: {"conferences": [{"friendly_name": "standup", "participants": [{"label": "ben"}]}]} -->
<!-- file: voiceform.yaml -->
```yaml
version: 1
conferences: {standup: {status: ended}}
```
""",
        "deleteRecording": """
<!-- seed: {"recordings": [{"date_created": "2020-01-01T00:00:00Z", "duration": "60"}]} -->
<!-- file: voiceform.yaml -->
```yaml
version: 1
safety: {max_delete_percent: 100}
retention: {recordings: [{name: all, keep: 90d}]}
```
""",
        "fetchRecordingMedia": """
<!-- seed: {"recordings": [{"date_created": "2020-01-01T00:00:00Z", "duration": "60"}]} -->
<!-- file: voiceform.yaml -->
```yaml
version: 1
safety: {max_delete_percent: 100}
retention: {recordings: [{name: all, keep: 90d, archive: {to: "file://${PWD}/archive", format: mp3}}]}
```
""",
        "createQueue": """
<!-- clock: 2026-12-01T14:00:00Z -->
<!-- file: voiceform.yaml -->
```yaml
version: 1
queues: {support: {}}
```
""",
    }
)
"""A configuration whose apply sends the request that Twilio answers with an error."""


class Group(StrEnum):
    """What a code is a code of; the value is its title."""

    FINDINGS = "Findings of validate"
    REFUSALS = "Reasons why a plan is blocked"
    EXITS = "Exit codes"
    TWILIO = "Errors of Twilio's"


_FILES = {
    Group.FINDINGS: "findings.toml",
    Group.REFUSALS: "refusals.toml",
    Group.EXITS: "exits.toml",
    Group.TWILIO: "twilio.toml",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """One code: `what` it says, `why` that matters, and what to `do`, each a paragraph.

    `example` is Markdown in which blocks are files and commands, as in the pages of docs/.
    """

    code: str
    group: Group
    what: str
    why: str
    do: str
    example: str

    @property
    def address(self) -> str:
        """Where it can be read on the web."""
        return f"{_PAGE}#{self.code}"

    @property
    def markdown_example(self) -> str:
        """The example as Markdown for readers alone."""
        return _without_marks(self.example)

    @property
    def plain_example(self) -> str:
        """The example as it is read in a terminal: without fences, and with blocks indented."""
        lines = []
        in_block = False
        for line in _without_marks(self.example).splitlines():
            if line.startswith("```"):
                in_block = not in_block
            else:
                lines.append(f"    {line}".rstrip() if in_block else line)
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def _without_marks(text: str) -> str:
    """An example as it is read: what tests do to the account is left out, files have their names."""
    return _MARK.sub("", _FILE.sub(r"\1:\n\n", text))


@cache
def explanations() -> Mapping[str, Explanation]:
    """Every explanation by its code, group by group."""
    found: dict[str, Explanation] = {}
    folder = files("voiceform.model").joinpath("explanations")
    for group, name in _FILES.items():
        for code, entry in tomllib.loads(folder.joinpath(name).read_text(encoding="utf-8")).items():
            found[code] = Explanation(
                code, group, entry["what"], entry["why"], entry["do"], _example(code, entry)
            )
    return MappingProxyType(found)


def _example(code: str, entry: Mapping[str, Any]) -> str:
    if "session" in entry:
        return str(entry["session"]).strip("\n") + "\n"
    if "operation" in entry:
        return _refused(code, entry["operation"], entry.get("status", 400))
    parts = [_file(name, text) for name, text in entry.get("files", {}).items()]
    parts += [
        _file("voiceform.yaml", entry["example"]),
        f"<!-- finds: {code} -->",
        "Without it:",
        _file("voiceform.yaml", entry["mended"]),
        f"<!-- finds no: {code} -->",
    ]
    return "\n\n".join(parts) + "\n"


def _file(name: str, text: str) -> str:
    kind = name.rpartition(".")[2]
    return f"<!-- file: {name} -->\n```{kind}\n{text.strip(chr(10))}\n```"


def _refused(code: str, operation: str, status: int) -> str:
    """Twilio's refusal of one request, as the emulator answers it where it is told to."""
    how = f'"kind": "status", "status": {status}, "code": {code}, "times": {_MORE_THAN_IS_TRIED}'
    fault = f'{{"operation": "{operation}", {how}}}'
    setting = _ANSWERED_BY.get(operation, _ANSWERED_BY["createQueue"]).strip("\n")
    return (
        f"{setting}\n\nThe emulator is told to answer so (`POST /_emulator/faults`):\n\n"
        f"```json\n{fault}\n```\n\n<!-- fault: {fault} -->\n<!-- tells: {code} -->\n"
        "```console\n$ voiceform apply --auto-approve\n```\n"
    )
