"""The packaged server: private, synced, found again after a kill, never left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import nats
import nats.errors
import pytest
from nats.aio.msg import Msg

from fanzha.adapters.nats.server import USER, NatsServer
from fanzha.errors import Misconfigured

_HOLD = """
import sys, time
from pathlib import Path
from fanzha.adapters.nats.server import NatsServer
server = NatsServer(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
time.sleep(600)
"""


def alive(pid: int) -> bool:
    try:
        return b"nats-server" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def test_it_listens_on_loopback_and_syncs_every_write(tmp_path: Path) -> None:
    with NatsServer(tmp_path / "nats") as server:
        text = (tmp_path / "nats" / "nats.conf").read_text()
        assert "sync_interval: always" in text
        assert f'listen: "127.0.0.1:{server.url.rsplit(":")[-1]}"' in text
        for name in ("nats.conf", "access.json"):
            assert (tmp_path / "nats" / name).stat().st_mode & 0o777 == 0o600
        pid = server.pid
        assert pid is not None
        server.start()
        assert server.pid == pid
    assert not alive(pid)


def test_it_refuses_who_has_no_password(tmp_path: Path) -> None:
    async def work(url: str) -> None:
        with pytest.raises(nats.errors.Error, match="Authorization"):
            await nats.connect(url, allow_reconnect=False, error_cb=_quiet)

    with NatsServer(tmp_path / "nats") as server:
        asyncio.run(work(server.url))


def test_password_and_port_stay_the_same(tmp_path: Path) -> None:
    with NatsServer(tmp_path / "nats") as server:
        before = (server.url, server.password)
    with NatsServer(tmp_path / "nats") as server:
        assert (server.url, server.password) == before


def test_a_port_taken_meanwhile_is_replaced(tmp_path: Path) -> None:
    with NatsServer(tmp_path / "nats") as server:
        port = server.access().port
    with (
        socket.create_server(("127.0.0.1", port)),
        NatsServer(tmp_path / "nats") as server,
    ):
        assert server.access().port != port


def test_a_wanted_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        server = NatsServer(tmp_path / "nats", port=other.getsockname()[1])
        with pytest.raises(Misconfigured, match="port_taken"):
            server.start()
        server.stop()


def test_a_second_process_is_a_guest_and_leaves_it_running(tmp_path: Path) -> None:
    with NatsServer(tmp_path / "nats") as owner:
        with NatsServer(tmp_path / "nats") as guest:
            assert guest.pid is None
            assert guest.url == owner.url
            with pytest.raises(Misconfigured, match="nats_in_use"):
                guest.prepare()
        assert owner.ready()


def test_a_killed_owner_leaves_nothing_that_the_next_does_not_end(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path / "nats")], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        orphan = int(owner.stdout.readline())
        owner.kill()
    assert alive(orphan)
    with NatsServer(tmp_path / "nats") as server:
        assert server.pid != orphan
        assert not alive(orphan)


def test_a_pid_file_that_names_a_stranger_harms_nobody(tmp_path: Path) -> None:
    with NatsServer(tmp_path / "nats"):
        pass
    with subprocess.Popen(["sleep", "600"]) as stranger:
        (tmp_path / "nats" / "server.pid").write_text(str(stranger.pid))
        with NatsServer(tmp_path / "nats"):
            assert stranger.poll() is None
        stranger.kill()


def test_restart_after_a_kill(tmp_path: Path) -> None:
    with NatsServer(tmp_path / "nats") as server:
        url, pid = server.url, server.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        server.restart()
        assert server.url == url
        assert server.ready()


def test_a_feeder_may_feed_its_own_subjects_only(tmp_path: Path) -> None:
    refused: list[str] = []

    async def note(error: Exception) -> None:
        refused.append(str(error).lower())

    async def work(server: NatsServer, password: str) -> None:
        ours = await nats.connect(server.url, user=USER, password=server.password)
        heard: list[str] = []

        async def hear(message: Msg) -> None:
            heard.append(message.subject)

        await ours.subscribe("in.>", cb=hear)
        await ours.flush()
        feeder = await nats.connect(server.url, user="carrier-a", password=password, error_cb=note)
        await feeder.publish("in.call.carrier-a", b"1")
        await feeder.publish("in.call.carrier-b", b"2")
        await feeder.publish("events.call.carrier-a", b"3")
        await feeder.subscribe("events.>", cb=hear)
        await feeder.subscribe("_INBOX.>", cb=hear)
        await feeder.flush()
        await ours.flush()
        assert heard == ["in.call.carrier-a"]
        await feeder.close()
        await ours.close()

    with NatsServer(tmp_path / "nats") as server:
        asyncio.run(work(server, server.add_feeder("carrier-a")))
    for subject in ("in.call.carrier-b", "events.call.carrier-a", "events.>", "_inbox.>"):
        assert any(subject in error for error in refused), subject


async def _quiet(_: Exception) -> None:
    """Refusals are expected here."""
