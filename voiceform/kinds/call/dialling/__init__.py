"""From what is due to the request: verdicts, pace, do-not-call lists, and the only code that dials."""
