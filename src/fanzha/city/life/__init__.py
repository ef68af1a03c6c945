"""Everyday life in the city: calls, texts, the network, money, the registry."""
