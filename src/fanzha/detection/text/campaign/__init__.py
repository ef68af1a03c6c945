"""Campaigns: the same text in many writings, from many senders, to many people."""
