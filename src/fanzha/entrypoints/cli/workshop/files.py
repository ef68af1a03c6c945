"""`fanzha rules`: check conditions, replay a draft over files, list what a centre has."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fanzha.entrypoints.cli.run_files import Ahead, File, by_stream
from fanzha.errors import Refused
from fanzha.settings import load

if TYPE_CHECKING:
    from fanzha.bootstrap import Parts
    from fanzha.usecases.workshop.compare import Comparison

rules = typer.Typer(help="规则工坊。Rules: check, replay, shadow, publish.", no_args_is_help=True)

RuleFile = Annotated[str, typer.Argument(help="规则文件 YAML，- 为标准输入 rule file, - is stdin")]
RuleName = Annotated[str, typer.Argument(help="规则编号 id of the rule")]


@rules.command()
def check(rule: RuleFile) -> None:
    """核对语法、特征、类型与单位。Syntax, names, types and units; nothing is run."""
    from fanzha.detection.rules.rule import check as whole
    from fanzha.detection.rules.tokens import RuleRefused
    from fanzha.entrypoints.rule_file import read_rule

    text = read_rule(rule)
    catalogue, types = _names()
    try:
        condition = whole(text, catalogue, types)
    except RuleRefused as error:
        _point(text.when, error.at)
        raise
    channel = catalogue.channel(text.channel)
    print(f"✓ {text.id}: {text.title_zh} {text.title_en}")
    for name in condition.names:
        known = channel.names[name]
        print(f"  {name:<24} {known.type.words[0]} {known.type.words[1]:<8} {known.zh} {known.en}")


@rules.command("complete")
def complete_(
    prefix: Annotated[str, typer.Argument(help="开头 beginning of a name")] = "",
    channel: Annotated[str, typer.Option(help="通道 channel")] = "transfer_payer",
) -> None:
    """补全特征名，附定义与单位。Names that fit, with definitions and units."""
    from fanzha.detection.rules.complete import complete

    names = _names()[0]
    found = complete(prefix, names.channel(channel))
    for s in found:
        print(f"{s.text:<26} {s.unit:<8} {s.zh} {s.en}".rstrip())
    if not found:
        holding = [code for code in names.channels if complete(prefix, names.channel(code))]
        raise Refused(
            "names_none",
            zh=f"通道 {channel} 里没有以此开头的名称；用 --channel 看别的通道："
            + "、".join(holding or names.channels),
            en=f"channel {channel} has no name that begins so; look in another with --channel: "
            + ", ".join(holding or names.channels),
        )


@rules.command()
def replay(
    rule: RuleFile,
    against: Annotated[Path | None, typer.Option(help="在用的版本 the live version")] = None,
    calls: File = None,
    texts: File = None,
    visits: File = None,
    apps: File = None,
    transfers: File = None,
    lines: File = None,
    accounts: File = None,
    subjects: File = None,
    truth: Annotated[
        Path | None, typer.Option(help="真相：NDJSON 或城市的 truth 目录 NDJSON or a city's folder")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="结果 JSON the comparison as JSON")] = None,
    cases: Annotated[
        Path | None, typer.Option(help="只有草稿命中的行 NDJSON what only the draft hits")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="中断后从这里续做 folder to go on from when cut off")
    ] = None,
    ahead: Ahead = False,
) -> None:
    """在历史记录上回放草稿。Replay a draft over files of records, beside the live version."""
    from fanzha.entrypoints.cli.workshop.replay import Wanted, run
    from fanzha.entrypoints.replay.files import private_file
    from fanzha.entrypoints.rule_file import read_rule

    streams = by_stream(
        calls=calls, texts=texts, visits=visits, apps=apps, transfers=transfers, lines=lines,
        accounts=accounts, subjects=subjects,
    )  # fmt: skip
    if not streams:
        raise typer.BadParameter("没有给出任何文件 no file was given, e.g. --transfers FILE")
    catalogue, types = _names()
    draft, live = read_rule(rule), read_rule(str(against)) if against else None
    wanted = Wanted(draft, live, streams, truth, cases, keep, ahead)
    with tempfile.TemporaryDirectory(prefix="fanzha-replay-") as spill:
        found = run(wanted, load(), catalogue, types, Path(spill))
    _table(found)
    if out is not None:
        with private_file(out) as file:
            file.write(json.dumps(found.plain(), ensure_ascii=False, indent=1))


@rules.command()
def work() -> None:
    """运行工坊里要求的回放。Run the replays that were asked for in the workshop, then end."""
    import logging

    from fanzha.bootstrap import Parts
    from fanzha.entrypoints.replay.asked import run_asked

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    parts = Parts(load())
    try:
        while run_asked(parts, parts.log):
            pass
    finally:
        parts.close()


@rules.command("list")
def list_() -> None:
    """列出规则。Every rule of the centre: the newest version, and what is in shadow or live."""
    from fanzha.lifecycles.rule import states

    with open_parts() as parts, parts.workshop.work() as unit:
        found = unit.rules.newest("", 10_000)
        if not found:
            print("还没有规则 no rules yet: fanzha rules draft RULE.yaml --as NAME")
        for newest in found:
            for v in unit.rules.of(newest.rule):
                if v.version == newest.version or v.state in states.IN_FORCE:
                    state = states.RULE.state(v.state)
                    print(f"{v.rule:<28} v{v.version:<4} {state.zh} {state.en}")


@rules.command()
def show(
    rule: RuleName,
    version: Annotated[int | None, typer.Option(help="版本，缺省最新 else the newest")] = None,
) -> None:
    """取回规则文件。The rule as a file: edit it and save it again as the next version."""
    from fanzha.entrypoints.rule_file import written
    from fanzha.usecases.workshop.act import find

    with open_parts() as parts, parts.workshop.work() as unit:
        if version is None:
            version = max((v.version for v in unit.rules.of(rule)), default=0)
        text = find(unit, rule, version).text
    print(written(text))


@contextmanager
def open_parts() -> Iterator[Parts]:
    from fanzha.bootstrap import Parts

    parts = Parts(load())
    try:
        yield parts
    finally:
        parts.close()


def _names() -> tuple[Any, frozenset[str]]:
    """Published names and the codes of the taxonomy."""
    from fanzha.detection.rules.names import load_catalogue
    from fanzha.detection.taxonomy import TAXONOMY_FILE, load_taxonomy

    folder = load().policies
    taxonomy = load_taxonomy(folder / TAXONOMY_FILE)
    types = frozenset([*taxonomy.main_classes, *taxonomy.types])
    return load_catalogue(folder / "workshop" / "names.yaml"), types


def _point(when: str, at: int) -> None:
    """The line of the condition, and a mark under the place."""
    begin = when.rfind("\n", 0, at) + 1
    end = when.find("\n", at)
    line = when[begin : end if end >= 0 else None]
    sys.stderr.write(f"  {line}\n  {' ' * (at - begin)}^\n")


def _table(found: Comparison) -> None:
    print(f"{found.rows:,} 行 rows，{found.seconds:.1f} s，只有草稿命中 only the draft: "
          f"{len(found.only_draft):,}")  # fmt: skip
    print(f"{'':<40}{'在用 live':>14}{'草稿 draft':>14}{'差 difference':>16}  95 %")
    for line in found.lines:
        low, high = line.draft_low, line.draft_high
        interval = "" if low is None or high is None else f"{_figure(low)}–{_figure(high)}"
        print(
            f"{line.zh + ' ' + line.en:<40}{_figure(line.live):>14}{_figure(line.draft):>14}"
            f"{_figure(line.difference):>16}  {interval}"
        )


def _figure(value: float | None) -> str:
    return "—" if value is None else f"{value:,.4g}"
