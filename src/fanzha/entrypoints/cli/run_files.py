"""`fanzha run`: files through the whole road of live events; findings, warnings and counts out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fanzha.settings import load

_FILE = "Parquet, Arrow, CSV, NDJSON (.gz)"
File = Annotated[list[Path] | None, typer.Option(help=_FILE, show_default=False)]
Ahead = Annotated[
    bool,
    typer.Option(
        "--ahead", help="也收晚于本机时钟的行（模拟数据） rows later than this clock too: simulated"
    ),
]


def by_stream(**given: list[Path] | None) -> dict[str, list[Path]]:
    """The files of each stream, by options named for the stream in the plural."""
    return {option.removesuffix("s"): paths for option, paths in given.items() if paths}


def run(
    calls: File = None,
    texts: File = None,
    visits: File = None,
    apps: File = None,
    transfers: File = None,
    lines: File = None,
    accounts: File = None,
    subjects: File = None,
    findings: Annotated[Path | None, typer.Option(help="写出命中 findings as NDJSON")] = None,
    warnings: Annotated[Path | None, typer.Option(help="写出预警 warnings as NDJSON")] = None,
    refused: Annotated[Path, typer.Option(help="被拒的行写到这里 where refused rows go")] = Path(
        "refused.ndjson"
    ),
    data: Annotated[
        Path | None, typer.Option(help="在这个目录建立中心 a centre there, kept afterwards")
    ] = None,
    ahead: Ahead = False,
) -> None:
    """把文件送过与实时数据相同的路。Push files through the same path as live feeds, and report."""
    from fanzha.adapters.postgres.service_user import temporary
    from fanzha.entrypoints.ending import raised
    from fanzha.entrypoints.replay.files import Files, run_files

    files = by_stream(
        calls=calls, texts=texts, visits=visits, apps=apps, transfers=transfers, lines=lines,
        accounts=accounts, subjects=subjects,
    )  # fmt: skip
    if not files:
        raise typer.BadParameter("没有给出任何文件 no file was given, e.g. --calls FILE")
    wanted = Files(files, findings=findings, warnings=warnings, refused=refused, ahead=ahead)
    settings = load()
    with raised():
        if data is not None:
            run_files(wanted, settings.model_copy(update={"data": data}))
            return
        with temporary("fanzha-run-") as folder:
            run_files(wanted, settings.model_copy(update={"data": folder}))
