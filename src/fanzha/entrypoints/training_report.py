"""The honest report of a training: figures of rows held back, printed and kept beside the model."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

__all__ = ["reported"]


def reported(model: Path, report: dict[str, Any]) -> None:
    """Writes `M.report.json` beside the model, and on standard error its figures."""
    beside = model.with_name(model.name + ".report.json")
    beside.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    for name, found in report["figures"].items():
        sys.stderr.write(f"{name}: {_words(found)}\n")
    if why := report.get("not_measured"):
        sys.stderr.write(f"未度量 not measured: {why}\n")
    sys.stderr.write(f"报告 report: {beside}\n")


def _words(found: dict[str, Any]) -> str:
    said = []
    for name, value in found.items():
        if name.endswith("_ci95"):
            continue
        between = found.get(f"{name}_ci95")
        shown = f"{value:,}" if isinstance(value, int) else f"{value:.4f}"
        said.append(
            f"{name} {shown}" + (f" [{between[0]:.4f}, {between[1]:.4f}]" if between else "")
        )
    return "  ".join(said)
