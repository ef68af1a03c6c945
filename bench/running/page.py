"""The page of figures, written from a run and never by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_HEAD = """# Benchmarks

Written by `make bench`; do not edit. Every figure is the median of several runs, unless its
settings say otherwise. Ours and the peers take turns within one run, on the same data; *times
better* compares with the best peer of that run. How each is measured stands in its module under
`bench/`; the command below each repeats it.

Measured {day} on: {machine}.
"""


def page(found: Sequence[Mapping[str, Any]], about: Mapping[str, str], day: str) -> str:
    """Markdown for all figures; `about` gives a line to each name."""
    if not found:
        return _HEAD.format(day=day, machine="nothing was measured")
    machine = found[0]["machine"]
    parts = [_HEAD.format(day=day, machine=_machine(machine))]
    for one in found:
        parts.append(_section(one, about[one["name"]]))
    return "\n".join(parts)


def _machine(machine: Mapping[str, Any]) -> str:
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"{machine['system']}, Python {machine['python']}"
    )


def _section(one: Mapping[str, Any], about: str) -> str:
    unit = one["unit"]
    lines = [f"## {one['name']}", "", about, "", f"| | {unit} |", "|---|---:|"]
    lines.append(f"| **fanzha** | **{_number(one['ours'])}** |")
    lines += [f"| {name} | {_number(value)} |" for name, value in one["peers"].items()]
    lines.append("")
    if one["ratio"] is not None:
        lines += [f"{_number(one['ratio'])} times better than the best peer.", ""]
    if one["also"]:
        lines += ["| also | |", "|---|---:|"]
        lines += [f"| {_words(name)} | {_number(value)} |" for name, value in one["also"].items()]
        lines.append("")
    settings = "; ".join(f"{_words(name)}: {value}" for name, value in one["settings"].items())
    lines += [f"Settings: {settings}; load average {one['machine']['load_average']}.", ""]
    lines += ["```", f".venv/bin/python -m bench {one['name']} --json", "```", ""]
    return "\n".join(lines)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _number(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"
