"""The HTTP API and the console's server."""
