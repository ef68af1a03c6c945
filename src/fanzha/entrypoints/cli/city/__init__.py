"""`fanzha city`: the invented city, as files, as a stream, and what a centre found of it."""
