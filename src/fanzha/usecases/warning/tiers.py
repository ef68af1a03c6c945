"""The tree of centres: read from a file, asked by code, walked up and down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from fanzha.errors import Misconfigured, policy_reader
from fanzha.lifecycles.actor import Level, Scope, Unit


class Tiers:
    """The tree of centres, by code."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self.by_code: Mapping[str, Unit] = {u.code: u for u in units}
        roots = [u for u in units if u.level is Level.NATION]
        if len(roots) != 1:
            raise _bad("there must be exactly one nation at the top", "最高中心必须有且只有一个")
        self.root = roots[0]

    def parent(self, unit: Unit) -> Unit:
        """The centre one tier above; the root is its own."""
        for code in reversed(unit.path[: max(0, unit.level.depth - 1)]):
            if code is not None and code in self.by_code:
                return self.by_code[code]
        return self.root

    def below(self, scope: Scope, level: Level) -> list[Unit]:
        """Units of one level inside a scope, by code."""
        return sorted(
            (u for u in self.by_code.values() if u.level is level and u.within(scope)),
            key=lambda u: u.code,
        )

    def lowest(self, code: str | None) -> Unit:
        """The unit that a place code names, or the nearest one above it that exists.

        Codes nest in GB/T 2260 style: province and city are six digits ending in zeros, a branch
        six digits, a station nine, a post twelve.
        """
        if code is None:
            return self.root
        tries = (code, code[:9], code[:6], code[:4] + "00", code[:2] + "0000")
        return next((self.by_code[c] for c in tries if c in self.by_code), self.root)


@policy_reader
def load_units(path: Path) -> list[Unit]:
    """Read the tiers, parents first; a parent that is missing or not above is refused."""
    found: dict[str, Unit] = {}
    for item in yaml.safe_load(path.read_text(encoding="utf-8")):
        if unknown := set(item) - {"code", "level", "parent", "zh", "en"}:
            raise _bad(f"unknown keys {sorted(unknown)}", f"不认识的键 {sorted(unknown)}")
        level = Level(item["level"])
        parent = found.get(str(item.get("parent")))
        if (level is Level.NATION) != (parent is None):
            raise _bad(f"{item['code']} has no parent before it", f"{item['code']} 缺少上级")
        path_: list[str | None] = list(parent.path) if parent else [None] * 5
        if parent is not None:
            if parent.level.depth >= level.depth:
                raise _bad(f"{item['code']} stands above its parent", f"{item['code']} 层级颠倒")
            path_[level.depth - 1] = str(item["code"])
        province, city, branch, station, post = path_
        unit = Unit(
            code=str(item["code"]),
            level=level,
            zh=item["zh"],
            en=item["en"],
            path=(province, city, branch, station, post),
        )
        found[unit.code] = unit
    if not found:
        raise _bad("there are none", "一个也没有")
    return sorted(found.values(), key=lambda u: (u.level.depth, u.code))


def _bad(en: str, zh: str) -> Misconfigured:
    return Misconfigured(
        "tiers_invalid", zh=f"机构层级有误：{zh}", en=f"the tiers are wrong: {en}", field="units"
    )
