"""`fanzha city`: an invented city as files, as a live feed, or as an examination of detection."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from fanzha.city import files
from fanzha.city.behaviour import Behaviour, load_behaviour
from fanzha.city.generate import POLICIES, City, Tell, generate
from fanzha.errors import Refused
from fanzha.values import instant

app = typer.Typer(
    help="模拟城市：居民、日常与诈骗均为虚构。An invented city: its people, days and scams.",
    invoke_without_command=True,
    no_args_is_help=True,
)

START = "2026-03-02T00:00:00+08:00"
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

Residents = Annotated[int, typer.Option(help="居民数 residents, 100 – 100,000")]
Seed = Annotated[int, typer.Option(min=0, help="种子 seed: the same gives the same city")]
BehaviourName = Annotated[
    str, typer.Option(help="行为文件或其名称 behaviour file, or default, demo, rough")
]


@app.callback()
def make(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option(help="输出文件夹 folder to write")] = None,
    residents: Residents = 10_000,
    days: Annotated[float, typer.Option(help="天数 days")] = 1.0,
    seed: Seed = 1,
    start: Annotated[str, typer.Option(help="起始时刻 first instant, with time zone")] = START,
    behaviour: BehaviourName = "default",
    call_phases: Annotated[
        str, typer.Option(help="all, 或只有话单 end: finished calls only")
    ] = "all",
) -> None:
    """生成城市文件。Write a city: eight Parquet streams, and the truth apart in DIR/truth."""
    if context.invoked_subcommand is not None:
        return
    if out is None:
        raise typer.BadParameter("缺少输出文件夹 --out is needed", param_hint="--out")
    begun = time.monotonic()
    city = generate(
        residents,
        days,
        seed,
        _instant(start),
        behaviour_of(behaviour),
        call_phases=call_phases,
        tell=_say(begun),
    )
    files.write(city, out)
    _summary(city, out, time.monotonic() - begun)


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


def _summary(city: City, out: Path, took_s: float) -> None:
    for stream, table in city.streams.items():
        print(f"{stream:<10}{table.num_rows:>12,}")
    incidents = city.truth["truth_incident"]
    print(f"诈骗事件 scam incidents {incidents.num_rows:,}（模拟 simulated）")
    print(f"已写入 written to {out}，真相在 truth in {out / files.TRUTH}，{took_s:.1f} s")
