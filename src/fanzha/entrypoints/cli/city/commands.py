"""`fanzha city`: an invented city as files, as a live feed, or as an examination of detection."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import httpx
import pyarrow as pa
import typer

from fanzha.city import files
from fanzha.city.behaviour import POLICIES, Behaviour, load_behaviour
from fanzha.city.generate import Tell, fits, generate
from fanzha.city.pieces import write_in_pieces
from fanzha.city.streaming.broadcast import Broadcast, Count, Maker, Plan
from fanzha.city.streaming.sender import Sender
from fanzha.entrypoints.cli.city.report import report
from fanzha.errors import Refused
from fanzha.usecases.warning.take_in import instant as aware
from fanzha.values import instant

app = typer.Typer(
    help="模拟城市：居民、日常与诈骗均为虚构。An invented city: its people, days and scams.",
    invoke_without_command=True,
    no_args_is_help=True,
)

START = "2026-03-02T00:00:00+08:00"
SEEN_SEEDS = 100
"""Seeds below were looked at while detection was built; an honest examination takes another."""
_PARTS = {
    "people": "居民 people",
    "registry": "登记 registry",
    "calls": "通话 calls",
    "texts": "短信 texts",
    "visits and apps": "上网与应用 visits and apps",
    "money": "转账 money",
    "scams": "诈骗 scams",
    "order": "排序 order",
}

Residents = Annotated[int, typer.Option(help="居民数 residents, 100 – 1,000,000")]
Days = Annotated[float, typer.Option(help="天数 days")]
Seed = Annotated[int, typer.Option(min=0, help="种子 seed: the same gives the same city")]
Start = Annotated[str, typer.Option(help="起始时刻 first instant, with time zone")]
BehaviourName = Annotated[
    str, typer.Option(help="行为文件或其名称 behaviour file, or default, demo, rough")
]


@app.callback()
def make(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option(help="输出文件夹 folder to write")] = None,
    residents: Residents = 10_000,
    days: Days = 1.0,
    seed: Seed = 1,
    start: Start = START,
    behaviour: BehaviourName = "default",
    call_phases: Annotated[
        str, typer.Option(help="all, 或只有话单 end: finished calls only")
    ] = "all",
    piece_hours: Annotated[
        float | None,
        typer.Option(min=0.1, help="每段小时数 hours made at a time; large cities choose it"),
    ] = None,
) -> None:
    """生成城市文件。Write a city: eight Parquet streams, and the truth apart in DIR/truth.

    Above 100,000 residents, or 600,000 resident-days, or with --piece-hours, it is made and written
    piece by piece in bounded memory; records then come complete, once and in time.
    """
    if context.invoked_subcommand is not None:
        return
    if out is None:
        raise typer.BadParameter("缺少输出文件夹 a folder is needed", param_hint="--out")
    begun = time.monotonic()
    kind = behaviour_of(behaviour)
    if piece_hours is not None or not fits(residents, days):
        written = write_in_pieces(
            residents, days, seed, _instant(start), kind, out,
            hours=piece_hours, call_phases=call_phases, tell=_say_piece(begun),
        )  # fmt: skip
        rows, scams = written.rows, written.scams
    else:
        city = generate(
            residents, days, seed, _instant(start), kind,
            call_phases=call_phases, tell=_say(begun),
        )  # fmt: skip
        files.write(city, out)
        rows = {stream: table.num_rows for stream, table in city.streams.items()}
        scams = city.truth["truth_incident"].num_rows
    for stream, count in rows.items():
        print(f"{stream:<10}{count:>12,}")
    print(f"诈骗 scams {scams:,}（模拟 simulated）")
    took_s = time.monotonic() - begun
    print(f"已写入 written to {out}，真相在 truth in {out / files.TRUTH}，{took_s:.1f} s")


@app.command()
def score(
    residents: Residents = 10_000,
    days: Days = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="种子 seed; 100 and above were not seen")] = 100,
    start: Start = START,
    behaviour: BehaviourName = "rough",
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """用模拟城市检验检测。Examine detection on a simulated city: recall, precision, lead."""
    # Detection takes seconds to load; the other commands do without.
    from fanzha.entrypoints.cli.city.examination import marked

    begun = time.monotonic()
    kind = behaviour_of(behaviour)
    city = generate(residents, days, seed, _instant(start), kind, tell=_say(begun))
    told = marked(city, _progress(begun))
    about = {
        "seed": seed,
        "behaviour": kind.version,
        "seen_while_building": seed < SEEN_SEEDS,
        "start": city.start.isoformat(),
    }
    if as_json:
        print(json.dumps({**about, **told.as_dict()}, ensure_ascii=False))
    else:
        print(report(told, about))


def _progress(begun: float) -> Callable[[int, int, int], None]:
    heard = begun

    def tell(at: int, rows: int, warnings: int) -> None:
        nonlocal heard
        if time.monotonic() - heard >= 5:
            heard = time.monotonic()
            told = f"{aware(at):%m-%d %H:%M}Z  {rows:,} 行 rows  {warnings:,} 预警 warnings"
            print(f"{heard - begun:6.1f} s  {told}", file=sys.stderr, flush=True)

    return tell


@app.command()
def stream(
    to: Annotated[str, typer.Option(help="中心地址 address of the centre")],
    key: Annotated[
        str, typer.Option(envvar="FANZHA_CITY_KEY", help="发送方密钥 key of the sender")
    ],
    residents: Residents = 20_000,
    seed: Seed = 1,
    behaviour: BehaviourName = "demo",
    days: Annotated[float, typer.Option(help="每段天数 days made at a time")] = 1.0,
    history_hours: Annotated[float, typer.Option(help="先送的历史小时数 history sent first")] = 2.0,
) -> None:
    """按真实时间播放城市，直到被停止。Play a city at the pace of the wall clock until stopped.

    Records come complete, once and in time, whatever the behaviour says of delivery.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    plan = Plan(history_hours=history_hours, days=days)
    with httpx.Client(base_url=to, timeout=30.0) as client:
        sender = Sender(client, key, stop.wait)
        maker = _maker(residents, seed, behaviour_of(behaviour).as_it_happened)
        broadcast = Broadcast(plan, maker, sender.send, _clock, stop.wait, _aloud())
        broadcast.run()
    count = broadcast.count
    refused = f"，拒收 refused {count.refused:,}" if count.refused else ""
    print(f"[city] 已停止 stopped：{count.accepted:,}{refused}", flush=True)


def _maker(residents: int, seed: int, behaviour: Behaviour) -> Maker:
    def made(
        start: int, days: float, *, quiet_hours: float, chapter: int, first_id: int, registry: bool
    ) -> Mapping[str, pa.Table]:
        return generate(
            residents, days, seed, aware(start), behaviour.quiet_for(quiet_hours),
            chapter=chapter, first_id=first_id, registry=registry,
        ).streams  # fmt: skip

    return made


def _clock() -> int:
    return instant.from_datetime(datetime.now(UTC)).ms


def _aloud(every_s: float = 60.0) -> Callable[[str, Count], None]:
    """Says what the broadcast does: each step once, then a line a minute."""
    begun = time.monotonic()
    words = {
        "registry": "居民登记已送 registry sent",
        "history": "历史已送 history sent",
        "live": "实时播放 live",
    }
    heard: dict[str, float] = {}

    def tell(part: str, count: Count) -> None:
        now = time.monotonic()
        if part not in heard or (part == "live" and now - heard[part] >= every_s):
            heard[part] = now
            refused = f"，拒收 refused {count.refused:,}" if count.refused else ""
            skipped = f"，略过 skipped {count.skipped:,}" if count.skipped else ""
            print(
                f"[city] {now - begun:6.1f} s  {words[part]}：{count.accepted:,}{refused}{skipped}",
                flush=True,
            )

    return tell


def behaviour_of(name: str) -> Behaviour:
    """A file, or one that ships with the project by its name."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        return load_behaviour(path)
    return load_behaviour(POLICIES / f"{name}.yaml")


def _instant(text: str) -> datetime:
    try:
        return instant.parse(text).at
    except Refused as error:
        raise typer.BadParameter(f"{error.zh} {error.en}", param_hint="--start") from error


def _say(begun: float) -> Tell:
    def say(part: str) -> None:
        print(f"{time.monotonic() - begun:6.1f} s  {_PARTS[part]}", file=sys.stderr, flush=True)

    return say


def _say_piece(begun: float) -> Callable[[str, int, int], None]:
    words = {**_PARTS, "piece": "段 pieces", "balances": "余额 balances"}

    def say(part: str, pieces: int, rows: int) -> None:
        done = f" {pieces:,}：{rows:,} 行 rows" if part == "piece" else ""
        took_s = time.monotonic() - begun
        print(f"{took_s:6.1f} s  {words[part]}{done}", file=sys.stderr, flush=True)

    return say
