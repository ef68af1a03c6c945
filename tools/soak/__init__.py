"""Long campaigns of faults and fuzz: `python -m tools.soak`, results in docs/reliability.md."""
