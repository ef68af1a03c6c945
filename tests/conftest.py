"""Makes `src` importable without an installed package, and the shared fixtures known to all."""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import settings

_ROOT = Path(__file__).resolve().parent.parent
for _folder in (str(_ROOT / "src"), str(_ROOT)):
    if _folder not in sys.path:
        sys.path.insert(0, _folder)

pytest_plugins = ("tests.fixtures",)

# No test asserts how long something takes.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
