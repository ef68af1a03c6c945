"""`fanzha rules`: on files, and on a centre."""
