"""voiceform with a lock that outlives its process by some seconds only.

usage: python -m tests.hostile.short_lease SECONDS ARGUMENT...
"""

from __future__ import annotations

import sys
from datetime import timedelta

from voiceform.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], lease_ttl=timedelta(seconds=float(sys.argv[1]))))
