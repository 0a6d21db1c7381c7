"""Participants: people in a conference; adding one phones them."""
