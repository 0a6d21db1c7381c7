"""The JSON Schemas that are shipped with the program: the source of truth for every file format."""

from __future__ import annotations

from voiceform.model.errors import UsageError
from voiceform.model.resource_files import data_folder

_SUFFIX = ".schema.json"


def schema_names() -> tuple[str, ...]:
    """The names of all schemas, sorted: `config`, `evidence`, ..."""
    found = (entry.name for entry in data_folder("schemas").iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in found if name.endswith(_SUFFIX)))


def schema_text(name: str) -> str:
    """The text of one schema; raises UsageError, naming those that exist, for any other name."""
    if name not in schema_names():
        raise UsageError(
            f"there is no schema named {name!r}", hint=f"the schemas are: {', '.join(schema_names())}"
        )
    return data_folder("schemas").joinpath(name + _SUFFIX).read_text(encoding="utf-8")
