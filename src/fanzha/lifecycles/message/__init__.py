"""A message to a person: decided in the same commit as its warning, sent afterwards."""
