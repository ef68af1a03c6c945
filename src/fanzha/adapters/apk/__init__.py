"""Reads APKs in a process of its own with limits; hands over facts, never content."""
