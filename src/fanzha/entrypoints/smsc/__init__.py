"""The local message centre as a process."""
