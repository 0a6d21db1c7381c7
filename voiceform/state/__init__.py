"""Recorded state: document stores, the lease that guards them, and the documents in them."""
