"""Sealing with AES-GCM under keys in a file outside the database."""
