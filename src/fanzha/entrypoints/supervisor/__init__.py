"""The keeper of a centre on one machine: starts each process, mends what dies, ends them all."""
