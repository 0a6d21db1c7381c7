from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module",
    ["errors", "resources", "credentials", "parameters", "client", "operations", "retry", "transport"],
)
def test_importing_it_does_not_import_requests(module: str) -> None:
    code = (
        f"import sys, voiceform.twilio.{module} as _; print({{'requests', 'urllib3'}} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_without_a_proxy_nothing_that_reads_proxies_is_imported() -> None:
    code = (
        "import sys\nfrom voiceform.twilio.roads import Road, Trust\n"
        "Road('https://api.twilio.com', Trust(), 1)\nprint({'requests', 'urllib3'} & sys.modules.keys())"
    )
    environ = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**environ, "NO_PROXY": "example.com"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "set()"
