"""The law as tables: who may do what in which state, under which clock and article."""
