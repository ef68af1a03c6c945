"""A city whose clock is the wall clock, sent to a running centre as its events become due."""
