"""Write the table of features into its page: `python -m tools.features PAGE`."""

from __future__ import annotations

import sys
from pathlib import Path

from fanzha.detection.catalogue import catalogue
from fanzha.entrypoints.cli.features import markdown
from fanzha.settings import load

__all__ = ["BEGIN", "END", "written"]

BEGIN = "<!-- begin: written by python -m tools.features docs/detection/features.md -->"
END = "<!-- end -->"


def written(page: str, policies: Path) -> str:
    """The page with its table as the catalogue stands. ValueError where it has no place for one."""
    before, begun, rest = page.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not begun or not ended:
        raise ValueError(f"the page needs a line {BEGIN} and, below it, {END}")
    return f"{before}{BEGIN}\n\n{markdown(catalogue(policies))}\n\n{END}{after}"


def main(path: str) -> None:
    page = Path(path)
    page.write_text(written(page.read_text(encoding="utf-8"), load().policies), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
