"""The world outside, one folder a neighbour: each keeps its dialect to itself."""
