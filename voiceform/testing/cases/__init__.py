"""Tests of a stack in YAML, `*.voiceform.yaml`: read, run about an emulated account, compared."""
