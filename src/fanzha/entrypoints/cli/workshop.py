"""`fanzha rules`: check conditions, replay a draft over files, act on a centre's rules."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import yaml

from fanzha.errors import Refused
from fanzha.settings import load

if TYPE_CHECKING:
    from fanzha.bootstrap import Parts
    from fanzha.detection.rules.rule import RuleText
    from fanzha.lifecycles.actor import Actor
    from fanzha.usecases.workshop.compare import Comparison

rules = typer.Typer(help="规则工坊。Rules: check, replay, shadow, publish.", no_args_is_help=True)

RuleFile = Annotated[str, typer.Argument(help="规则文件 YAML，- 为标准输入 rule file, - is stdin")]
RuleName = Annotated[str, typer.Argument(help="规则编号 id of the rule")]
Version = Annotated[int, typer.Argument(help="版本 version")]
As = Annotated[str, typer.Option("--as", help="登录名 name you sign in with")]
Password = Annotated[
    str,
    typer.Option(envvar="FANZHA_PASSWORD", prompt="密码 password", hide_input=True, help="密码"),
]
File = Annotated[list[Path] | None, typer.Option(show_default=False)]
_KEYS = ("id", "channel", "when", "score", "title_zh", "title_en", "zh", "en", "scam_type", "stage")


@rules.command()
def check(rule: RuleFile) -> None:
    """核对语法、特征、类型与单位。Syntax, names, types and units; nothing is run."""
    from fanzha.detection.rules.rule import check as whole
    from fanzha.detection.rules.tokens import RuleRefused

    text = _read(rule)
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

    for s in complete(prefix, _names()[0].channel(channel)):
        print(f"{s.text:<26} {s.unit:<8} {s.zh} {s.en}".rstrip())


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
) -> None:
    """在历史记录上回放草稿。Replay a draft over files of records, beside the live version."""
    from fanzha.entrypoints.cli.workshop_replay import Wanted, run

    given = {
        "call": calls, "text": texts, "visit": visits, "app": apps, "transfer": transfers,
        "line": lines, "account": accounts, "subject": subjects,
    }  # fmt: skip
    streams = {stream: paths for stream, paths in given.items() if paths}
    if not streams:
        raise typer.BadParameter("没有给出任何文件 no file was given, e.g. --transfers FILE")
    catalogue, types = _names()
    draft, live = _read(rule), _read(str(against)) if against else None
    wanted = Wanted(draft, live, streams, truth, cases, keep)
    with tempfile.TemporaryDirectory(prefix="fanzha-replay-") as spill:
        found = run(wanted, load(), catalogue, types, Path(spill))
    _table(found)
    if out is not None:
        out.write_text(json.dumps(found.plain(), ensure_ascii=False, indent=1), encoding="utf-8")


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
    """列出规则。Every rule of the centre: newest version, state, what is live."""
    from fanzha.lifecycles.rule import states

    with _parts() as parts, parts.workshop.work() as unit:
        for newest in unit.rules.newest("", 10_000):
            live = [v.version for v in unit.rules.of(newest.rule) if v.state == states.LIVE]
            state = states.RULE.state(newest.state)
            now = f"在用 live v{live[0]}" if live else ""
            print(
                f"{newest.rule:<28} v{newest.version:<4} {state.zh} {state.en:<12} {now}".rstrip()
            )


@rules.command()
def draft(rule: RuleFile, name: As, password: Password) -> None:
    """存为草稿。Save as a draft in the centre."""
    from fanzha.usecases.workshop.act import save_draft

    text = _read(rule)
    with _parts() as parts:
        actor = _signed_in(parts, name, password)
        with parts.workshop.work() as unit:
            made = save_draft(unit, parts.bench, actor, text, _now())
    print(f"{made.rule} v{made.version}")


@rules.command()
def shadow(rule: RuleName, version: Version, name: As, password: Password) -> None:
    """进入影子。Count its hits beside what is live, without effect."""
    _act(rule, version, "start_shadow", name, password)


@rules.command()
def submit(rule: RuleName, version: Version, name: As, password: Password) -> None:
    """提请复核。Ask a second person to publish it; the gates must be passed."""
    _act(rule, version, "submit", name, password)


@rules.command()
def publish(rule: RuleName, version: Version, name: As, password: Password) -> None:
    """发布，须第二人。Publish, as somebody other than author and submitter."""
    _act(rule, version, "publish", name, password)


@rules.command()
def rollback(
    rule: RuleName, version: Version, name: As, password: Password,
    note: Annotated[str, typer.Option(help="理由 why")],
) -> None:  # fmt: skip
    """回退到此前的版本。Go back to the version before, at once."""
    _act(rule, version, "roll_back", name, password, note)


@rules.command()
def snooze(
    rule: RuleName, name: As, password: Password,
    note: Annotated[str, typer.Option(help="理由 why")],
    hours: Annotated[float, typer.Option(help="多少小时 for how long")],
    subject: Annotated[str | None, typer.Option(help="号码或账户 number or account")] = None,
    area: Annotated[str | None, typer.Option(help="地区代码 code of a district")] = None,
) -> None:  # fmt: skip
    """静默一段时间。Mute a rule for a subject, an area or altogether, until it expires."""
    from fanzha.entrypoints.api.workshop.routes import subject_of
    from fanzha.usecases.workshop.snooze import snooze as mute

    with _parts() as parts:
        actor = _signed_in(parts, name, password)
        with parts.workshop.work() as unit:
            made = mute(
                unit, parts.bench, actor, rule, until=_now() + timedelta(hours=hours), note=note,
                subject=subject_of(subject) if subject else None, area=area, now=_now(),
            )  # fmt: skip
    print(f"{made.id} → {made.until.isoformat()}")


def _act(rule: str, version: int, verb: str, name: str, password: str, note: str = "") -> None:
    from fanzha.entrypoints.api.workshop.view import gates_of
    from fanzha.lifecycles.rule import states
    from fanzha.usecases.workshop.act import Act, act, find

    with _parts() as parts:
        actor = _signed_in(parts, name, password)
        now = _now()
        with parts.workshop.work() as unit:
            before = find(unit, rule, version)
            passed = gates_of(unit, parts.bench.policy, before, now)
            after = act(
                unit, parts.bench, actor, before, Act(verb, before.state, note), passed, now
            )
    state = states.RULE.state(after.state)
    print(f"{after.rule} v{after.version}: {state.zh} {state.en}")


def _signed_in(parts: Parts, name: str, password: str) -> Actor:
    """Whoever acts signs in as at the console: two signatures are two people's here too."""
    token, who = parts.operators.sign_in(name, password, _now(), demo_allowed=False)
    parts.operators.sign_out(token)
    return who.actor


@contextmanager
def _parts() -> Iterator[Parts]:
    from fanzha.bootstrap import Parts

    parts = Parts(load())
    try:
        yield parts
    finally:
        parts.close()


def _now() -> Any:
    from fanzha.bootstrap import utc_now

    return utc_now()


def _names() -> tuple[Any, frozenset[str]]:
    """Published names and the codes of the taxonomy."""
    from fanzha.detection.rules.names import load_catalogue
    from fanzha.detection.taxonomy import TAXONOMY_FILE, load_taxonomy

    folder = load().policies
    taxonomy = load_taxonomy(folder / TAXONOMY_FILE)
    types = frozenset([*taxonomy.main_classes, *taxonomy.types])
    return load_catalogue(folder / "workshop" / "names.yaml"), types


def _read(source: str) -> RuleText:
    from fanzha.detection.rules.rule import RuleText

    try:
        given = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
        data = yaml.safe_load(given)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise Refused(
            "file_unreadable", zh="规则文件读不懂", en="the rule file cannot be read",
            field=Path(source).name,
        ) from error  # fmt: skip
    if not isinstance(data, dict) or not set(_KEYS[:8]) <= set(data) <= set(_KEYS):
        raise Refused(
            "rule_invalid",
            zh=f"规则文件须有 {'、'.join(_KEYS[:8])}，可有 scam_type、stage",
            en=f"a rule file has {', '.join(_KEYS[:8])}, and may have scam_type, stage",
        )
    words: dict[str, Any] = {
        k: v if k == "score" or v is None else str(v).rstrip("\n") for k, v in data.items()
    }
    if not isinstance(words["score"], int | float):
        raise Refused("rule_invalid", zh="评分是数", en="the score is a number", field="score")
    return RuleText(**words)


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
