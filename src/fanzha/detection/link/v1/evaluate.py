"""Measures link v1: `python -m fanzha.detection.link.v1.evaluate --data DIR [--mistakes]`."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
from fanzha.detection.rate import wilson

__all__ = ["measure"]

_LINK = re.compile(r"https?://[^\s<>\"'`\[\]()|\\{}*,;]+")


@dataclass(frozen=True, eq=False)
class _Judge:
    """What is measured: addresses that reach a score."""

    channel: LinkChannel
    table: NamesTable
    least: float

    def line(self, name: str, addresses: Iterable[str]) -> dict[str, Any]:
        column = pa.array(list(addresses), pa.large_string())
        told = int((self.channel.score(column) >= self.least).sum())
        share = told / max(len(column), 1)
        ci95 = wilson(told, len(column))
        return {"set": name, "told": told, "of": len(column), "share": share, "ci95": ci95}


def measure(
    data: Path, policies: Path = POLICIES, least: float | None = None
) -> list[dict[str, Any]]:
    """One line a set and shape: how many of how many reach `least`, with the interval.

    `least` is the threshold of the policy unless another score is asked about.
    """
    channel, table = LinkChannel(policies), load_tables(policies).names
    judge = _Judge(channel, table, channel.threshold if least is None else least)
    ordinary: set[str] = set()
    lines: list[dict[str, Any]] = []
    for key, source in ORDINARY.items():
        names = bare_names(table, read_column(data, source))
        ordinary.update(names)
        first, second = held_out(names, "ordinary")
        if not source.may_train:
            lines.append(judge.line(f"{key}, half A (weights chosen on it)", first))
        lines.append(judge.line(f"{key}, half B", second))
        if source.may_train:
            codes = table.take_apart(second).parts[:, CODE]
            free = [n for n, code in zip(second, codes.tolist(), strict=True) if code <= 0]
            lines.append(judge.line(f"{key}, half B, of nobody on the list", free))
    lines.append(judge.line("links in package descriptions", package_links(table)))
    seen = _seen_in_training(data, table)
    for key, source in SCAM.items():
        addresses = list(dict.fromkeys(read_column(data, source)))
        lines += _scam_lines(key, addresses, judge, seen, ordinary)
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
    key: str, addresses: Sequence[str], judge: _Judge, seen: set[str], ordinary: set[str]
) -> list[dict[str, Any]]:
    """As registered names, the shape of the ordinary sets; under platforms; as given."""
    names = [n for n in bare_names(judge.table, addresses) if n not in seen]
    listed = [n for n in names if n in ordinary]
    names = [n for n in names if n not in ordinary]
    flags = judge.table.take_apart(names).parts[:, FLAGS]
    own = [n for n, flag in zip(names, flags.tolist(), strict=True) if not flag & PLATFORM]
    hosted = [n for n, flag in zip(names, flags.tolist(), strict=True) if flag & PLATFORM]
    return [
        judge.line(f"{key}, registered names", own),
        judge.line(f"{key}, names under platforms", hosted),
        judge.line(f"{key}, as given, one a site", _one_a_site(addresses, judge, set(names))),
        {"set": f"{key}, on popular or organisations' sites (left out)", "of": len(listed)},
    ]


def _one_a_site(addresses: Sequence[str], judge: _Judge, wanted: set[str]) -> list[str]:
    taken = judge.table.take_apart(list(addresses))
    first: dict[str, str] = {}
    for row, address in enumerate(addresses):
        if taken.parts[row, FLAGS] & VALID:
            site = taken.text(row, OWN, HOST_END)
            if site in wanted:
                first.setdefault(site, address)
    return list(first.values())


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
    parser.add_argument("--least", type=float, help="another score than the threshold")
    asked = parser.parse_args()
    if asked.mistakes:
        sys.stdout.write("\n".join(mistakes(asked.data)) + "\n")
        return
    lines = measure(asked.data, least=asked.least)
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
