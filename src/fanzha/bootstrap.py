"""Settings become a wired centre: the only file that chooses implementations."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from fanzha.lifecycles.actor import Unit
from fanzha.lifecycles.warning.policy import load_clocks, load_grades
from fanzha.settings import Settings
from fanzha.usecases.warning.policies import WarningPolicies
from fanzha.usecases.warning.tiers import Tiers
from fanzha.usecases.warning.wording import Wording


def utc_now() -> datetime:
    """The wall clock, for entry points; inner layers are handed an instant."""
    return datetime.now(UTC)


def warning_policies(settings: Settings, units: list[Unit]) -> WarningPolicies:
    """The dated policies of warnings, over these tiers."""
    folder = settings.policies / "warning"
    wording = Wording.load(settings.policies / "wording" / "warning_sms.yaml")
    return WarningPolicies(
        grades=load_grades(folder / "grading.yaml"),
        clocks=load_clocks(folder / "clocks.yaml"),
        wording=wording.text,
        tiers=Tiers(units),
    )


def units_file(settings: Settings) -> Path:
    """The tiers of this installation: the invented city's unless another file is set."""
    return settings.units or settings.policies / "units" / "qinglan.yaml"
