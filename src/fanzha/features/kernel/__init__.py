"""Machine code of the windows: an index by key, and rows with their ring of panes."""
