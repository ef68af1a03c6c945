"""Small cities that the tests of this folder look at."""

from __future__ import annotations

from datetime import datetime

import pytest

from fanzha.city.behaviour import Behaviour
from fanzha.city.generate import City, default_behaviour, generate
from fanzha.values import instant

START: datetime = instant.parse("2026-03-02T00:00:00+08:00").at


def staged(an_hour: float = 80.0) -> Behaviour:
    """Everyday life with so many scams a 10,000 and hour that a small city sees every type."""
    plain = default_behaviour()
    scams = plain.scams.model_copy(
        update={"staged_per_10k_hour": an_hour, "staged_pace": 0.4, "quiet_hours": 1.0}
    )
    return plain.model_copy(update={"scams": scams})


@pytest.fixture(scope="session")
def city() -> City:
    """600 residents for a day, with scams of all types."""
    return generate(600, 1, 5, START, staged())
