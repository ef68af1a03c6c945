"""Makes `src` importable without an installed package, and the shared fixtures known to all."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

_ROOT = Path(__file__).resolve().parent.parent
for _folder in (str(_ROOT / "src"), str(_ROOT)):
    if _folder not in sys.path:
        sys.path.insert(0, _folder)

pytest_plugins = ("tests.fixtures",)

# No test asserts how long something takes. The suite tries the same examples every time, so that
# it says the same of the same code; TEST_RANDOM=1 looks for new ones.
settings.register_profile(
    "same", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("random", deadline=None, print_blob=True)
settings.load_profile("random" if os.environ.get("TEST_RANDOM") else "same")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first, so that the suite does not end waiting for one of them."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
