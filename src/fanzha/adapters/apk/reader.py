"""Asks the reading process for the facts of an APK, and outlives whatever becomes of it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fanzha.adapters.apk.limits import Limits
from fanzha.errors import Refused, Unavailable

__all__ = ["ApkReader"]

_GRACE = 20.0
"""Seconds over the limit of one file that the reading process has to say so; also to start."""
_PIECE = 1 << 16
_ENDS = {
    "memory": ("占用内存超限，已停止", "it took more memory than allowed and was stopped"),
    "cpu": ("占用处理器超限，已停止", "it took more processor time than allowed and was stopped"),
    "time": ("读取超时，已停止", "reading took longer than allowed and was stopped"),
    "answer": ("内容过多，已停止", "it holds more than allowed and was stopped"),
    "died": ("读取进程被中止", "the reading process was ended"),
}
"""What became of a process that did not come to its end; code → words."""


class ApkReader:
    """Reads files one after another. Use as a context manager; not from several threads.

    The process is started with the first file, and again after it was lost.
    """

    def __init__(self, words: Sequence[str] = (), limits: Limits | None = None) -> None:
        self._words = list(words)
        self._limits = limits or Limits()
        self._process: subprocess.Popen[bytes] | None = None
        self._rest = b""

    def read(self, path: Path) -> dict[str, Any]:
        """Facts of one file, in the columns of `detection.app.static.facts`.

        What could not be read beside the manifest is named under `incomplete`. `Refused` where
        the file is no APK, or reading its manifest cost more than the limits (`apk_memory`,
        `apk_cpu`, `apk_time`, `apk_answer`, `apk_died`). `Unavailable`: no process could be had.
        """
        answer = self._ask(path)
        facts: dict[str, Any] = {}
        tricks: list[str] = []
        incomplete: list[str] = []
        stages = []
        for line in answer["stages"]:
            if "refused" in line:
                raise Refused(**line["refused"])
            stages.append(line["stage"])
            found = line["facts"]
            tricks += found.pop("tricks", [])
            incomplete += found.pop("incomplete", [])
            facts |= found
        if answer["end"] != "ok":
            if "manifest" not in stages:
                zh, en = _ENDS[answer["end"]]
                raise Refused(f"apk_{answer['end']}", zh=zh, en=en)
            incomplete.append(f"after {stages[-1]}: {answer['end']}")
        return {**facts, "tricks": tricks, "incomplete": incomplete}

    def close(self) -> None:
        """End the process."""
        process, self._process, self._rest = self._process, None, b""
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):  # a request nobody read
                        pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(self, path: Path) -> dict[str, Any]:
        limits = asdict(self._limits)
        request = {"path": str(path.absolute()), "words": self._words, "limits": limits}
        line = json.dumps(request).encode() + b"\n"
        for _ in range(2):  # a process lost since the last file is no fault of this one
            process = self._started()
            try:
                assert process.stdin is not None
                process.stdin.write(line)
                process.stdin.flush()
            except OSError:
                self.close()
                continue
            return self._answer(process)
        raise _away()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-m", "fanzha.adapters.apk.worker"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PATH": ""},
                    cwd="/",
                )
            except OSError as error:
                raise _away() from error
        return self._process

    def _answer(self, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        assert process.stdout is not None
        pipe = process.stdout.fileno()
        deadline = time.monotonic() + self._limits.wall + _GRACE
        heard = bytearray(self._rest)
        while b"\n" not in heard:
            left = deadline - time.monotonic()
            ready = left > 0 and select.select([pipe], [], [], left)[0]
            piece = os.read(pipe, _PIECE) if ready else b""
            if not piece or len(heard) > 4 * self._limits.answer:
                self.close()
                raise _away()
            heard += piece
        line, _, rest = bytes(heard).partition(b"\n")
        self._rest = rest
        try:
            answer = json.loads(line)
        except ValueError as error:
            self.close()
            raise _away() from error
        return dict(answer)


def _away() -> Unavailable:
    return Unavailable(
        "apk_reader_away",
        zh="读取安装包的进程没有回应",
        en="the process that reads APKs does not answer",
    )
