"""`fanzha edge`: processes that answer wires inline, and a way to ask one from the command line."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from fanzha.settings import Settings, load

edge = typer.Typer(help="线上处置。Verdicts on the wires.", no_args_is_help=True)

ReadyFile = Annotated[Path | None, typer.Option(hidden=True)]


@edge.command("sip")
def sip(ready_file: ReadyFile = None) -> None:
    """本机接口：供话务交换机逐呼查询。Answers switches on this machine over a local socket."""
    from fanzha.entrypoints.edge.following import address_of, following
    from fanzha.entrypoints.edge.hits import HitTeller
    from fanzha.entrypoints.edge.sip import run, wire_of

    settings = _begun()
    wire = wire_of(settings, socket_of(settings))
    follower = following(settings, "sip")
    assert settings.lists_key is not None  # `following` has refused to be without
    key = settings.lists_key.get_secret_value()
    teller = HitTeller(address_of(settings), key, "sip")
    run(wire, follower, _touch(ready_file), teller)


@edge.command("sms")
def sms(
    listen: Annotated[str, typer.Option(help="监听 主机:端口 where senders connect, host:port")],
    to: Annotated[str, typer.Option(help="短信中心 主机:端口 the message centre, host:port")],
    protocol: Annotated[str, typer.Option(help="smpp cmpp")] = "smpp",
    alphabet: Annotated[
        str, typer.Option(help="data_coding 0: gsm7 latin1 ucs2 gb18030 utf8")
    ] = "gsm7",
    accounts: Annotated[
        Path | None,
        typer.Option(help="账号文件 YAML of who may log in; default: the centre decides"),
    ] = None,
    name: Annotated[str, typer.Option(help="名单目录名 folder of its lists")] = "sms",
    ready_file: ReadyFile = None,
) -> None:
    """短信防火墙：在短信端口与短信中心之间。Refuses scam texts between senders and a centre."""
    from fanzha.entrypoints.edge.following import address_of, following
    from fanzha.entrypoints.edge.sms import TextWire, run

    settings = _begun()
    key = settings.lists_key.get_secret_value() if settings.lists_key else ""
    wire = TextWire(
        listen=listen,
        to=to,
        data=settings.data.resolve(),
        policies=settings.policies,
        keyring=settings.keyring or settings.data.resolve() / "keys" / "keyring.json",
        protocol=protocol,
        alphabet=alphabet,
        accounts=accounts,
        tell=(address_of(settings), key) if key else None,
    )
    touch = _touch(ready_file)
    run(wire, following(settings, name) if key else None, lambda _: touch())


@edge.command("dns")
def dns(ready_file: ReadyFile = None) -> None:
    """域名：向运营商解析器提供策略区。Policy zones that a carrier's resolvers fetch."""
    from fanzha.entrypoints.edge.dns import run

    touch = _touch(ready_file)
    run(_begun(), lambda _: touch())


@edge.command("page")
def page(
    listen: Annotated[str, typer.Option(help="监听 主机:端口 host:port")] = "0.0.0.0:8080",
    name: Annotated[str, typer.Option(help="名单目录名 folder of its lists")] = "page",
    ready_file: ReadyFile = None,
) -> None:
    """警示页：解析器把被拦域名引到这里。The warning page that resolvers lead people to."""
    from fanzha.entrypoints.edge.page import run

    touch = _touch(ready_file)
    run(_begun(), listen, name, lambda _: touch())


@edge.command("look")
def look(
    asked: Annotated[
        list[str] | None,
        typer.Argument(
            help="号码、名称、域名、网址或 64 位十六进制摘要；不给则问接口自身的名单版本"
            " what to ask about; nothing: which list the edge has"
        ),
    ] = None,
    kind: Annotated[
        str,
        typer.Option(help="number sender name url app；缺省按写法判断 by default as it is written"),
    ] = "",
    socket: Annotated[
        Path | None, typer.Option(help="本机接口文件 socket; default: FANZHA_SIP_SOCKET")
    ] = None,
) -> None:
    """查询某个对象现在是否被处置。Asks a running edge what stands against these, one line each."""
    from fanzha.entrypoints.edge.look import state, told

    place = socket or socket_of(load())
    if not asked:
        print(state(place))
    for line in told(place, asked or [], kind):
        print(line)


def socket_of(settings: Settings) -> Path:
    """Where `edge sip` answers."""
    return settings.sip_socket or settings.data.resolve() / "run" / "sip.sock"


def _begun() -> Settings:
    """A process of ours: its words go to the log, what it writes is for its owner only."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", force=True
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)
    os.umask(0o077)
    return load()


def _touch(path: Path | None) -> Callable[[], None]:
    def ready() -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    return ready
