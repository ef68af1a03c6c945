"""Run benchmarks: `python -m bench NAME --json`, `--list`, `--write PAGE`."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from bench.running import registry
from bench.running.page import page


def main() -> int:
    """Give 0 when every figure asked for was measured."""
    asked = _arguments()
    known = registry.names()
    unknown = [name for name in asked.names if name not in known]
    if unknown:
        print(f"no such figure: {', '.join(unknown)}; known: {', '.join(known)}", file=sys.stderr)
        return 2
    if asked.list:
        print("\n".join(known))
        return 0
    if asked.write:
        return _write(asked.names or known, asked.write, quick=asked.quick)
    if not asked.names:
        print("name a figure, or --list, or --write PAGE", file=sys.stderr)
        return 2
    for name in asked.names:
        if len(asked.names) == 1:
            found = registry.run_here(name, quick=asked.quick).as_json()
        else:
            found = registry.run_apart(name, quick=asked.quick)
        print(json.dumps(found, ensure_ascii=False, indent=None if asked.json else 2), flush=True)
    return 0


def _write(names: list[str], where: Path, *, quick: bool) -> int:
    found, failed = [], []
    for name in names:
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            found.append(registry.run_apart(name, quick=quick))
        except subprocess.CalledProcessError as error:
            failed.append(f"{name} (exit {error.returncode})")
    about = {name: registry.about(name) for name in names}
    text = page(found, about, datetime.now(UTC).date().isoformat())
    if failed:
        print(f"not measured: {', '.join(failed)}; the page is left as it was", file=sys.stderr)
        return 1
    where.write_text(text, encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="figures to run")
    parser.add_argument("--json", action="store_true", help="one JSON object a figure, on one line")
    parser.add_argument("--list", action="store_true", help="name the figures")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="run all, rewrite the page")
    parser.add_argument("--quick", action="store_true", help="small sizes: to see that it runs")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
