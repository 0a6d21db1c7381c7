"""Deleting what a plan names: looked at again, copied, deleted, counted."""
