"""Calls: suspected callers, and the people who pick up."""
