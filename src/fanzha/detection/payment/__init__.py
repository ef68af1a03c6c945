"""Payments by card: each is scored from what came before it, with outcomes known days later."""
