"""Measures link v1: `python -m fanzha.detection.link.v1.evaluate --data DIR [--mistakes]`."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from fanzha.detection.link.v1.address import CODE, FLAGS, HOST_END, OWN, PLATFORM, TAIL, VALID
from fanzha.detection.link.v1.channel import LinkChannel
from fanzha.detection.link.v1.names import NamesTable
from fanzha.detection.link.v1.sets import (
    ORDINARY,
    SCAM,
    bare_names,
    held_out,
    read_column,
)
from fanzha.detection.link.v1.tables import POLICIES, load_tables

__all__ = ["measure", "wilson"]

_Z = 1.959964
_LINK = re.compile(r"https?://[^\s<>\"'`\[\]()|\\{}*,;]+")


def wilson(hits: int, of: int) -> tuple[float, float]:
    """95 % interval of a share."""
    if of == 0:
        return 0.0, 1.0
    share, spread = hits / of, _Z * _Z / of
    middle = (share + spread / 2) / (1 + spread)
    half = _Z * ((share * (1 - share) / of + spread / 4 / of) ** 0.5) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def measure(data: Path, policies: Path = POLICIES) -> list[dict[str, Any]]:
    """One line a set and shape: how many of how many are told, with the interval."""
    channel, table = LinkChannel(policies), load_tables(policies).names
    seen = _seen_in_training(data, table)
    ordinary: set[str] = set()
    lines: list[dict[str, Any]] = []
    for key, source in ORDINARY.items():
        names = bare_names(table, read_column(data, source))
        ordinary.update(names)
        first, second = held_out(names, "ordinary")
        if not source.may_train:
            lines.append(_line(f"{key}, half A (weights chosen on it)", channel, first))
        lines.append(_line(f"{key}, half B" if first else key, channel, second))
        if source.may_train:
            codes = table.take_apart(second).parts[:, CODE]
            free = [n for n, code in zip(second, codes.tolist(), strict=True) if code <= 0]
            lines.append(_line(f"{key}, half B, of nobody on the list", channel, free))
    lines.append(_line("links in package descriptions", channel, package_links(table)))
    for key, source in SCAM.items():
        addresses = list(dict.fromkeys(read_column(data, source)))
        lines += _scam_lines(key, addresses, channel, table, seen, ordinary)
    return lines


def package_links(table: NamesTable) -> list[str]:
    """Links with a path in the descriptions of the packages installed here, 20 a site at most."""
    found: dict[str, None] = {}
    for package in importlib.metadata.distributions():
        text = package.read_text("METADATA") or ""
        found.update(dict.fromkeys(link.rstrip(".:!?'") for link in _LINK.findall(text)))
    links = sorted(found)
    taken = table.take_apart(links)
    kept: list[str] = []
    of_site: dict[str, int] = {}
    for row, link in enumerate(links):
        part = taken.parts[row]
        deep = part[FLAGS] & VALID and _size(taken.offsets, row) - part[TAIL] > 1
        site = taken.text(row, OWN, HOST_END) if deep else ""
        of_site[site] = of_site.get(site, 0) + 1
        if deep and of_site[site] <= 20:
            kept.append(link)
    return kept


def _size(offsets: Any, row: int) -> int:
    return int(offsets[row + 1] - offsets[row])


def _seen_in_training(data: Path, table: NamesTable) -> set[str]:
    seen: set[str] = set()
    for source in SCAM.values():
        if source.may_train:
            seen.update(held_out(bare_names(table, read_column(data, source)), "scam")[0])
    return seen


def _scam_lines(
    key: str, addresses: Sequence[str], channel: LinkChannel, table: NamesTable, seen: set[str],
    ordinary: set[str],
) -> list[dict[str, Any]]:  # fmt: skip
    """As registered names, the shape of the ordinary sets; as given; by kind of host."""
    names = [n for n in bare_names(table, addresses) if n not in seen]
    listed = [n for n in names if n in ordinary]
    names = [n for n in names if n not in ordinary]
    flags = table.take_apart(names).parts[:, FLAGS]
    own = [n for n, flag in zip(names, flags.tolist(), strict=True) if not flag & PLATFORM]
    hosted = [n for n, flag in zip(names, flags.tolist(), strict=True) if flag & PLATFORM]
    fresh = set(names)
    given = _one_a_site(addresses, table, fresh)
    return [
        _line(f"{key}, registered names", channel, own),
        _line(f"{key}, names under platforms", channel, hosted),
        _line(f"{key}, as given, one a site", channel, given),
        {"set": f"{key}, on popular or organisations' sites (left out)", "of": len(listed)},
    ]


def _one_a_site(addresses: Sequence[str], table: NamesTable, wanted: set[str]) -> list[str]:
    taken = table.take_apart(list(addresses))
    first: dict[str, str] = {}
    for row, address in enumerate(addresses):
        if taken.parts[row, FLAGS] & VALID:
            site = taken.text(row, OWN, HOST_END)
            if site in wanted:
                first.setdefault(site, address)
    return list(first.values())


def _line(name: str, channel: LinkChannel, addresses: Iterable[str]) -> dict[str, Any]:
    column = pa.array(list(addresses), pa.large_string())
    told = int((channel.score(column) >= channel.threshold).sum())
    low, high = wilson(told, len(column))
    share = told / max(len(column), 1)
    return {"set": name, "told": told, "of": len(column), "share": share, "ci95": (low, high)}


def mistakes(data: Path, policies: Path = POLICIES, most: int = 25) -> list[str]:
    """Ordinary names that are told with the highest scores, for a look; not for quoting."""
    channel, table = LinkChannel(policies), load_tables(policies).names
    out: list[str] = []
    for key, source in ORDINARY.items():
        names = bare_names(table, read_column(data, source))
        if source.may_train:
            names = held_out(names, "ordinary")[1]
        scores = channel.score(pa.array(names, pa.large_string()))
        for place in np.argsort(-scores, kind="stable")[:most].tolist():
            codes = "+".join(r.code for r in channel.explain(names[place]).reasons)
            out.append(f"{key} {scores[place]:.2f} {names[place]} {codes}")
    return out


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--mistakes", action="store_true", help="show false findings")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.mistakes:
        sys.stdout.write("\n".join(mistakes(asked.data)) + "\n")
        return
    lines = measure(asked.data)
    if asked.json:
        sys.stdout.write(json.dumps(lines, ensure_ascii=False, indent=1) + "\n")
        return
    for line in lines:
        if "told" not in line:
            sys.stdout.write(f"{line['set']:<60} {line['of']:>7}\n")
            continue
        low, high = line["ci95"]
        figures = f"{line['told']:>7} of {line['of']:>7}  {line['share']:8.3%}"
        sys.stdout.write(f"{line['set']:<60} {figures}  [{low:.3%}, {high:.3%}]\n")


if __name__ == "__main__":
    main()
