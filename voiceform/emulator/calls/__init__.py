"""Calls: placed, ringing, answered, ended; see ``numbers`` for how the number called decides which."""
