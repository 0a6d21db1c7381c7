"""Evidence: who deleted what, when, why, and that nobody changed the account of it afterwards."""
