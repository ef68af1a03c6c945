"""The worker: sends what is in the outbox, lets clocks run out, keeps the house."""
