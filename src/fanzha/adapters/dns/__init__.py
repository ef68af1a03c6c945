"""Names on resolvers: response policy zones, served to them as any primary serves a zone."""
