"""A demo on real wires: a phone's call refused, texts withheld, names led away; nothing left."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from pathlib import Path

import httpx
import psutil
import pytest

from fanzha.entrypoints.demo import DEMO_PASSWORD
from fanzha.entrypoints.supervisor.plans import free_port
from tests.entrypoints.cli.command import ARGV, environment

pytestmark = [pytest.mark.slow, pytest.mark.peers, pytest.mark.timeout(420)]
_EXPECTED = (
    "154****0001 → Kamailio → 拒绝 refused: 608",
    "154****0002 → Kamailio → 接通 answered",
    "YZ-BANK「【云州银行】您的积分即将到期…」→ 拦截 withheld: 0x0A",
    "→ 拦截 withheld: 0x45",
    "10690000「您的快递已放入东门驿站，请凭…」→ 放行 passed on",
    "anquan-zhanghu.example → Unbound → NXDOMAIN",
    "www.yunzhou-bank-vip.example → Unbound → 127.0.0.1（警示页 warning page）",
    "library.example → Unbound → 192.0.2.80",
)


def test_what_a_demo_shows_on_the_wires(tmp_path: Path) -> None:
    port, words = free_port(), tmp_path / "words"
    command = [*ARGV, "demo", "--port", str(port), "--residents", "200"]
    with words.open("wb") as out:
        demo = subprocess.Popen(
            command, stdout=out, stderr=out, env=environment(data=str(tmp_path / "data"))
        )
    children: list[psutil.Process] = []
    try:
        deadline = time.monotonic() + 240
        while not all(line in words.read_text() for line in _EXPECTED):
            assert demo.poll() is None, words.read_text()[-3000:]
            assert time.monotonic() < deadline, words.read_text()[-3000:]
            time.sleep(0.5)
        children = psutil.Process(demo.pid).children(recursive=True)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            signed = client.post("/v1/sign-in", json={"name": "linyue", "password": DEMO_PASSWORD})
            assert signed.status_code == 200, signed.text
            until = time.monotonic() + 30
            while not (hits := client.get("/v1/measures/hits").json()):
                assert time.monotonic() < until
                time.sleep(0.5)
            assert ("sip", "refuse") in {(h["wire"], h["effect"]["code"]) for h in hits}
            states = client.get("/v1/measures?state=standing").json()["counts"]
            assert states["standing"] == 4
    finally:
        killing = threading.Timer(60, demo.kill)
        killing.start()
        demo.send_signal(signal.SIGINT)
        demo.wait()
        killing.cancel()
    gone, alive = psutil.wait_procs(children, timeout=10)
    assert [p.name() for p in alive] == []
    assert len(gone) > 10
