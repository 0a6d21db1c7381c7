"""When calls are due: schedules, their zones and local times, and the hours in which people may be phoned."""
