"""Figures of quality: what standard tools reach, and ours beside them on the same rows."""
