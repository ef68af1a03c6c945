"""A rule as a YAML file: read with care, written so that it can be edited and read again."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from fanzha.detection.rules.rule import RuleText
from fanzha.errors import Refused

__all__ = ["read_rule", "written"]

_NEEDED = ("id", "channel", "when", "score", "title_zh", "title_en", "zh", "en")
_KEYS = (*_NEEDED, "scam_type", "stage")
_LARGEST, _DEPTH = 64 << 10, 4
"""Bytes of a rule file, and how deep it may nest."""


class _Loader(yaml.SafeLoader):
    """Plain YAML without anchors, whose aliases can make little text stand for much."""

    _deep = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """As the safe loader does. Raises `ValueError` for an anchor, an alias, deep nesting."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if self._deep > _DEPTH or getattr(event, "anchor", None) is not None:
            raise ValueError
        self._deep += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._deep -= 1


class _Lines(str):
    """Text that stays in its lines in a file."""


class _Dumper(yaml.SafeDumper):
    """Plain YAML, conditions as they were written."""


_Dumper.add_representer(
    _Lines, lambda d, lines: d.represent_scalar("tag:yaml.org,2002:str", str(lines), style="|")
)


def read_rule(source: str) -> RuleText:
    """From a path, `-` for standard input. Refused where it is no rule file; what the rule says is
    checked elsewhere."""
    try:
        with sys.stdin.buffer if source == "-" else Path(source).open("rb") as file:
            given = file.read(_LARGEST + 1)
        if len(given) > _LARGEST:
            raise ValueError
        data = yaml.load(given.decode("utf-8"), Loader=_Loader)  # noqa: S506  (a safe one)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise Refused(
            "file_unreadable", zh="规则文件读不懂", en="the rule file cannot be read",
            field=Path(source).name,
        ) from error  # fmt: skip
    if not isinstance(data, dict):
        raise Refused(
            "rule_invalid",
            zh=f"规则文件须有 {'、'.join(_NEEDED)}，可有 scam_type、stage",
            en=f"a rule file has {', '.join(_NEEDED)}, and may have scam_type, stage",
        )
    lacking = [key for key in _NEEDED if key not in data]
    strange = [str(key)[:60] for key in data if key not in _KEYS]
    if lacking or strange:
        raise Refused(
            "rule_invalid",
            zh="；".join(
                [f"缺少 {'、'.join(lacking)}"] * bool(lacking)
                + [f"没有这样的字段：{'、'.join(strange)}"] * bool(strange)
            ),
            en="; ".join(
                [f"it lacks {', '.join(lacking)}"] * bool(lacking)
                + [f"there is no field {', '.join(strange)}"] * bool(strange)
            ),
        )
    for key, value in data.items():
        if isinstance(value, list | dict | set | bytes) or (value is None and key in _NEEDED):
            raise Refused("rule_invalid", zh="须是一个值", en="must be one value", field=key)
    words: dict[str, Any] = {
        k: v if k == "score" or v is None else str(v).rstrip("\n") for k, v in data.items()
    }
    score = words["score"]
    if isinstance(score, bool) or not isinstance(score, int | float) or not math.isfinite(score):
        raise Refused("rule_invalid", zh="评分是数", en="the score is a number", field="score")
    return RuleText(**words)


def written(text: Mapping[str, Any]) -> str:
    """A stored rule as such a file."""
    plain = {k: text[k] for k in _KEYS if text.get(k) is not None}
    plain["when"] = _Lines(str(plain["when"]))
    return yaml.dump(plain, Dumper=_Dumper, allow_unicode=True, sort_keys=False).rstrip()
