from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from voiceform.model.errors import UsageError
from voiceform.state.open import DEFAULT_URL, open_store


def test_a_relative_path_begins_at_the_base(tmp_path: Path) -> None:
    with open_store(DEFAULT_URL, base_dir=tmp_path) as store:
        store.put("key", {}, None)
    assert (tmp_path / ".voiceform/state.db").is_file()


def test_an_absolute_path_is_taken_as_it_is(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/there.db", base_dir=Path("/nonexistent")) as store:
        store.put("key", {}, None)
        assert store.label == f"{tmp_path}/there.db"
    assert (tmp_path / "there.db").is_file()


@pytest.mark.parametrize(
    "url", ["state.db", "redis://user:geheim@host/1", "user:geheim@host", "://", "SQLITE:///x"]
)
def test_an_unknown_scheme_names_the_known_ones(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_store(url, base_dir=tmp_path)
    message = str(caught.value)
    assert caught.value.exit_code == 64
    assert all(scheme in message for scheme in ("sqlite:///", "postgresql://", "s3://", "gs://", "az://"))
    assert "geheim" not in message


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:////", "sqlite://state.db"])
def test_a_sqlite_url_needs_a_path(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError, match="three slashes"):
        open_store(url, base_dir=tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:geheim@[host/db",
        "postgresql://user:geheim@host/db?sslmoder=x",
        "postgres://%zz:geheim@h",
    ],
)
def test_a_postgresql_url_that_is_wrong_is_not_shown(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_store(url, base_dir=tmp_path)
    assert "geheim" not in f"{caught.value}{caught.value.__cause__}"


@pytest.mark.parametrize(
    "url", ["s3://key:geheim@bucket/x", "gs://bucket?key=geheim", "az://", "s3://bucket#geheim"]
)
def test_a_bucket_url_holds_no_credentials(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError, match="nothing else") as caught:
        open_store(url, base_dir=tmp_path)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "module", "extra"),
    [("postgresql://host/db", "psycopg", "postgres"), ("s3://bucket/x", "obstore", "objectstore")],
)
def test_a_missing_driver_names_the_extra(url: str, module: str, extra: str) -> None:
    program = f"""
import sys
from pathlib import Path
sys.modules[{module!r}] = None
from voiceform.model.errors import MissingExtraError
from voiceform.state.open import open_store
try:
    open_store({url!r}, base_dir=Path("."))
except MissingExtraError as error:
    sys.stdout.write(str(error))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert f"pip install 'voiceform[{extra}]'" in done.stdout


def test_the_drivers_are_not_imported_for_a_file() -> None:
    program = """
import sys
from pathlib import Path
from voiceform.state.open import open_store
open_store("sqlite:///x.db", base_dir=Path("/nonexistent")).get("meta")
loaded = {"psycopg", "obstore", "jsonschema_rs", "jsonschema"} & set(sys.modules)
sys.stdout.write(",".join(sorted(loaded)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == ""
