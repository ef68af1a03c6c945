"""The workshop: rules drafted, rehearsed, shadowed, published by two, taken back by one."""
