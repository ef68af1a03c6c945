"""Names and addresses that people open."""
