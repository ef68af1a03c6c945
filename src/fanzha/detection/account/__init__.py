"""Transfers and accounts: money passed on for others, and the people who pay it."""
