"""`fanzha up` and `fanzha demo`: a whole centre on this machine, until Ctrl-C."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

import psycopg
from pydantic import SecretStr

from fanzha.adapters.postgres.embedded import DATABASE
from fanzha.bootstrap import Parts, utc_now
from fanzha.entrypoints.demo import DEMO_ACCOUNTS, DEMO_ANALYST, DEMO_PASSWORD
from fanzha.entrypoints.demonstration.measures import stand
from fanzha.entrypoints.rule_file import read_rule
from fanzha.entrypoints.supervisor import plans, wires
from fanzha.entrypoints.supervisor.keep import Keeper, say
from fanzha.errors import Misconfigured
from fanzha.lifecycles.actor import Role
from fanzha.records.schemas import STREAMS
from fanzha.settings import Settings
from fanzha.usecases.workshop.act import save_draft

_DEMO_SENDER = "city"
_EXAMPLES = Path(__file__).parents[4] / "examples" / "rules"


def up(settings: Settings) -> None:
    """Everything but the city. Ends every child on SIGINT or SIGTERM."""
    parts = Parts(settings)
    with Keeper(parts.data) as keeper:
        _check(settings)
        say(f"反诈 fanzha，数据目录 data folder: {parts.data}")
        _start_servers(keeper, parts)
        if keeper.told():
            return
        settings = wires.with_key(settings, parts)
        if (first := _first_administrator(parts)) is not None:
            # At once: should the rest fail to start, nobody would ever learn it.
            say(f"首次登录 first sign-in: admin / {first}  （只显示这一次 shown this once）")
        parts.close()
        keeper.start(plans.processes(settings, parts.data))
        keeper.start(wires.edge_plans(settings, parts.data))
        if not keeper.told():
            say(f"已启动 started: {keeper.seconds:.1f} s  {_address(settings)}")
            keeper.tend()


def demo(settings: Settings, *, residents: int, seed: int, keep: bool) -> None:
    """A centre with the invented city, begun anew unless `keep`."""
    if not settings.loopback:
        raise Misconfigured(
            "demo_not_loopback",
            zh="演示只能在本机地址上运行",
            en="a demo runs on a loopback address only",
            field="host",
        )
    settings = settings.model_copy(
        update={
            "demo": True,
            "smpp_host": "127.0.0.1",
            "smpp_port": plans.free_port(),
            "smpp_system_id": "fanzha",
            "smpp_password": settings.smpp_password or SecretStr(plans.new_secret()[:8]),
            "send_to": ("+86154",),
        }
    )
    settings = wires.for_demo(settings)
    parts = Parts(settings)
    with Keeper(parts.data) as keeper:
        _check(settings)
        say(f"反诈 fanzha 演示 demo，数据目录 data folder: {parts.data}")
        if keep:
            say("接着上次 going on from last time")
        else:
            say("重新开始；--keep 接着上次 begun anew; --keep goes on from last time")
            _forget(parts.data)
        _start_servers(keeper, parts, fresh=not keep)
        if keeper.told():
            return
        with keeper.step("演示账号", "demo accounts"):
            key = _appoint(parts)
        with keeper.step("规则草稿", "drafts of rules"):
            _draft_rules(parts)
        with keeper.step("线上措施", "measures on the wires"):
            settings = wires.with_key(settings, parts)
            parts.ensure_protected()
            stand(parts)
        parts.close()
        keeper.start([plans.message_centre(settings, parts.data)])
        keeper.start(plans.processes(settings, parts.data))
        if keeper.told():
            return
        keeper.start(wires.edge_plans(settings, parts.data))
        keeper.start([plans.city(settings, parts.data, key, residents, seed)])
        say(f"已启动 started: {keeper.seconds:.1f} s")
        _what_to_see(settings, parts.data)
        keeper.start(wires.demo_plans(settings, parts.data))
        keeper.tend()


def _check(settings: Settings) -> None:
    if not plans.port_is_free(settings.host, settings.port):
        raise Misconfigured(
            "port_taken",
            zh=f"端口 {settings.port} 已被占用；可用 --port 换一个",
            en=f"port {settings.port} is taken; choose another with --port",
            field="port",
        )


def _start_servers(keeper: Keeper, parts: Parts, *, fresh: bool = False) -> None:
    keeper.start(plans.servers(parts))
    if keeper.told():
        return
    if fresh and parts.servers.postgres is not None:
        _forget_state(parts.servers.postgres.url(database="postgres"))
        parts.servers.postgres.ready()  # makes the database again
    with keeper.step("数据库结构", "database schema"):
        parts.prepare()
        _ = parts.keyring


def _forget(data: Path) -> None:
    """A demo begins with an empty log; the servers' own files stay, so that a start is quick."""
    for name in ("nats/store", "snapshots", "smsc", "deed-heads.ndjson"):
        path = data / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _forget_state(admin_url: str) -> None:
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)".encode())


def _first_administrator(parts: Parts) -> str | None:
    """The password of the first account, made when there is none yet."""
    if parts.operators.anybody():
        return None
    password = secrets.token_urlsafe(12)
    parts.operators.add(
        name="admin",
        display="管理员",
        password=password,
        roles=frozenset({Role.ADMINISTRATOR}),
        unit=parts.policies.tiers.root,
        now=utc_now(),
    )
    return password


def _appoint(parts: Parts) -> str:
    """The demo accounts, and the city's key."""
    now = utc_now()
    for name, display, _, roles, unit in DEMO_ACCOUNTS:
        parts.operators.add(
            name=name, display=display, password=DEMO_PASSWORD, roles=roles,
            unit=parts.policies.tiers.by_code[unit], now=now, demo=True,
        )  # fmt: skip
    return parts.operators.add_sender(_DEMO_SENDER, frozenset(STREAMS), now)


def _draft_rules(parts: Parts) -> None:
    """The rules of `examples/`, where there are some, as the analyst's drafts; once."""
    now = utc_now()
    token, who = parts.operators.sign_in(DEMO_ANALYST, DEMO_PASSWORD, now, demo_allowed=True)
    parts.operators.sign_out(token)
    for path in sorted(_EXAMPLES.glob("*.yaml")):
        rule = read_rule(str(path))
        with parts.workshop.work() as unit:
            if not unit.rules.of(rule.id):
                save_draft(unit, parts.bench, who.actor, rule, now)


def _address(settings: Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


def _what_to_see(settings: Settings, data: Path) -> None:
    say("")
    say(f"  打开 open  {_address(settings)}")
    say(f"  账号 sign in as（密码 password {DEMO_PASSWORD}）")
    for name, display, words, _, _ in DEMO_ACCOUNTS:
        say(f"    {name:<10} {display}  {words}")
    say("  看什么 what to see")
    say(
        "    两分钟内预警自行到来：等级、时限、理由  within two minutes warnings come by themselves"
    )
    say("    N 接下最急的一条，1–6 记录结果  N takes the most pressing one, 1–6 record the outcome")
    say("    linyue：研判，三条规则草稿待回放  linyue: Analysis, three drafts of rules to replay")
    say("    线上：拒接一通电话、拦截两条短信、拦住两个域名，结果打印在下方，登记在「封堵」")
    say("    wires: a call refused, two texts withheld, two names; told below and under Blocking")
    say(f"    短信中心收到的短信  texts that left over SMPP: {data / 'smsc' / 'messages.ndjson'}")
    say("    对这个中心执行命令 commands on this centre:")
    say(f"    FANZHA_DATA={data} .venv/bin/fanzha audit verify")
    say("  居民、号码与诈骗均为虚构。Ctrl-C 结束。  All people are invented. Ctrl-C ends it.")
    say("")
