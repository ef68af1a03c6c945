"""Link ranking: a trained number for any address, over its whole range, from its text alone."""
