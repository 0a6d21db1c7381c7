"""How a call is placed, for schedules and for participants of conferences alike."""
