"""How text v1 reads and remembers, from `policies/text/reading.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from fanzha.errors import Misconfigured, policy_reader

__all__ = ["READING_FILE", "ReadingPolicy"]

READING_FILE = "reading.yaml"


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

    @classmethod
    @policy_reader
    def load(cls, path: Path) -> ReadingPolicy:
        """Read and check; unknown keys are refused."""
        data = _exactly(_read(path), path.name, "version", "in_force_on", "prior", "remember",
                        "memory")  # fmt: skip
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
        )


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
