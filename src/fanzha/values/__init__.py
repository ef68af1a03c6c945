"""Identifiers as values: parsed once at the door, one normal form, one mask."""
