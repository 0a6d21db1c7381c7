"""What a rule or a hold is about, and whether a recording or a call meets it; unknown is an answer."""
