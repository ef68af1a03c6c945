"""A deliverer as a process of its own, for whoever means to kill it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fixtures import Installed


@contextmanager
def worker(
    installed: Installed, folder: Path, port: int, stranded_s: float = 1.0
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs until the block ends, by SIGTERM if nothing else ended it."""
    keyring = folder / "keyring.json"
    if not keyring.exists():
        installed.keyring.save(keyring)
    given = {
        "database": installed.url, "keyring": str(keyring), "port": str(port),
        "stranded_s": str(stranded_s),
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.entrypoints.worker.worker_process", json.dumps(given)],
        cwd=Path(__file__).parents[3],
        env={"PYTHONPATH": "src", "PATH": ""},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(30)
