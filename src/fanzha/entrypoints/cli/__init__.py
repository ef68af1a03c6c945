"""The command `fanzha`."""
