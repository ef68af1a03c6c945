"""Files of the past down the road of live events."""
