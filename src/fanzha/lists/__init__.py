"""What stands, as the wires ask for it: lists of numbers, senders, names, addresses and apps."""
