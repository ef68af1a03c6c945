"""The command `fanzha`. Each command loads only what it needs, so that help comes at once."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from fanzha import __version__
from fanzha.entrypoints.cli import (
    audit,
    card,
    detect,
    edge,
    features,
    people,
    replay,
    run_files,
)
from fanzha.entrypoints.cli.city import commands as city_commands
from fanzha.entrypoints.cli.city import drill
from fanzha.entrypoints.cli.workshop import acts as workshop
from fanzha.entrypoints.encoding import encoded
from fanzha.errors import FanzhaError, Refused, Unavailable, Uncertain
from fanzha.settings import Settings, load

app = typer.Typer(
    help="反诈 fanzha：人人都能运行的反诈中心。The anti-scam centre that anyone can run.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(city_commands.app, name="city")
app.add_typer(audit.app, name="audit")
app.add_typer(card.card, name="card")
app.add_typer(audit.keys, name="keys")
app.add_typer(people.operators, name="operators")
app.add_typer(people.senders, name="senders")
app.add_typer(workshop.rules, name="rules")
app.add_typer(features.features, name="features")
app.add_typer(edge.edge, name="edge")
app.add_typer(drill.drill, name="drill")
app.command("run")(encoded(run_files.run))
app.command("replay")(encoded(replay.replay))
for name in ("classify", "score", "train", "evaluate"):
    app.add_typer(getattr(detect, name), name=name)

Port = Annotated[int | None, typer.Option(help="端口 port of API and console")]
Host = Annotated[str | None, typer.Option(help="监听地址 address to listen on")]
Data = Annotated[Path | None, typer.Option(help="数据目录 data folder")]
ReadyFile = Annotated[Path | None, typer.Option(hidden=True)]


def _settings(
    port: int | None = None, host: str | None = None, data: Path | None = None
) -> Settings:
    given = {"port": port, "host": host, "data": data}
    changed = {name: value for name, value in given.items() if value is not None}
    return load().model_copy(update=changed)


@app.command()
def up(port: Port = None, host: Host = None, data: Data = None) -> None:
    """启动整个中心。Start a whole centre on this machine; Ctrl-C ends it."""
    from fanzha.entrypoints.supervisor.up import up as start

    start(_settings(port, host, data))


@app.command()
def demo(
    port: Port = None,
    host: Host = None,
    data: Data = None,
    residents: Annotated[int, typer.Option(help="居民数 residents of the city")] = 20_000,
    seed: Annotated[int, typer.Option(help="种子 seed of the city")] = 1,
    keep: Annotated[
        bool, typer.Option("--keep", help="保留上次的状态 go on from last time")
    ] = False,
) -> None:
    """演示：中心加一座模拟城市。A centre and an invented city in which scams are planted."""
    from fanzha.entrypoints.supervisor.up import demo as start

    settings = _settings(port, host, data)
    if data is None:
        settings = settings.model_copy(update={"data": settings.data / "demo"})
    start(settings, residents=residents, seed=seed, keep=keep)


@app.command()
def serve(ready_file: ReadyFile = None) -> None:
    """只运行控制台与接口。API, console and the door for feeders."""
    from fanzha.bootstrap import Parts
    from fanzha.entrypoints.api.serve import STATEMENT_S, run

    _process(lambda: run(Parts(load(), statement_timeout_s=STATEMENT_S), _touch(ready_file)))


@app.command()
def work(ready_file: ReadyFile = None) -> None:
    """只运行后台。Deliverer, clocks, retention, signed heads."""
    from fanzha.bootstrap import Parts
    from fanzha.entrypoints.worker.process import run

    _process(lambda: run(Parts(load()), _touch(ready_file)))


@app.command()
def scorer(
    ready_file: ReadyFile = None,
    member: Annotated[
        str | None,
        typer.Option(help="评分组成员名 name of this member, where several share the log's keys"),
    ] = None,
) -> None:
    """只运行评分。Streams to findings and warnings; alone, or as one of a group."""
    from fanzha.bootstrap import Parts
    from fanzha.entrypoints.scorer.process import run

    if member is not None and not _MEMBER.fullmatch(member):
        raise typer.BadParameter("成员名为 1–60 个字母、数字、- 或 _  letters, digits, - and _")
    _process(lambda: run(Parts(load()), _touch(ready_file), member))


@app.command()
def smsc(ready_file: ReadyFile = None) -> None:
    """只运行本地短信中心。A local SMS centre: texts go nowhere but into a file."""
    from fanzha.adapters.smpp.smsc import SmscSettings
    from fanzha.entrypoints.smsc.run import run

    settings = load()
    secret = settings.smpp_password
    centre = SmscSettings(
        system_id=settings.smpp_system_id or "fanzha",
        password=secret.get_secret_value() if secret else "",
        store=settings.data.resolve() / "smsc" / "messages.ndjson",
        host=settings.smpp_host,
        port=settings.smpp_port,
    )
    touch = _touch(ready_file)
    _process(lambda: run(centre, lambda port: touch()))


@app.command()
def version() -> None:
    """版本。The version."""
    print(__version__)


_MEMBER = re.compile(r"[A-Za-z0-9_-]{1,60}")


def _touch(path: Path | None) -> Callable[[], None]:
    """Tells the keeper that this process is ready."""

    def ready() -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    return ready


def _process(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", force=True
    )
    for noisy in ("httpx", "smpp34", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    os.umask(0o077)  # what a process of ours writes is for its owner only
    asyncio.run(work())


_EXIT = {Refused: 2, Unavailable: 75, Uncertain: 75}
"""75: try again (sysexits EX_TEMPFAIL). A wrong installation is 78 (EX_CONFIG)."""


def main() -> int:
    """Run; a failure of ours is told in both languages, without a trace."""
    try:
        app()
    except FanzhaError as error:
        where = f"（{error.field}）" if error.field and error.field not in error.zh else ""
        sys.stderr.write(f"✗ {error.zh}{where}\n  {error.en} [{error.code}]\n")
        return next((code for kind, code in _EXIT.items() if isinstance(error, kind)), 78)
    except KeyboardInterrupt:
        sys.stderr.write("\n已停止，没有写出半个文件 · stopped; no half-written file is left\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
