"""The unofficial corner under ``/_emulator/``: seeds, clock, faults, the request log and the inspector."""
