"""The wires' edges as processes of a centre; in a demo a resolver and somebody who uses them."""

from __future__ import annotations

import json
import secrets
import shutil
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import SecretStr

from fanzha.bootstrap import Parts, utc_now
from fanzha.entrypoints.supervisor import plans
from fanzha.entrypoints.supervisor.child import Plan
from fanzha.errors import Misconfigured
from fanzha.settings import Settings

__all__ = ["demo_plans", "edge_plans", "for_demo", "with_key"]

_NAMES = {"sip": ("通话处置", "edge for calls"), "dns": ("域名处置", "edge for names"),
          "sms": ("短信防火墙", "text firewall")}  # fmt: skip
_SENDER = "edge"
_UNBOUND = Path(__file__).resolve().parents[4] / "deploy" / "unbound" / "fanzha.conf"


def with_key(settings: Settings, parts: Parts) -> Settings:
    """Settings with a key for the edges that run here, made now; unchanged where there are none,
    or where a key is set. Raises Misconfigured for an edge that we do not have."""
    if unknown := sorted(set(settings.edges) - set(_NAMES)):
        raise Misconfigured(
            "edge_unknown",
            zh=f"没有这些线上处置进程：{unknown}；可用：{sorted(_NAMES)}",
            en=f"there are no such edges: {unknown}; there are: {sorted(_NAMES)}",
            field="edges",
        )
    if not settings.edges or settings.lists_key is not None:
        return settings
    key = secrets.token_urlsafe(32)
    parts.operators.set_sender(_SENDER, key, frozenset({"lists", "text"}), utc_now())
    return settings.model_copy(update={"lists_key": SecretStr(key)})


def edge_plans(settings: Settings, data: Path) -> list[Plan]:
    """One process an edge that the settings name."""
    found = []
    for name in settings.edges:
        zh, en = _NAMES[name]
        command = ["edge", name]
        if name == "sms":
            to = settings.sms_to or f"{settings.smpp_host}:{settings.smpp_port}"
            command += ["--listen", settings.sms_listen, "--to", to]
        found.append(plans.ours(f"edge-{name}", zh, en, settings, data, command))
    return found


def for_demo(settings: Settings) -> Settings:
    """All edges, on free ports of this machine."""
    warn_to = ("127.0.0.1",)
    return settings.model_copy(
        update={
            "edges": tuple(_NAMES),
            "sms_listen": f"127.0.0.1:{plans.free_port()}",
            "dns_port": plans.free_port(),
            "dns_peers": ("127.0.0.1",),
            "dns_warn_to": warn_to,
        }
    )


def demo_plans(settings: Settings, data: Path) -> list[Plan]:
    """A resolver that loads the zones, where Unbound is installed, and the actor."""
    folder = data / "wires"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    resolver, upstream = plans.free_port(), plans.free_port()
    found = []
    program = shutil.which("unbound", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if program is not None:
        found.append(_unbound(program, folder / "unbound", settings, resolver, upstream))
    secret = settings.smpp_password
    stage = {
        "sip_socket": str(settings.sip_socket or data / "run" / "sip.sock"),
        "jcards": f"{settings.outside}/v1/jcards/",
        "sms_port": int(settings.sms_listen.rpartition(":")[2]),
        "sms_login": [settings.smpp_system_id, secret.get_secret_value() if secret else ""],
        "resolver_port": resolver,
        "upstream_port": upstream,
    }
    argv = [sys.executable, "-m", "fanzha.entrypoints.demonstration.actor", json.dumps(stage)]
    found.append(
        Plan(
            "wires", "线上演示", "somebody on the wires",
            argv=lambda: argv, ready=lambda: True, log=data / "log" / "wires.log",
            environment=plans.environment(settings), aloud=True,
        )
    )  # fmt: skip
    return found


def _unbound(program: str, folder: Path, settings: Settings, port: int, upstream: int) -> Plan:
    """`deploy/unbound/fanzha.conf` as it is, but for the port of the edge."""

    def prepare() -> None:
        folder.mkdir(parents=True, exist_ok=True)
        ours = _UNBOUND.read_text(encoding="utf-8").replace("@5300", f"@{settings.dns_port}")
        (folder / "fanzha.conf").write_text(ours, encoding="utf-8")
        (folder / "unbound.conf").write_text(
            f"""server:
    directory: "{folder}"
    chroot: ""
    username: ""
    pidfile: "{folder}/unbound.pid"
    interface: 127.0.0.1
    port: {port}
    do-daemonize: no
    use-syslog: no
    num-threads: 1
forward-zone:
    name: "."
    forward-addr: 127.0.0.1@{upstream}
include: "{folder}/fanzha.conf"
""",
            encoding="utf-8",
        )

    def ready() -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port), 0.2):
                return True
        except OSError:
            return False

    argv: Sequence[str] = [program, "-d", "-c", str(folder / "unbound.conf")]
    quiet: Mapping[str, str] = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    return Plan(
        "unbound", "域名解析器", "Unbound, a resolver",
        argv=lambda: argv, ready=ready, log=folder / "unbound.log", prepare=prepare,
        environment=quiet,
    )  # fmt: skip
