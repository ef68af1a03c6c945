"""The command `python -m fanzha.detection.text.v1.evaluate --data DIR`."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from fanzha.detection.text.v1.evaluate import evaluate, report


def main() -> None:
    """Measure, and write the report or the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled sets")
    parser.add_argument("--out", type=Path, help="file to write; standard output when left out")
    parser.add_argument("--seen", action="store_true", help="the halves looked at while building")
    parser.add_argument("--json", action="store_true", help="figures as JSON, not a report")
    asked = parser.parse_args()
    figures = evaluate(asked.data, late=not asked.seen)
    if asked.json:
        text = json.dumps([asdict(one) for one in figures], ensure_ascii=False, indent=2) + "\n"
    else:
        text = report(figures)
    if asked.out:
        asked.out.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
