"""Feed one reader for as long as one likes, led by what the code does with each input:

    python -m tests.fuzz.long TARGET [options of libFuzzer]

with `pip install atheris` (CPython on Linux). It ends with what it finds, or with `-runs=N` or
`-max_total_time=N`; what it found belongs into the corpus, as small as it gets.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory


def main() -> int:
    """Run libFuzzer over a target."""
    if find_spec("atheris") is None:
        sys.stderr.write("atheris is not installed: pip install atheris (make fuzz does without)\n")
        return 64
    import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]

    with atheris.instrument_imports(include=["voiceform"]):
        from tests.fuzz.inputs import kept
        from tests.fuzz.targets import TARGETS

    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.stderr.write(f"name one of: {', '.join(TARGETS)}\n")
        return 64
    name = sys.argv[1]
    with TemporaryDirectory() as grown:
        for number, content in enumerate(kept(name)):
            (Path(grown) / f"kept-{number}").write_bytes(content)
        atheris.Setup([sys.argv[0], *sys.argv[2:], grown], TARGETS[name])
        atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
