"""The event log on a broker that speaks Kafka's protocol."""
