"""Speaking with the person: scripts by scam type."""
