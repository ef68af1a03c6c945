"""How text v1 reads and remembers, from `policies/text/reading.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from fanzha.errors import Misconfigured, policy_reader

__all__ = ["READING_FILE", "CampaignPolicy", "ReadingPolicy", "SecondPolicy"]

READING_FILE = "reading.yaml"


@dataclass(frozen=True, slots=True)
class SecondPolicy:
    """When the sentence encoder is asked about a text of a stream."""

    unsure: tuple[float, float]
    """Scores of the first stage between which it is."""
    say: float
    """How far its answer moves the first's, in log-odds: 0 not at all, 1 all the way."""
    ahead: int
    """Places that a quiet stream may save up."""
    kept: int
    """Texts whose answer is kept for those that are the same."""
    reasons_from: float
    """Score from which an answer's reasons are kept with it."""


@dataclass(frozen=True, slots=True)
class CampaignPolicy:
    """Which texts of a stream are counted together. `suspect` and `doubt` are scores of the words
    at even odds from which a text is suspected, and from which nobody can vouch for it."""

    suspect: float
    doubt: float
    clusters: int
    quiet_ms: int


@dataclass(frozen=True, slots=True)
class ReadingPolicy:
    """Priors in log-odds, the score from which texts are remembered, bounds of memory."""

    version: str
    prior: tuple[float, float]
    """Of messages and of transcripts."""
    remember: float
    thread_ms: int
    threads: int
    senders: int
    second: SecondPolicy
    campaigns: CampaignPolicy

    @classmethod
    @policy_reader
    def load(cls, path: Path) -> ReadingPolicy:
        """Read and check; unknown keys are refused."""
        data = _exactly(_read(path), path.name, "version", "in_force_on", "prior", "remember",
                        "memory", "second_stage", "campaigns")  # fmt: skip
        if not isinstance(data["in_force_on"], date):
            raise _bad("in_force_on", "is not a date")
        prior = _exactly(data["prior"], "prior", "message", "transcript")
        memory = _exactly(data["memory"], "memory", "thread_hours", "threads", "senders")
        return cls(
            version=str(data["version"]),
            prior=tuple(_number(prior[k], k, -20, 20) for k in ("message", "transcript")),  # type: ignore[arg-type]
            remember=_number(data["remember"], "remember", 0, 1),
            thread_ms=int(_number(memory["thread_hours"], "thread_hours", 1, 720) * 3_600_000),
            threads=int(_number(memory["threads"], "threads", 1, 10_000_000)),
            senders=int(_number(memory["senders"], "senders", 1, 10_000_000)),
            second=_second(data["second_stage"]),
            campaigns=_campaigns(data["campaigns"]),
        )


def _second(data: Any) -> SecondPolicy:
    keys = ("unsure", "say", "ahead", "kept", "reasons_from")
    data = _exactly(data, "second_stage", *keys)
    if not isinstance(data["unsure"], list) or len(data["unsure"]) != 2:
        raise _bad("unsure", "needs a lower and an upper score")
    low, high = (_number(one, "unsure", 0, 1) for one in data["unsure"])
    if low >= high:
        raise _bad("unsure", "needs the lower score first")
    return SecondPolicy(
        (low, high), _number(data["say"], "say", 0, 1),
        int(_number(data["ahead"], "ahead", 1, 1_000)),
        int(_number(data["kept"], "kept", 1, 1_000_000)),
        _number(data["reasons_from"], "reasons_from", 0, 1),
    )  # fmt: skip


def _campaigns(data: Any) -> CampaignPolicy:
    data = _exactly(data, "campaigns", "suspect", "doubt", "clusters", "quiet_hours")
    return CampaignPolicy(
        _number(data["suspect"], "suspect", 0, 1), _number(data["doubt"], "doubt", 0, 1),
        int(_number(data["clusters"], "clusters", 8, 1_000_000)),
        int(_number(data["quiet_hours"], "quiet_hours", 1, 720) * 3_600_000),
    )  # fmt: skip


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise _bad(path.name, f"cannot be read: {type(error).__name__}") from error


def _exactly(data: Any, where: str, *keys: str) -> dict[str, Any]:
    if not isinstance(data, dict) or set(data) != set(keys):
        raise _bad(where, f"needs {sorted(keys)} and nothing else")
    return data


def _number(value: Any, where: str, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise _bad(where, f"needs a number from {low:g} to {high:g}")
    return float(value)


def _bad(field: str, what: str) -> Misconfigured:
    return Misconfigured(
        "text_reading_invalid",
        zh=f"文本判读策略有误：{what}",
        en=f"the policy for reading texts is wrong: {what}",
        field=field,
    )
