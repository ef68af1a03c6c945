"""`fanzha score|train|evaluate accounts`: files of transfers in, scored accounts out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fanzha.entrypoints.cli.rows import Progress, Writer, told
from fanzha.entrypoints.cli.whole import apart, once, whole
from fanzha.errors import Refused

if TYPE_CHECKING:
    import polars as pl

    from fanzha.detection.account.batch.evaluate import Figure
    from fanzha.detection.account.batch.learn import Labelled
    from fanzha.detection.account.batch.transfers import Rows, Transfers

__all__ = ["evaluate", "score", "train"]

_NOTHING = (
    "没有可计入的转账：缺少对方或时间，或时间不可信 no transfer of it could be counted: the other "
    "side or the time is absent or cannot be believed"
)

_BOTH = ("payer", "payee")
_TRANSFERS = typer.Option(
    help="转账文件：payer, payee, amount（元，可无）, time；- 为标准输入。"
    "Transfers (Parquet, CSV, JSON Lines); amount in yuan may be absent; - is stdin."
)
_LABELS = typer.Option(
    help="标签文件：account, label（0/1），与转账文件成对。Labels, one file to each of transfers."
)
_AMOUNTS = typer.Option(
    help="让模型看金额；默认不看。Let the model see amounts; it does not by itself."
)
_SEED = typer.Option(help="随机种子。Seed.")
_OUT = typer.Option(help="输出（Parquet 或 JSON Lines；- 为标准输出）。Where scored accounts go.")
_MODEL = typer.Option(help="自己的模型；默认用随附的。A model of your own; else the shipped one.")
_NEW = typer.Option(help="模型写到哪里。Where the model goes.")
_MEASURED = typer.Option(
    help="只量这个模型；否则现训现量。Measure this model; else train and measure."
)
_FOLDS = typer.Option(
    min=0,
    max=5,
    help="五折中实测几折，每折再训一次；0 不量。Of five folds, how many are measured, each by a "
    "further training; 0: none.",
)
_LEAST = typer.Option(help="分数不低于此值才给理由。Reasons from this score up.")
_INVENTED = typer.Option(
    min=0,
    help="另加几个模拟经济体，教其所缺的手法。Simulated economies added, for kinds the data lack.",
)


def score(
    transfers: Annotated[str, _TRANSFERS],
    out: Annotated[str, _OUT],
    model: Annotated[Path | None, _MODEL] = None,
    least: Annotated[float, _LEAST] = 0.05,
) -> None:
    """给转账里的每个账户评分并说明理由。Score every account that the transfers name."""
    from fanzha.detection.account.batch.familiar import SIDES
    from fanzha.detection.account.batch.model import read_account_model, see
    from fanzha.detection.account.batch.transfers import transfers_of

    apart(out, transfers)
    moved = transfers_of(whole(transfers, _BOTH))
    _say_faults(moved)
    chosen = read_account_model(model)
    told(chosen.version)
    if chosen.uses_amounts and not moved.amounts_known:
        _say("模型会看金额，此文件没有可用的金额", "the model looks at amounts; here are none")
    progress = Progress("账户", "accounts")
    seen = see(moved, chosen.uses_amounts)
    if n := seen.truncated:
        _say(f"{n} 个账户的资金环未查完", f"the search for rings was cut short at {n} accounts")
    if strange := chosen.strange(seen):
        here, sides = "、".join(SIDES[side] for side in strange), ", ".join(strange)
        _say(
            f"此文件与模型所学相差较大（{here}），分数已拉向常值，请勿单凭分数下结论",
            f"this file is unlike what the model learned from ({sides}): scores are drawn towards "
            "the usual; do not rely on them alone",
        )
    found = chosen.score(seen, least=least, told=progress.add)
    with Writer(out) as writer:
        writer.write(_with_errors(found))
    progress.done()


def _with_errors(found: pl.DataFrame) -> pl.DataFrame:
    """An account whose every transfer was left out says so."""
    import polars as pl

    return found.with_columns(
        pl.when(pl.col("score").is_null()).then(pl.lit(_NOTHING)).alias("error")
    )


def train(
    transfers: Annotated[list[str], _TRANSFERS],
    labels: Annotated[list[str], _LABELS],
    model: Annotated[Path, _NEW],
    amounts: Annotated[bool, _AMOUNTS] = False,
    invented: Annotated[int, _INVENTED] = 2,
    folds: Annotated[int, _FOLDS] = 1,
    seed: Annotated[int, _SEED] = 1,
) -> None:
    """用带标签的转账训练；选项可成对重复。Train; repeat --transfers and --labels in pairs."""
    from fanzha.detection.account.batch.evaluate import across_accounts
    from fanzha.detection.account.batch.learn import added, fit
    from fanzha.detection.model_file import write_model
    from fanzha.entrypoints.training_report import reported

    apart(model, *transfers, *labels)
    own = _sets(transfers, labels, amounts)
    beside = added(invented, amounts)
    sets = own + beside
    command = f"fanzha train accounts --seed {seed} --invented {invented}"
    made = fit(
        sets,
        seed=seed,
        amounts=amounts,
        about={"command": command + " --amounts" * amounts},
        told=lambda step: _say(f"训练：{step}", f"training: {step}"),
    )
    write_model(model, made.file)
    told(made.version)
    report = {"model": made.version, **made.file.about, "parts_of_five_measured": folds}
    measuring = across_accounts(
        own, beside, seed, amounts, lambda step: _say(f"度量：{step}", f"measuring: {step}"), folds
    )
    figures = {one.name: one.as_json() for one in measuring} if folds else {}
    reported(model, {**report, "figures": figures})


def evaluate(
    transfers: Annotated[list[str], _TRANSFERS],
    labels: Annotated[list[str], _LABELS],
    model: Annotated[Path | None, _MEASURED] = None,
    amounts: Annotated[bool, _AMOUNTS] = False,
    invented: Annotated[int, _INVENTED] = 2,
    seed: Annotated[int, _SEED] = 1,
) -> None:
    """AUC 与平均精确率，附 95% 区间。AUC, average precision, intervals."""
    from fanzha.detection.account.batch import evaluate as measure
    from fanzha.detection.account.batch.learn import added
    from fanzha.detection.account.batch.model import read_account_model

    if model is not None:
        chosen = read_account_model(model)
        told(chosen.version)
        for one in _sets(transfers, labels, chosen.uses_amounts):
            _show(measure.scored(chosen, one, one.name))
        return
    sets = _sets(transfers, labels, amounts)
    beside = added(invented, amounts)
    for figure in measure.all_ways(
        sets, beside, seed, amounts, lambda step: _say(f"度量：{step}", f"measuring: {step}")
    ):
        _show(figure)


def _sets(transfers: list[str], labels: list[str], amounts: bool) -> list[Labelled]:
    from fanzha.detection.account.batch.learn import labels_of
    from fanzha.detection.account.batch.transfers import transfers_of

    if len(transfers) != len(labels):
        raise Refused(
            "pairs_uneven",
            zh="--transfers 与 --labels 须成对给出",
            en="--transfers and --labels come in pairs",
            field="labels",
        )
    once(*transfers, *labels)
    sets = []
    for moved, known in zip(transfers, labels, strict=True):
        table = transfers_of(whole(moved, _BOTH))
        _say_faults(table)
        shown = table if amounts else table.without_amounts()
        sets.append(labels_of(Path(moved).stem, shown, whole(known, ("account",)), amounts))
        if sets[-1].unknown:
            n = sets[-1].unknown
            _say(f"{n} 个有标签的账户没有转账", f"{n} labelled accounts have no transfer")
    return sets


def _say_faults(moved: Transfers) -> None:
    """Which rows are not counted, or without their amount, and why."""
    for (zh, en), rows in moved.left_out.items():
        at = _which(rows)
        _say(f"{rows.count} 行{zh}，未计入（{at}）", f"{rows.count} rows {en}, not counted ({at})")
    for (zh, en), rows in moved.hidden.items():
        at = _which(rows)
        _say(
            f"{rows.count} 行{zh}，按无金额计（{at}）",
            f"{rows.count} rows {en}, counted without it ({at})",
        )
    if moved.repeated * 10 > len(moved):
        n = moved.repeated
        _say(
            f"{n} 行与前面的行完全相同：若是文件重复导出，请先去重，否则分数偏高",
            f"{n} rows equal an earlier one in every column: if the file was exported twice, "
            "remove them first, else scores are too high",
        )


def _which(rows: Rows) -> str:
    """The first rows by number."""
    shown = ", ".join(map(str, rows.first))
    return f"行 row {shown}" + (", …" if rows.count > len(rows.first) else "")


def _say(zh: str, en: str) -> None:
    sys.stderr.write(f"{zh} · {en}\n")


def _show(figure: Figure) -> None:
    sys.stdout.write(
        f"{figure.name}  n={figure.accounts:,} suspects={figure.suspects:,}  "
        f"AUC {figure.auc:.4f} [{figure.auc_interval[0]:.4f}, {figure.auc_interval[1]:.4f}]  "
        f"AP {figure.precision:.4f} "
        f"[{figure.precision_interval[0]:.4f}, {figure.precision_interval[1]:.4f}]  "
        f"F1 {figure.f1:.4f} [{figure.f1_interval[0]:.4f}, {figure.f1_interval[1]:.4f}]\n"
    )
    sys.stdout.flush()
