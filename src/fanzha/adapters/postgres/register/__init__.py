"""The register of measures in PostgreSQL."""
