"""Measures against numbers, senders, names, addresses, apps and accounts; and appeals."""
