"""App detection, first version: kinds of apps by a list, acts seen beside a running call."""
