from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module", ["errors", "resources", "credentials", "parameters", "client", "operations", "retry"]
)
def test_importing_it_does_not_import_requests(module: str) -> None:
    code = f"import sys, voiceform.twilio.{module} as _; print('requests' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
