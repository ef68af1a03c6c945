"""A fraud warning about one person, from its issue to the archive (domain E2; ATNFL art. 34)."""
