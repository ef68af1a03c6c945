"""Fusion, first version: weighted evidence over an episode."""
