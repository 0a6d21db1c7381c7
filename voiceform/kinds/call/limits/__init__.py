"""How often one person is called: limits over all schedules of a state, and the counters that they read."""
