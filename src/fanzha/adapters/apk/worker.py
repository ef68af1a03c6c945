"""The process that reads APKs: it forks once a file, with limits, and hands over what came of it.

Requests come a line on standard input, answers a line on standard output, both JSON. What
androguard needs is loaded once; the fork that reads a file can write no file, take no more memory
or time than it was given, and when it dies only its file is lost.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import resource
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any

from loguru import logger

from fanzha.adapters.apk.limits import Limits
from fanzha.adapters.apk.stages import read_stages
from fanzha.errors import Refused

__all__ = ["main"]

_OUT_OF_MEMORY = 77
_PIECE = 1 << 16


def main() -> None:
    """Answer requests until standard input ends."""
    logger.remove()
    for line in sys.stdin.buffer:
        request = json.loads(line)
        limits = Limits(**request["limits"])
        answer = _apart(Path(request["path"]), request["words"], limits)
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


def _apart(path: Path, words: list[str], limits: Limits) -> dict[str, Any]:
    """Read one file in a fork. `end`: ok, memory, cpu, time, answer or died."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        _child(path, words, limits, theirs)
    os.close(theirs)
    text, end = _heard(ours, child, limits)
    os.close(ours)
    _, status = os.waitpid(child, 0)
    if end == "ok":
        end = _ended(status)
    stages = []
    for line in text.splitlines():
        with contextlib.suppress(ValueError):  # the last line of one that was stopped
            stages.append(json.loads(line))
    return {"stages": stages, "end": end}


def _heard(pipe: int, child: int, limits: Limits) -> tuple[bytes, str]:
    """What the fork says until it ends; it is stopped when it says or takes too much."""
    deadline = time.monotonic() + limits.wall
    heard = bytearray()
    while True:
        left = deadline - time.monotonic()
        ready = select.select([pipe], [], [], max(0.0, left))[0] if left > 0 else []
        if not ready:
            os.kill(child, signal.SIGKILL)
            return bytes(heard), "time"
        piece = os.read(pipe, _PIECE)
        if not piece:
            return bytes(heard), "ok"
        heard += piece
        if len(heard) > limits.answer:
            os.kill(child, signal.SIGKILL)
            return bytes(heard), "answer"


def _ended(status: int) -> str:
    if os.WIFSIGNALED(status):
        return "cpu" if os.WTERMSIG(status) == signal.SIGXCPU else "died"
    code = os.WEXITSTATUS(status)
    return "ok" if code == 0 else "memory" if code == _OUT_OF_MEMORY else "died"


def _child(path: Path, words: list[str], limits: Limits, pipe: int) -> None:
    """Never returns."""
    code = 1
    try:
        for kind, most in (
            (resource.RLIMIT_AS, limits.memory),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_NOFILE, pipe + 8),
        ):
            resource.setrlimit(kind, (most, most))
        resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu, limits.cpu + 2))

        def emit(stage: str, facts: dict[str, Any]) -> None:
            _write(pipe, json.dumps({"stage": stage, "facts": facts}).encode() + b"\n")

        try:
            read_stages(path, words, limits, emit)
        except MemoryError:
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno == errno.ENOMEM:
                raise MemoryError from error
            _write(pipe, json.dumps({"refused": _told(error)}).encode() + b"\n")
        code = 0
    except MemoryError:
        code = _OUT_OF_MEMORY
    finally:
        os._exit(code)


def _told(error: Exception) -> dict[str, str | None]:
    """A refusal as it is; what else a hostile file makes a parser trip over as one."""
    if isinstance(error, Refused):
        return {"code": error.code, "zh": error.zh, "en": error.en, "field": error.field}
    what = type(error).__name__
    zh, en = f"安装包损坏（{what}）", f"the APK is damaged ({what})"
    return {"code": "apk_malformed", "zh": zh, "en": en, "field": None}


def _write(pipe: int, line: bytes) -> None:
    while line:
        line = line[os.write(pipe, line) :]


if __name__ == "__main__":
    main()
