"""`fanzha score cards`: cards and the accounts bound to them, ranked for re-verification."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fanzha.errors import Refused

if TYPE_CHECKING:
    import polars as pl

    from fanzha.detection.card.rank import Ranked
    from fanzha.entrypoints.cli.rows import Progress

__all__ = ["score"]

Lines = Annotated[Path, typer.Option(help="号卡记录 line records; - = stdin")]
Calls = Annotated[Path | None, typer.Option(help="通话记录 call records")]
Texts = Annotated[Path | None, typer.Option(help="短信记录 text records")]
Accounts = Annotated[Path | None, typer.Option(help="账户记录 account records")]
Subjects = Annotated[Path | None, typer.Option(help="登记库 subject records")]
Findings = Annotated[Path | None, typer.Option(help="已有命中 findings of `fanzha run`")]
Cells = Annotated[Path | None, typer.Option(help="高风险基站，每行一个 risky cells, one a line")]
Model = Annotated[
    Path | None, typer.Option(help="自定 card-v1*.yaml 的目录 folder of card-v1*.yaml of your own")
]
Out = Annotated[str, typer.Option(help="结果 answers: JSONL, Parquet; - = stdout")]


def score(
    lines: Lines,
    calls: Calls = None,
    texts: Texts = None,
    accounts: Accounts = None,
    subjects: Subjects = None,
    findings: Findings = None,
    cells: Cells = None,
    out: Out = "-",
    model: Model = None,
    everything: Annotated[bool, typer.Option("--all", help="连同无需处理的 also the rest")] = False,
) -> None:
    """号卡与绑定账户按重新核验的急缓排序。Rank cards and bound accounts for re-verification."""
    import polars as pl

    from fanzha.detection.call.filed import load_filed_numbers
    from fanzha.detection.card.rank import Cards, Records
    from fanzha.entrypoints.cli.admitted import admitted
    from fanzha.entrypoints.cli.rows import Progress, Writer, told
    from fanzha.entrypoints.cli.whole import apart, once
    from fanzha.settings import load

    once(lines, calls, texts, accounts, subjects, findings)
    apart(out, lines, calls, texts, accounts, subjects, findings)
    folder = load().policies / "detection"
    cards = Cards.load(model or folder)
    filed = load_filed_numbers(folder / "filed-numbers.yaml")
    told(f"{cards.cards.detector} {cards.cards.version}")
    progress = Progress("记录", "records")
    faults: list[dict[str, Any]] = []
    frames: dict[str, pl.DataFrame | None] = {}
    given = {"line": lines, "call": calls, "text": texts, "account": accounts, "subject": subjects}
    for stream, path in given.items():
        frames[stream] = None if path is None else admitted(path, stream, faults, progress)
    line = frames["line"]
    assert line is not None
    ranked = cards.rank(
        Records(
            line,
            frames["call"],
            frames["text"],
            frames["account"],
            frames["subject"],
            None if findings is None else _findings(findings, faults, progress),
        ),
        filed=filed.holds(pl.col("number")),
        risky_cells=_cells(cells),
    )
    with Writer(out) as writer:
        writer.write(_answers([one for one in ranked if everything or one.due_hours], faults))
    progress.done()
    asked = sum(one.due_hours is not None for one in ranked)
    said = f"须重新核验 to be verified again {asked:,} / {len(ranked):,}"
    typer.echo(f"{said}；坏行 bad rows {len(faults):,}", err=True)


def _findings(path: Path, faults: list[dict[str, Any]], progress: Progress) -> pl.DataFrame:
    """Subject, detector and score of findings about numbers; a row that lacks one is a fault."""
    import polars as pl

    from fanzha.entrypoints.cli.rows import read_rows

    kinds = {"subject": pl.String, "detector": pl.String, "score": pl.Float64}
    parts = []
    for part in read_rows(str(path), kinds):
        progress.add(part.frame.height + len(part.faults))
        told = [(line, f"{zh} {en}") for line, zh, en in part.faults]
        whole = part.frame.select(pl.all_horizontal(pl.all().is_not_null())).to_series()
        lacking = f"须有 {'、'.join(kinds)} needs {', '.join(kinds)}"
        told += [(line, lacking) for line, is_whole in zip(part.lines, whole, strict=True)
                 if not is_whole]  # fmt: skip
        faults += [{"file": path.name, "line": line, "error": said} for line, said in sorted(told)]
        parts.append(part.frame.filter(whole))
    return pl.concat(parts)


def _cells(path: Path | None) -> frozenset[str]:
    """Cells in normal form; a line that is no cell is `Refused`."""
    from fanzha.values import cell

    if path is None:
        return frozenset()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(
            "file_unreadable", zh="文件打不开", en="the file cannot be opened", field=path.name
        ) from error
    return frozenset(cell.parse(line).normal for line in text.splitlines() if line.strip())


def _answers(ranked: list[Ranked], faults: list[dict[str, Any]]) -> pl.DataFrame:
    """Ranked rows, then the rows that could not be read."""
    import polars as pl

    reason = {"code": pl.String, "zh": pl.String, "en": pl.String, "part": pl.Float64}
    kinds: dict[str, Any] = {
        "rank": pl.Int64, "kind": pl.String, "id": pl.String, "product": pl.String,
        "score": pl.Float64, "due_hours": pl.Int64, "todo_zh": pl.String, "todo_en": pl.String,
        "reasons": pl.List(pl.Struct(reason)), "missing": pl.List(pl.String),
        "file": pl.String, "line": pl.Int64, "error": pl.String,
    }  # fmt: skip
    rows = [
        {
            "rank": rank,
            "kind": one.kind,
            "id": one.subject,
            "product": one.product,
            "score": one.score,
            "due_hours": one.due_hours,
            "todo_zh": one.todo[0],
            "todo_en": one.todo[1],
            "reasons": [
                {"code": r.code, "zh": r.zh, "en": r.en, "part": r.part} for r in one.reasons
            ],
            "missing": list(one.missing),
        }
        for rank, one in enumerate(ranked, start=1)
    ]
    return pl.DataFrame([*rows, *faults], schema=kinds)
