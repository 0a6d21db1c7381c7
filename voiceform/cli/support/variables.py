"""Variables of the environment that look like ours and are none."""

from __future__ import annotations

from collections.abc import Container

from voiceform.cli.support.invocation import App

_PROGRAM = "VOICEFORM"
_OPTIONS = {
    "VOICEFORM_BASE_URL": "base_url",
    "VOICEFORM_STATE": "state_url",
    "VOICEFORM_ALLOW_PATH": "allowed_paths",
}
"""The variables that stand for a global option, with its key, which is the App's attribute, too."""
_OF_JOBS = "VOICEFORM_STACK"
"""What the kits' jobs read, and what is near to it, is no misspelling of ours."""


def tell_misspelt(app: App, keys: Container[str]) -> None:
    """Warn of variables that mean nothing where one of ours was probably meant that is not given: without it
    another API than was meant is asked, or another state. `keys` are the global options of the command."""
    known = {_rest(name): name for name in (*_OPTIONS, _OF_JOBS)}
    for name in sorted(app.environ):
        rest = _rest(name)
        if not rest or name in known.values():
            continue
        from difflib import get_close_matches

        for near in get_close_matches(rest, known, 1):
            key = _OPTIONS.get(known[near], "")
            if key in keys and getattr(app, key) in (None, ()):
                app.console.say(
                    f"Warning: the variable {name} means nothing to voiceform; did you mean {known[near]},"
                    " which is not set?"
                )


def _rest(name: str) -> str:
    """The letters behind the name of this program; none where that is not in front."""
    letters = "".join(character for character in name[:64].upper() if character.isalnum())
    return letters.removeprefix(_PROGRAM) if letters.startswith(_PROGRAM) else ""
