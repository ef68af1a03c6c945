"""What the history of a key says: windowed features, declared once, computed by one kernel."""
