"""What happened, as received: the eight streams, the door they pass, what is refused and why."""
