"""The text firewall between senders and a centre: frames untouched, but for the refused."""
