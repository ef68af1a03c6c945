"""Write the API's description to a file: the console's types are generated from it.

PYTHONPATH=src python -m tools.openapi web/openapi.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, cast

from fanzha.entrypoints.api.app import create_app
from fanzha.entrypoints.api.schemas import Problem


def described() -> str:
    """The OpenAPI document as text, the same for the same routes.

    Nothing is started: the routes are described without the parts of a centre behind them.
    """
    document = create_app(cast(Any, None)).openapi()
    # Every refusal has this shape, but no route names it.
    document["components"]["schemas"]["Problem"] = Problem.model_json_schema()
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def main(arguments: list[str]) -> int:
    """Write to the path given, or compare with it under `--check`."""
    check = "--check" in arguments
    [path] = [Path(a) for a in arguments if a != "--check"]
    text = described()
    if check:
        same = path.is_file() and path.read_text(encoding="utf-8") == text
        print("up to date" if same else f"{path} is out of date: run tools.openapi and build types")
        return 0 if same else 1
    path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
