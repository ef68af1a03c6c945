"""One person's findings, from every channel, as one risk."""
