"""The lifecycle of a rule's version: drafted, replayed, in shadow, submitted, live, rolled back."""
