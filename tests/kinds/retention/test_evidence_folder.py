"""A folder of evidence belongs to one run at a time, or takes none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from voiceform.kinds.retention.evidence.folder import Folder
from voiceform.model.errors import EvidenceError


def test_one_run_has_it(tmp_path: Path) -> None:
    first, second = Folder(tmp_path / "evidence"), Folder(tmp_path / "evidence")
    first.claim()
    with pytest.raises(EvidenceError, match="another run"):
        second.claim()
    first.release()
    second.claim()
    second.release()


def test_a_system_without_locks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with pytest.raises(EvidenceError, match="no locks") as caught:
        Folder(tmp_path / "evidence").claim()
    assert "object store" in (caught.value.hint or "")
    assert not (tmp_path / "evidence").exists()
