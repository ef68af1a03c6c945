"""What a run came to, as a page of text in both languages."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from fanzha.lifecycles.warning.grade import WarningGrade


@dataclass
class Tally:
    """Counts of one run."""

    rows: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def total(self) -> int:
        return sum(self.rows.values())


def report(tally: Tally, refused: Path) -> str:
    """Rows, findings by detector, warnings by grade, and where the refused rows are."""
    lines = [f"行 rows {tally.total:,}，{tally.seconds:.1f} s"]
    lines += [f"  {stream:<10}{n:>12,}" for stream, n in sorted(tally.rows.items())]
    lines.append(f"命中 findings {sum(tally.findings.values()):,}")
    lines += [f"  {name:<18}{n:>12,}" for name, n in sorted(tally.findings.items())]
    lines.append(f"预警 warnings {sum(tally.warnings.values()):,}")
    lines += [f"  {g.zh} {g.code:<10}{tally.warnings[g.code]:>12,}" for g in WarningGrade]
    if tally.refused:
        lines.append(f"被拒 refused {sum(tally.refused.values()):,} → {refused}")
        lines += [
            f"  {stream:<10}{code:<24}{n:>8,}"
            for (stream, code), n in sorted(tally.refused.items())
        ]
    else:
        lines.append("没有被拒的行 no row was refused")
    if tally.unknown:
        lines.append("未识别的列（已忽略）unknown columns (ignored)")
        lines += [f"  {name[:40]:<40}{n:>8,}" for name, n in sorted(tally.unknown.items())]
    return "\n".join(lines)
