"""Processes that answer wires inline: calls, texts, names."""
