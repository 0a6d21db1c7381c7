"""Recordings: they appear when something is recorded, and can only be read and deleted."""
