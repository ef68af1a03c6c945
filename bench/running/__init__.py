"""How figures are found, run, and put on the page."""
