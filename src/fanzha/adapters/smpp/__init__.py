"""SMPP 3.4: a codec, a client for carriers' centres, a centre of our own that others bind to."""
