"""Account detection, first version: windows over accounts, pairs and devices; signals as data."""
