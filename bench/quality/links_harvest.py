"""Full ordinary addresses as a stand-in: links that lie in the packages installed on a machine.

`python -m bench.quality.links_harvest --out FOLDER` writes one list a source (`packages`: Python
and Node packages, `debian`: what the system brings). `packages` is what
`detection/link/ranking/ordinary_paths.txt.gz` was made from (`--paths FILE`, paths without hosts);
`debian` is never trained on and is what full addresses are measured against.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from fanzha.detection.link.v1.address import ADDRESS, FLAGS, HOST_END, OWN, VALID
from fanzha.detection.link.v1.tables import load_tables

_LINK = re.compile(rb"https?://[^\s<>\"'`\[\]()|\\{}*,;\x00-\x1f\x7f-\xff]+")
_PATH = re.compile(r"https?://[^/?#]+/(.+)")
_TEXT = {
    ".md",
    ".rst",
    ".txt",
    ".py",
    ".pyi",
    ".js",
    ".ts",
    ".mjs",
    ".cjs",
    ".html",
    ".json",
    ".h",
    ".c",
}
_LARGEST = 30_000_000
_A_SITE = 20


def _packages(path: Path) -> bool:
    return path.name in ("METADATA", "PKG-INFO") or path.suffix in _TEXT


SOURCES: dict[str, tuple[tuple[str, ...], Callable[[Path], bool]]] = {
    "packages": ((os.path.dirname(os.__file__), *sys.path, "/usr/lib/node_modules"), _packages),
    "debian": (("/usr/share/doc", "/usr/share/man", "/usr/share/info", "/usr/share/perl", "/etc",
                "/usr/share", "/var/lib/dpkg", "/var/lib/apt"), lambda _: True),
}  # fmt: skip


def harvest(source: str) -> list[str]:
    """Each link of a source once, in order; those that stand in the other sources too are left."""
    roots, wanted = SOURCES[source]
    found: set[str] = set()
    for data in _files(roots, wanted):
        found.update(link.decode().rstrip(".:!?'") for link in _LINK.findall(data))
    return sorted(found)


def few_a_site(links: list[str], most: int = _A_SITE) -> list[str]:
    """Links with a path on a named host, at most so many of a registered name."""
    taken = load_tables(_policies()).names.take_apart(links)
    of_site: dict[str, int] = {}
    kept = []
    for row, link in enumerate(links):
        flags = taken.parts[row, FLAGS]
        if not flags & VALID or flags & ADDRESS or not _PATH.match(link) or link.count("%") > 6:
            continue
        site = taken.text(row, OWN, HOST_END)
        of_site[site] = of_site.get(site, 0) + 1
        if of_site[site] <= most:
            kept.append(link)
    return kept


def paths_of(links: list[str]) -> list[str]:
    """The paths, without hosts; those with an address of a person are left out."""
    found = (match[1].partition("#")[0][:160] for match in map(_PATH.match, links) if match)
    return sorted({path for path in found if path and "@" not in path})


def _files(roots: tuple[str, ...], wanted: Callable[[Path], bool]) -> Iterator[bytes]:
    for root in roots:
        for folder, _, names in os.walk(root):
            for path in (Path(folder) / name for name in names):
                try:
                    if path.is_symlink() or not wanted(path) or path.stat().st_size > _LARGEST:
                        continue
                    data = path.read_bytes()
                    yield gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
                except (OSError, EOFError, ValueError):
                    continue


def _policies() -> Path:
    return Path(__file__).resolve().parents[2] / "policies" / "detection"


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="folder for one list a source")
    parser.add_argument("--paths", type=Path, help="write the paths of `packages`, gzip")
    asked = parser.parse_args()
    lists = {source: few_a_site(harvest(source)) for source in SOURCES}
    for source, links in lists.items():
        sys.stdout.write(f"{source}: {len(links):,} links\n")
        if asked.out:
            asked.out.mkdir(parents=True, exist_ok=True)
            (asked.out / f"{source}.txt").write_text("\n".join(links) + "\n", encoding="utf-8")
    if asked.paths:
        text = "\n".join(paths_of(lists["packages"])) + "\n"
        with open(asked.paths, "wb") as file:
            file.write(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
