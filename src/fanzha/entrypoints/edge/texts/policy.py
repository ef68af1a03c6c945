"""What the text firewall refuses, records and answers: `policies/wires/texts.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fanzha.adapters.smpp.firewall.joining import Bounds
from fanzha.adapters.smpp.firewall.settings import Judging
from fanzha.errors import Misconfigured, policy_reader
from fanzha.lists.form import Effect
from fanzha.ports.text_wire import Ground, Verdict

__all__ = ["FILE", "TextPolicy", "load_text_policy"]

FILE = Path("wires") / "texts.yaml"
_LOGIN = ("away", "unbound", "unknown", "password")
_ACTS = {"refuse": True, "record": False}


@dataclass(frozen=True, slots=True)
class TextPolicy:
    """`lists`: whether an entry's effect refuses (else it records). `status`: by dialect and by
    ground or state of a login; `own`: an account's own, by ground."""

    version: str
    refuse_from: float
    record_from: float
    lists: Mapping[Effect, bool]
    status: Mapping[str, Mapping[str, int]]
    own: Mapping[str, Mapping[str, int]]
    parts: Bounds
    judging: Judging
    basis: str
    octets_max: int

    def answer(self, dialect: str, account: str, verdict: Verdict) -> int:
        """What the sender of a refused text is told."""
        ground = verdict.ground.value
        return self.own.get(account, {}).get(ground) or self.status[dialect][ground]


@policy_reader
def load_text_policy(path: Path) -> TextPolicy:
    """Misconfigured where the file says something else than it may."""
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    _keys(data, "version", "in_force_on", "words", "lists", "status", "accounts", "parts",
          "judging", "record")  # fmt: skip
    words, parts = data["words"], data["parts"]
    _keys(words, "refuse_from", "record_from")
    if not 0 < words["record_from"] <= words["refuse_from"] <= 1:
        raise _bad("words", "0 < record_from <= refuse_from <= 1")
    _keys(data["lists"], "refuse", "warn", "label")
    _keys(parts, "texts", "characters", "keep_s")
    _keys(data["judging"], "slow_s", "slow_calls", "rest_s")
    _keys(data["record"], "basis", "octets_max")
    _keys(data["status"], "smpp", "cmpp")
    for one in data["status"].values():
        _keys(one, *Ground, *_LOGIN)
        _statuses(one)
    for one in data["accounts"].values():
        if not set(one) <= set(Ground):
            raise _bad("accounts", f"each has some of {', '.join(Ground)}")
        _statuses(one)
    judging = data["judging"]
    return TextPolicy(
        version=str(data["version"]),
        refuse_from=float(words["refuse_from"]),
        record_from=float(words["record_from"]),
        lists={Effect[name.upper()]: _ACTS[act] for name, act in data["lists"].items()},
        status=data["status"],
        own=data["accounts"],
        parts=Bounds(
            _at_least(parts["texts"], 1), _at_least(parts["characters"], 70), float(parts["keep_s"])
        ),
        judging=Judging(
            float(judging["slow_s"]),
            _at_least(judging["slow_calls"], 1),
            float(judging["rest_s"]),
        ),
        basis=str(data["record"]["basis"]),
        octets_max=_at_least(data["record"]["octets_max"], 1),
    )


def _keys(found: Mapping[str, Any], *wanted: str) -> None:
    if set(found) != set(wanted):
        raise _bad(", ".join(sorted(set(found) ^ set(wanted))), "exactly the keys that it may have")


def _statuses(found: Mapping[str, Any]) -> None:
    for name, value in found.items():
        if not isinstance(value, int) or not 0 < value < 1 << 32:
            raise _bad(name, "a status is a whole number above 0")


def _at_least(value: object, least: int) -> int:
    if not isinstance(value, int) or value < least:
        raise _bad(str(value), f"a whole number from {least}")
    return value


def _bad(field: str, what: str) -> Misconfigured:
    return Misconfigured(
        "text_policy_invalid",
        zh=f"短信防火墙政策文件有误：{what}",
        en=f"the policy of the text firewall is wrong: {what}",
        field=field,
    )
