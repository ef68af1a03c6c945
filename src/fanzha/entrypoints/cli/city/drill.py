"""`fanzha drill`: what the centre's guards hold against, played through on invented people."""

from __future__ import annotations

from typing import Annotated

import typer

drill = typer.Typer(help="演练。Drills on invented people.", no_args_is_help=True)


@drill.callback()
def _drill() -> None:
    """演练。Drills on invented people."""


@drill.command("poisoning")
def poisoning(
    reporters: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="最多多少人串通 colluding people at most")
    ] = 100_000,
) -> None:
    """串通举报能否使无辜号码被拒绝。Can people who collude get an innocent number refused?"""
    from fanzha.adapters.memory.register import MemoryRegister
    from fanzha.bootstrap import Parts, utc_now
    from fanzha.lifecycles.measure.model import Effect
    from fanzha.settings import load
    from fanzha.usecases.measure.poisoning import attacks

    register = Parts(load()).register
    bounds = register.policy.automatic
    below = (0.0, bounds.score_with_reports - 0.01, bounds.score_with_reports,
             bounds.score_least - 0.01)  # fmt: skip
    sizes = [10**n for n in range(7) if 10**n < reporters] + [reporters]
    print("模拟，人物均为虚构 simulated, everybody invented")
    print("串通人数 colluding  发现 finding  计数 counted  无人审批即采取 done without a person")
    refused = 0
    for attack in attacks(MemoryRegister, register, sizes, below, utc_now()):
        done = "无 nothing" if attack.effect is None else attack.effect.value
        refused += attack.effect is Effect.REFUSE
        print(f"{attack.reporters:>9,}  {attack.score:>5.2f}  {attack.counted:>9,}  {done}")
    print(f"至多 up to {reporters:,} 人 people: 被拒绝 refused {refused}")
    print(
        f"机器自己的发现达到 {bounds.score_least} 时才拒绝，与举报无关；到期自行结束，人可申诉\n"
        f"The machine refuses on a finding of its own of {bounds.score_least} or more only,"
        " whatever is reported; it ends by itself, and can be appealed."
    )
