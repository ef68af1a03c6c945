"""Marks what detection said of a simulated city against the truth about it."""
