"""Several scorers of one log that share out the windows and act as one."""
