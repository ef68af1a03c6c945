"""`fanzha rules` on a centre: draft, rehearse, shadow, submit, publish, go back, snooze.

Whoever acts signs in as at the console: two signatures are two people's here too.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from fanzha.entrypoints.cli.workshop.files import RuleFile, RuleName, open_parts, rules

__all__ = ["rules"]

if TYPE_CHECKING:
    from fanzha.bootstrap import Parts
    from fanzha.lifecycles.actor import Actor

Version = Annotated[int, typer.Argument(help="版本 version")]
As = Annotated[str, typer.Option("--as", help="登录名 name you sign in with")]
Password = Annotated[
    str,
    typer.Option(envvar="FANZHA_PASSWORD", prompt="密码 password", hide_input=True, help="密码"),
]
Note = Annotated[str, typer.Option(help="理由 why")]
_HOURS_MOST = 10_000
"""More than any policy allows, and still an instant."""


@rules.command()
def draft(rule: RuleFile, name: As, password: Password) -> None:
    """存为草稿。Save as a draft in the centre."""
    from fanzha.entrypoints.rule_file import read_rule
    from fanzha.usecases.workshop.act import save_draft

    text = read_rule(rule)
    with open_parts() as parts:
        actor = _signed_in(parts, name, password)
        with parts.workshop.work() as unit:
            made = save_draft(unit, parts.bench, actor, text, _now())
    print(f"{made.rule} v{made.version}")


@rules.command()
def rehearse(rule: RuleName, version: Version, name: As, password: Password) -> None:
    """回放本中心的日志。Have the centre replay it over its own log; `gates` shows what came out."""
    _act(rule, version, "replay", name, password)


@rules.command()
def gates(rule: RuleName, version: Version) -> None:
    """发布条件与回放进度。The gates as they stand, and how far a rehearsal has come."""
    from fanzha.entrypoints.api.workshop.view import gates_of
    from fanzha.usecases.workshop.act import find

    with open_parts() as parts, parts.workshop.work() as unit:
        found = find(unit, rule, version)
        newest = unit.rehearsals.newest(rule, version)
        for gate in gates_of(unit, parts.bench.policy, found, _now()):
            mark = "✓" if gate.met else "✗"
            print(f"{mark} {gate.zh} {gate.en}: {gate.shown_zh} {gate.shown_en}")
    if newest is not None:
        print(f"回放 rehearsal: {newest.state} {newest.done_share:.0%}")


@rules.command()
def shadow(rule: RuleName, version: Version, name: As, password: Password) -> None:
    """进入影子。Count its hits beside what is live, without effect."""
    _act(rule, version, "start_shadow", name, password)


@rules.command()
def submit(rule: RuleName, version: Version, name: As, password: Password) -> None:
    """提请复核。Ask a second person to publish it; the gates must be passed."""
    _act(rule, version, "submit", name, password)


@rules.command("send-back")
def send_back(
    rule: RuleName, version: Version, name: As, password: Password, note: Note
) -> None:  # fmt: skip
    """退回影子。Back to shadow instead of publishing."""
    _act(rule, version, "send_back", name, password, note)


@rules.command()
def publish(rule: RuleName, version: Version, name: As, password: Password) -> None:
    """发布，须第二人。Publish, as somebody other than author and submitter."""
    _act(rule, version, "publish", name, password)


@rules.command()
def rollback(
    rule: RuleName, version: Version, name: As, password: Password,
    note: Note,
) -> None:  # fmt: skip
    """回退到此前的版本。Go back to the version before, at once."""
    _act(rule, version, "roll_back", name, password, note)


@rules.command()
def withdraw(rule: RuleName, version: Version, name: As, password: Password) -> None:
    """放弃未发布的版本。Give up a version that was never published."""
    _act(rule, version, "withdraw", name, password)


@rules.command()
def retire(
    rule: RuleName, version: Version, name: As, password: Password, note: Note
) -> None:  # fmt: skip
    """停用在用的版本。Take what is live out of use; nothing replaces it."""
    _act(rule, version, "retire", name, password, note)


@rules.command()
def snooze(
    rule: RuleName, name: As, password: Password,
    note: Note,
    hours: Annotated[float, typer.Option(help="多少小时 for how long")],
    subject: Annotated[str | None, typer.Option(help="号码或账户 number or account")] = None,
    area: Annotated[str | None, typer.Option(help="地区代码 code of a district")] = None,
) -> None:  # fmt: skip
    """静默一段时间。Mute a rule for a subject, an area or altogether, until it expires."""
    from fanzha.entrypoints.api.workshop.routes import subject_of
    from fanzha.usecases.workshop.snooze import snooze as mute

    if not 0 < hours <= _HOURS_MOST:
        raise typer.BadParameter(
            f"须为正数，至多 {_HOURS_MOST}  more than 0, at most {_HOURS_MOST}"
        )
    with open_parts() as parts:
        actor = _signed_in(parts, name, password)
        with parts.workshop.work() as unit:
            made = mute(
                unit, parts.bench, actor, rule, until=_now() + timedelta(hours=hours), note=note,
                subject=subject_of(subject) if subject else None, area=area, now=_now(),
            )  # fmt: skip
    print(f"{made.id} → {made.until.isoformat()}")


@rules.command()
def snoozes() -> None:
    """列出静默。What is mute now, until when, and why."""
    with open_parts() as parts, parts.workshop.work() as unit:
        for s in unit.snoozes.running(_now()):
            whom = s.mask or s.area or "全部 all"
            print(f"{s.id}  {s.rule:<28} {whom:<20} → {s.until.isoformat()}  {s.by}  {s.note}")


@rules.command()
def wake(
    snooze: Annotated[UUID, typer.Argument(help="静默编号 id of a snooze")],
    name: As, password: Password,
) -> None:  # fmt: skip
    """提前结束静默。End a snooze early: the rule speaks again."""
    from fanzha.usecases.workshop.snooze import end_snooze

    with open_parts() as parts:
        actor = _signed_in(parts, name, password)
        with parts.workshop.work() as unit:
            ended = end_snooze(unit, parts.bench, actor, snooze, _now())
    print(f"{ended.rule}: 恢复 speaks again")


def _act(rule: str, version: int, verb: str, name: str, password: str, note: str = "") -> None:
    from fanzha.entrypoints.api.workshop.view import gates_of
    from fanzha.lifecycles.rule import states
    from fanzha.usecases.workshop.act import Act, act, find

    with open_parts() as parts:
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
    # Whoever runs a command is on this machine; a centre that others reach has no demo accounts.
    demo = parts.settings.loopback
    token, who = parts.operators.sign_in(name, password, _now(), demo_allowed=demo)
    parts.operators.sign_out(token)
    return who.actor


def _now() -> datetime:
    from fanzha.bootstrap import utc_now

    return utc_now()
