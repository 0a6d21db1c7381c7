"""The wheel is whole: it works in an empty environment, schemas and examples included."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = "voiceform/_data/schemas/"
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "schemas", "examples", "voiceform")
"""What a wheel is made of; the container copies these."""


def files_below(folder: Path) -> set[Path]:
    """The files of a kit, without what Python leaves beside them."""
    files = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    assert files
    return {path for path in files if path.suffix != ".pyc"}


def run(*command: str | Path, cwd: Path) -> str:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    result = subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result.stdout


def test_the_wheel_works_in_an_empty_environment(tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, sources / name)
        else:
            shutil.copy(ROOT / name, sources)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path / "dist")]
    run(*build, cwd=sources)
    (wheel,) = (tmp_path / "dist").glob("voiceform-*.whl")
    environment = tmp_path / "environment"
    venv.create(environment)
    python = environment / "bin" / "python"
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    run(*pip, "install", "--quiet", "--no-compile", wheel, cwd=tmp_path)

    voiceform = environment / "bin" / "voiceform"
    with zipfile.ZipFile(wheel) as packed:
        shipped = {name.removeprefix(DATA) for name in packed.namelist() if name.startswith(DATA)}
    assert shipped == {path.name for path in (ROOT / "schemas").iterdir() if path.is_file()}
    schema = json.loads(run(voiceform, "schema", "config", cwd=tmp_path))
    assert "queues" in schema["properties"]
    (tmp_path / "voiceform.yaml").write_text("version: 1\nqueues: {support: {max_size: 10}}\n")
    assert "valid" in run(voiceform, "validate", cwd=tmp_path)
    assert run(python, "-m", "voiceform", "--version", cwd=tmp_path).startswith("voiceform, version ")
    for ci in ("github", "gitlab"):
        run(voiceform, "init", ci, "--ci", ci, cwd=tmp_path)
        kit = ROOT / "voiceform" / "cli" / "scaffold" / ci
        assert all((tmp_path / ci / file).exists() for file in files_below(kit))
    page = run(
        voiceform,
        "-f",
        "voiceform.yaml",
        "plan",
        "--base",
        "voiceform.yaml",
        "--format",
        "html",
        cwd=tmp_path,
    )
    assert page.lower().startswith("<!doctype html>")
    names = "from importlib.metadata import entry_points as found; print(*found(group='pytest11').names)"
    assert (
        "voiceform"
        in run(python, "-c", f"import voiceform; voiceform.Stack(); {names}", cwd=tmp_path).split()
    )
    refused = subprocess.run(
        [voiceform, "emulator"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1
    assert "pip install 'voiceform[emulator]'" in refused.stderr


def test_the_version_is_shown_without_the_heavy_libraries() -> None:
    code = (
        "import sys; from voiceform.cli import main; main(['--version']);"
        "heavy = {'requests', 'deepdiff', 'jsonschema', 'yaml', 'rich'} & set(sys.modules);"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    run(sys.executable, "-c", code, cwd=ROOT)
