"""Publicity that fits: what may be told of groups."""
