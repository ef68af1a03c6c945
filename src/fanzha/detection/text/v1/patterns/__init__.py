"""Patterns of steps: their language, the machine they become, and how it reads a text."""
