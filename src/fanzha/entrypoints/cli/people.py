"""`fanzha operators` and `fanzha senders`: who may sign in, who may feed events."""

from __future__ import annotations

import secrets
from typing import Annotated

import typer

from fanzha.bootstrap import Parts, utc_now
from fanzha.errors import Refused
from fanzha.lifecycles.actor import Role, Unit
from fanzha.records.schemas import STREAMS
from fanzha.settings import load

LISTS = "lists"
"""What an edge needs a key for: the wires' list."""

operators = typer.Typer(help="登录人员。People who sign in.", no_args_is_help=True)
senders = typer.Typer(help="数据发送方。Who feeds events.", no_args_is_help=True)


@operators.command("add")
def add_operator(
    name: Annotated[str, typer.Argument(help="登录名 name to sign in with")],
    role: Annotated[list[str], typer.Option(help="角色 role, may be repeated")],
    unit: Annotated[str, typer.Option(help="机构代码 code of the unit")],
    display: Annotated[str, typer.Option(help="姓名 name on screens")] = "",
    password: Annotated[
        str, typer.Option(envvar="FANZHA_NEW_PASSWORD", help="为空则生成 empty: one is made")
    ] = "",
) -> None:
    """新增或更新人员。Appoint somebody; the same name again renews role, unit and password."""
    parts = Parts(load())
    made = password or secrets.token_urlsafe(12)
    if len(made) < 10:
        raise Refused(
            "password_short",
            zh="密码至少 10 个字符",
            en="a password has 10 characters or more",
            field="password",
        )
    parts.operators.add(
        name=name,
        display=display or name,
        password=made,
        roles=frozenset(_role(r) for r in role),
        unit=_unit(parts, unit),
        now=utc_now(),
    )
    print(f"{name}: {made if not password else '密码如所给 password as given'}")


@operators.command("list")
def list_operators() -> None:
    """列出人员。Everybody who works here."""
    for operator, active in Parts(load()).operators.listed():
        roles = " ".join(sorted(operator.actor.roles))
        mark = " " if active else "×"
        demo = " demo" if operator.demo else ""
        unit = operator.actor.unit
        print(f"{mark} {operator.name:<16} {roles:<28} {unit.code:<12} {unit.zh}{demo}")


@operators.command("disable")
def disable_operator(name: str) -> None:
    """停用。Ends every sign-in of this name."""
    if not Parts(load()).operators.disable(name):
        raise Refused("no_such_operator", zh="没有这个人", en="there is nobody of that name")
    print(f"{name}: 已停用 disabled")


@senders.command("add")
def add_sender(
    source: Annotated[str, typer.Argument(help="发送方名称 name, becomes `source` of its rows")],
    streams: Annotated[str, typer.Option(help="数据流，逗号分隔 streams, by comma")] = "",
    nats: Annotated[
        bool, typer.Option("--nats", help="同时给出 NATS 账号 also a NATS user and password")
    ] = False,
) -> None:
    """新增发送方，密钥只显示一次。A feeder and its key, shown once; a former key ends."""
    chosen = [s.strip() for s in streams.split(",") if s.strip()] or list(STREAMS)
    if unknown := sorted(set(chosen) - {*STREAMS, LISTS}):
        raise Refused(
            "unknown_stream",
            zh=f"没有这些数据流：{unknown}；可用：{'、'.join([*STREAMS, LISTS])}",
            en=f"no such streams: {unknown}; there are: {', '.join([*STREAMS, LISTS])}",
            field="streams",
        )
    parts = Parts(load())
    print(f"key      {parts.operators.add_sender(source, frozenset(chosen), utc_now())}")
    print(f"streams  {' '.join(chosen)}")
    if nats:
        if parts.servers.nats is None:
            raise Refused(
                "nats_not_ours",
                zh="NATS 不由本安装管理，请在其服务器上开户",
                en="this NATS is not run by us: give the sender a user there",
            )
        print(f"nats     {parts.servers.nats.url}")
        print(f"user     {source}")
        print(f"password {parts.servers.nats.add_feeder(source)}")


@senders.command("list")
def list_senders() -> None:
    """列出发送方。Every feeder."""
    for sender, active in Parts(load()).operators.senders():
        print(f"{' ' if active else '×'} {sender.source:<20} {' '.join(sorted(sender.streams))}")


@senders.command("revoke")
def revoke_sender(source: str) -> None:
    """收回密钥。Its key ends."""
    if not Parts(load()).operators.revoke_sender(source):
        raise Refused("no_such_sender", zh="没有这个发送方", en="there is no such sender")
    print(f"{source}: 已收回 revoked")


def _role(code: str) -> Role:
    try:
        found = Role(code)
    except ValueError:
        found = Role.SYSTEM
    if found is Role.SYSTEM:
        known = [r.value for r in Role if r is not Role.SYSTEM]
        raise Refused(
            "unknown_role",
            zh=f"没有这个角色；可用：{'、'.join(known)}",
            en=f"no such role; there are: {', '.join(known)}",
            field="role",
        )
    return found


def _unit(parts: Parts, code: str) -> Unit:
    unit = parts.policies.tiers.by_code.get(code)
    if unit is None:
        raise Refused(
            "unknown_unit",
            zh="机构层级中没有这个代码",
            en="the tiers have no unit of this code",
            field="unit",
        )
    return unit
