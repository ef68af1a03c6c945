"""Steps of the installation: each says what it does and how long it took. Standard library only."""

import contextlib
import hashlib
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class Failed(SystemExit):
    """Ends the program with words for a person, in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        sys.stderr.write(f"\n✗ {zh}\n  {en}\n")
        super().__init__(1)


@contextlib.contextmanager
def step(zh: str, en: str) -> Iterator[None]:
    """Print the step, run it, print its seconds."""
    print(f"· {zh} {en} …", flush=True)
    begun = time.monotonic()
    yield
    print(f"  {time.monotonic() - begun:.1f} s", flush=True)


def run(command: list[str], *, cwd: Path = ROOT, env: "dict[str, str] | None" = None) -> None:
    """Run a command quietly; if it fails, show what it said and end."""
    done = subprocess.run(
        command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode:
        sys.stderr.write(done.stdout.decode(errors="replace")[-4000:])
        raise Failed(
            f"命令失败（{done.returncode}）：{' '.join(command)}",
            f"the command failed ({done.returncode}): {' '.join(command)}",
        )


def digest(files: Iterable[Path], *words: str) -> str:
    """One hash over names and contents, and over words that matter as well."""
    found = hashlib.sha256("\0".join(words).encode())
    for file in sorted(files):
        found.update(f"\0{file.relative_to(ROOT)}\0".encode())
        found.update(file.read_bytes())
    return found.hexdigest()
