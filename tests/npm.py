"""npm packages for tests, installed once into a temporary folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.services import missing


def npm_packages(*packages: str) -> Path:
    """The folder in which `packages` (`name@version`) are installed; skips (in CI: fails) without npm.

    The folder is put in place whole, so processes that install at the same time do not disturb each other.
    """
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            missing(program, "install nodejs and npm")
    name = hashlib.sha256(" ".join(packages).encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"voiceform-npm-{os.getuid()}-{name}"
    if folder.is_dir():
        return folder
    making = Path(tempfile.mkdtemp(prefix="voiceform-npm-"))
    subprocess.run(
        [
            "npm",
            "install",
            "--silent",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--prefix",
            making,
            *packages,
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    try:
        making.rename(folder)
    except OSError:
        shutil.rmtree(making)
    return folder
