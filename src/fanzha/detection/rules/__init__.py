"""Rules of the workshop: SQL conditions over published names, checked, completed and counted."""
