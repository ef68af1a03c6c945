"""What a demo shows on the wires: measures that stand, and somebody who runs into them."""
