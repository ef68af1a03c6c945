"""The text channel: what a message says, by version of the detector."""
