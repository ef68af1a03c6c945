"""Calls: what goes with a refused one and with one of ours. Kamailio speaks the protocol."""
