"""Subscribers: whether a phone line serves fraud, from its aggregated use and whom it touches."""
