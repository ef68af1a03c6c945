"""The register over HTTP: measures and appeals, the lists that wires follow, the public door."""
