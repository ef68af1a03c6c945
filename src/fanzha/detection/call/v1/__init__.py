"""Call detection, first version: windows over numbers, pairs and devices; signals as data."""
