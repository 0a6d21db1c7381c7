"""Says whether a tag may be released: `python .ci/release.py v1.2.3` prints the notes of that version.

The tag, the version of the package and a section of CHANGELOG.md have to agree, and nothing that is merged
may still stand under "Unreleased".
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def notes(tag: str, version: str, changelog: str) -> str:
    """The section of CHANGELOG.md about `tag`; ValueError says what to do where they disagree."""
    if tag != f"v{version}":
        raise ValueError(
            f"the tag is {tag} and the package is {version}: tag v{version}, or raise the version"
        )
    sections = re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]
    texts = {re.split(r"[\s\]]", section.lstrip("["), maxsplit=1)[0]: section for section in sections}
    waiting = texts.get("Unreleased", "").partition("\n")[2].strip()
    if waiting:
        raise ValueError(f'CHANGELOG.md has lines under "Unreleased": put them under {version} and a date')
    if version not in texts:
        raise ValueError(f"CHANGELOG.md has no section {version}: write one with a date")
    return texts[version].partition("\n")[2].strip()


def main(arguments: list[str]) -> int:
    """Print the notes; 1 and a sentence where the tag may not be released."""
    source = (ROOT / "voiceform" / "version.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"', source, re.MULTILINE)
    try:
        if len(arguments) != 1 or found is None:
            raise ValueError("name one tag: python .ci/release.py v1.2.3")
        changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
        sys.stdout.write(notes(arguments[0], found[1], changelog) + "\n")
    except ValueError as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
