"""Files that are shipped with the program beside its code.

A wheel carries them inside the package; in a source checkout they are top-level folders.
"""

from __future__ import annotations

from pathlib import Path

from voiceform.model.errors import VoiceformError


def data_folder(name: str) -> Path:
    """The shipped folder `name` (`schemas`, `examples`); VoiceformError when it is missing."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_data" / name, package.parent / name):
        if folder.is_dir():
            return folder
    raise VoiceformError(f"the {name} are missing from this installation", hint="install voiceform again")


def example_folder(name: str) -> Path:
    """The folder of one example stack, such as `contact-center`."""
    return data_folder("examples") / name
