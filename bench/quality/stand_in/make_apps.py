"""Makes apps.jsonl: a stand-in for labelled manifest facts of apps, which no set at hand has.

    python -m bench.quality.stand_in.make_apps bench/quality/stand_in/apps.jsonl

Every row is drawn from `kinds_of_apps.yaml`, which says what is publicly known of kinds of apps:
what they ask for, which levels they are made for, how they are named. Packages of well-known
ordinary apps are real, their permissions and versions approximate; malicious apps are invented in
the likeness of public reports. `half` is by kind, so that no kind is on both sides: A may be looked
at, B is for figures. Whoever wrote the weights wrote these rows too: figures on them say that the
tables do what they were meant to do, and no more.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import sys
from pathlib import Path
from typing import Any

import yaml

KINDS = Path(__file__).with_name("kinds_of_apps.yaml")
EACH = 6
"""Rows drawn of a kind at least; names are used in turn."""


def rows() -> list[dict[str, Any]]:
    """All rows, the same each time."""
    chance = random.Random(20261101)
    held = yaml.safe_load(KINDS.read_text(encoding="utf-8"))
    out = []
    for kind in held["kinds"]:
        code = kind["code"]
        side = "A" if hashlib.sha256(code.encode()).digest()[0] % 2 else "B"
        for n in range(max(EACH, len(kind["names"]))):
            label, package = kind["names"][n % len(kind["names"])].split("|")
            asked = _spelt(kind["always"], held["bundles"])
            often = _spelt(kind.get("often", ""), held["bundles"])
            asked += [one for one in often if chance.random() < 0.5]
            if not kind["malicious"] and chance.random() < 0.4:
                asked.append(f"{package}.DYNAMIC_RECEIVER_NOT_EXPORTED_PERMISSION")
            low, high = chance.choice(kind["levels"])
            full = [p if "." in p else f"android.permission.{p}" for p in dict.fromkeys(asked)]
            out.append(
                {
                    "id": f"{code}-{n + 1}",
                    "package": package,
                    "label": label,
                    "version": chance.choice(kind["versions"]),
                    "min_sdk": low,
                    "target_sdk": high,
                    "permissions": full,
                    "malicious": int(kind["malicious"]),
                    "kind": code,
                    "half": side,
                }
            )
    return out


def _spelt(text: str, bundles: dict[str, str]) -> list[str]:
    return re.sub(r"\$(\w+)", lambda found: bundles[found[1]], text).split()


if __name__ == "__main__":
    made = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows())
    Path(sys.argv[1]).write_text(made, encoding="utf-8")
