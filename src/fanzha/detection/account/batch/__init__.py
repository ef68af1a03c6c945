"""Batch scoring of accounts: a whole graph of transfers at once, amounts not needed."""
