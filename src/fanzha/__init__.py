"""fanzha (反诈): the anti-scam centre that anyone can run."""

__version__ = "0.1.0"
