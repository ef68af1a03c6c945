"""NATS JetStream as the event log, its server as a child process, and the door for feeders."""
