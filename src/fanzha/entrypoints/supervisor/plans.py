"""What runs in a centre: two packaged servers, three processes of ours, in a demo two more."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from fanzha.bootstrap import Parts
from fanzha.entrypoints.supervisor.child import Plan
from fanzha.settings import Settings, environment_of


def servers(parts: Parts) -> list[Plan]:
    """PostgreSQL and NATS, where they are ours."""
    plans = []
    logs = parts.data / "log"
    if (postgres := parts.servers.postgres) is not None:
        plans.append(
            Plan(
                "postgres", "数据库", "PostgreSQL",
                argv=lambda: postgres.argv, ready=postgres.ready, log=logs / "postgres.log",
                prepare=postgres.prepare, stop_with=signal.SIGINT, user=postgres.user,
            )
        )  # fmt: skip
    if (nats := parts.servers.nats) is not None:
        plans.append(
            Plan(
                "nats", "事件日志", "NATS JetStream",
                argv=lambda: nats.argv, ready=nats.ready, log=logs / "nats.log",
                prepare=nats.prepare,
            )
        )  # fmt: skip
    return plans


def processes(settings: Settings, data: Path) -> list[Plan]:
    """Console and API, worker, scorer."""
    return [
        ours("serve", "控制台与接口", "console and API", settings, data),
        ours("work", "后台", "worker", settings, data),
        *_scorers(settings, data),
    ]


def _scorers(settings: Settings, data: Path) -> list[Plan]:
    if settings.scorers == 1:
        return [ours("scorer", "评分", "scorer", settings, data)]
    names = [f"scorer-{n}" for n in range(1, settings.scorers + 1)]
    return [
        ours(name, f"评分 {n}", f"scorer {n}", settings, data, ["scorer", "--member", name])
        for n, name in enumerate(names, 1)
    ]


def message_centre(settings: Settings, data: Path) -> Plan:
    """The local SMS centre of a demo."""
    return ours("smsc", "短信中心", "local SMS centre", settings, data)


def city(settings: Settings, data: Path, key: str, residents: int, seed: int) -> Plan:
    """The invented city, sending to our own door like any other sender."""
    to = f"http://{_host(settings.host)}:{settings.port}"
    argv = [
        *_COMMAND, "city", "stream", "--to", to, "--residents", str(residents), "--seed", str(seed),
    ]  # fmt: skip
    return Plan(
        "city", "模拟城市", "simulated city",
        argv=lambda: argv, ready=lambda: True, log=data / "log" / "city.log",
        environment={**os.environ, "FANZHA_CITY_KEY": key}, aloud=True,
    )  # fmt: skip


_COMMAND = (sys.executable, "-m", "fanzha.entrypoints.cli.main")


def ours(
    name: str, zh: str, en: str, settings: Settings, data: Path, command: list[str] | None = None
) -> Plan:
    """A process of our own command, ready once it has touched its file."""
    mark = data / "run" / f"{name}.ready"

    def prepare() -> None:
        mark.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        mark.unlink(missing_ok=True)

    return Plan(
        name, zh, en,
        argv=lambda: [*_COMMAND, *(command or [name]), "--ready-file", str(mark)],
        ready=mark.exists, log=data / "log" / f"{name}.log", prepare=prepare,
        environment=environment(settings),
    )  # fmt: skip


def environment(settings: Settings) -> Mapping[str, str]:
    """What a process of ours is started with."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("FANZHA_")}
    source = Path(__file__).resolve().parents[3]
    path = os.pathsep.join(filter(None, [str(source), kept.get("PYTHONPATH")]))
    return {**kept, **environment_of(settings), "PYTHONPATH": path}


def free_port(host: str = "127.0.0.1") -> int:
    """A port nobody listens on, as of now."""
    with socket.create_server((host, 0)) as probe:
        return int(probe.getsockname()[1])


def port_is_free(host: str, port: int) -> bool:
    """Whether we could listen there."""
    try:
        with socket.create_server((host, port)):
            return True
    except OSError:
        return False


def new_secret() -> str:
    """For what only this run needs to know."""
    return secrets.token_hex(16)


def _host(host: str) -> str:
    """Where to reach ourselves."""
    return "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104 - compared, not bound
