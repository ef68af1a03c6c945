"""Runs the campaigns, each within its share of the time, and writes docs/reliability.md."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

from fanzha.adapters.postgres.service_user import clear
from tools.soak import report
from tools.soak.calls import calls
from tools.soak.campaign import Campaign, Given, Result
from tools.soak.delivered import delivered
from tools.soak.disk import full_disk
from tools.soak.fuzz import fuzz
from tools.soak.scored import scored
from tools.soak.whole import whole
from tools.steps import ROOT

_CAMPAIGNS: dict[str, tuple[Campaign, float]] = {
    "scored": (scored, 0.22),
    "delivered": (delivered, 0.15),
    "whole": (whole, 0.23),
    "disk": (full_disk, 0.05),
    "calls": (calls, 0.10),
    "fuzz": (fuzz, 0.35),
}
"""Name -> campaign, and its share of the time."""


def main() -> int:
    """Exit status 1 where something failed."""
    parser = argparse.ArgumentParser(prog="python -m tools.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="for all campaigns together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=_CAMPAIGNS, default=list(_CAMPAIGNS))
    parser.add_argument("--write", type=Path, default=None, help="default: docs/reliability.md")
    parser.add_argument("--keep", action="store_true", help="keep what the campaigns left behind")
    asked = parser.parse_args()
    # Told to end, the campaigns leave their blocks, and with them every process they started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    load = os.getloadavg()[0]
    whole_share = sum(_CAMPAIGNS[name][1] for name in asked.only)
    folder = Path(tempfile.mkdtemp(prefix="fanzha-soak-"))
    folder.chmod(0o755)  # the database of root runs as somebody else
    results: list[Result] = []
    for name in asked.only:
        campaign, share = _CAMPAIGNS[name]
        (folder / name).mkdir()
        given = Given(asked.seed, 60 * asked.minutes * share / whole_share, folder / name)
        results += _run(name, campaign, given)
    words = report.table(results, asked.minutes, asked.seed, load)
    print(words)
    path = asked.write
    if path is None and len(asked.only) == len(_CAMPAIGNS):
        path = ROOT / "docs" / "reliability.md"
    if path is not None:
        report.write(path, words)
    failed = any(result.failures for result in results)
    if asked.keep or failed:
        print(f"kept: {folder}")
    else:
        clear(folder)
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


def _run(name: str, campaign: Campaign, given: Given) -> list[Result]:
    """A campaign that breaks is a failure like any other; the others still run."""
    print(f"· {name}: {given.seconds / 60:.1f} min", flush=True)
    begun = time.monotonic()
    try:
        results = campaign(given)
    except Exception as error:
        traceback.print_exc()
        words = f"broke off: {type(error).__name__}: {str(error)[:300]}"
        results = [Result(name, "broke off", "", time.monotonic() - begun, [words])]
    for result in results:
        verdict = "FAILED" if result.failures else "skipped" if result.skipped else "ok"
        print(f"  {verdict}  {result.name}: {result.did}; {result.found or result.skipped}")
        for words in result.failures:
            print(f"      {words}")
    sys.stdout.flush()
    return results


if __name__ == "__main__":
    sys.exit(main())
