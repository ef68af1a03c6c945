"""State in PostgreSQL: warnings, deeds, the outbox, people who work here."""
