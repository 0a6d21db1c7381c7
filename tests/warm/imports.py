"""Imports and compiles what commands do when they need it: each fork of this process would do it again."""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import pkgutil
import tempfile
import threading
from pathlib import Path

import voiceform
from voiceform.cli import main
from voiceform.model.schema_files import schema_text
from voiceform.state.documents import problem_of

LAZY = ("deepdiff", "phonenumbers.data.region_US", "phonenumbers.timezone", "rich.cells", "tzdata")
"""What is imported inside of functions, of other projects."""
STACK = """\
version: 1
queues: {warm: {max_size: 1}}
conferences: {warm: {settings: {beep: on-enter}}}
calls:
  warm:
    to: "+12125550101"
    from: "+15017122661"
    schedule: {cron: "0 9 * * *", timezone: UTC}
    answer: {say: Hello}
retention: {recordings: [{name: warm, keep: 90d}]}
"""


def warm_up() -> None:
    """Do it, and leave no thread: a process that has some is not forked."""
    for module in pkgutil.walk_packages(voiceform.__path__, "voiceform."):
        if not module.name.startswith(("voiceform.emulator", "voiceform.cli.scaffold", "voiceform.__main__")):
            importlib.import_module(module.name)
    for name in LAZY:
        importlib.import_module(name)
    for definition in json.loads(schema_text("state"))["$defs"]:
        problem_of(definition, None)
    shown = io.StringIO()
    with (
        tempfile.TemporaryDirectory() as name,
        contextlib.redirect_stdout(shown),
        contextlib.redirect_stderr(shown),
    ):
        Path(name, "voiceform.yaml").write_text(STACK, encoding="utf-8")
        Path(name, "base.yaml").write_text("version: 1\n", encoding="utf-8")
        for words in ("validate", *(f"plan --base base.yaml --format {form}" for form in ("text", "html"))):
            assert main(["-C", name, *words.split()], environ={}) == 0, shown.getvalue()
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(60)
    assert threading.active_count() == 1, threading.enumerate()
    gc.collect()
    gc.freeze()
