"""npm packages for tests, installed once into a temporary folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.services import require_programs


def npm_packages(*packages: str) -> Path:
    """The folder in which `packages` (`name@version`) are installed; skips (in CI: fails) without npm.

    The folder is put in place whole, so processes that install at the same time do not disturb each other.
    """
    require_programs("node", "npm")
    name = hashlib.sha256(" ".join(packages).encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"voiceform-npm-{os.getuid()}-{name}"
    if folder.is_dir():
        return folder
    making = Path(tempfile.mkdtemp(prefix="voiceform-npm-"))
    quiet = ("--silent", "--no-audit", "--no-fund", "--ignore-scripts")
    command = ["npm", "install", *quiet, "--prefix", str(making), *packages]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    try:
        making.rename(folder)
    except OSError:
        shutil.rmtree(making)
    return folder
