"""Both ends of a text wire for the benchmark: an ESME with a window, a centre that answers."""
