"""`python -m voiceform`."""

from voiceform.cli import run

run()
