"""How lists travel from a centre to its edges: packed, signed, over HTTP."""
