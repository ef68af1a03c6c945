"""Scams planted in the city: gangs and their tools, victims, steps, and where the money goes."""
