"""`fanzha replay`: history through the engine alone; features, findings and risks out."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fanzha.entrypoints.cli.run_files import Ahead, File, by_stream
from fanzha.settings import load

if TYPE_CHECKING:
    from fanzha.entrypoints.replay.history import Outputs, Replayed
    from fanzha.entrypoints.replay.rehearse import Entry
    from fanzha.settings import Settings


_HOUR_MS = 3_600_000
_TURNS, _SPARSE = 100, 20
"""After how many turns of the engine, and below how many rows a turn, slices are too small."""


def replay(
    calls: File = None,
    texts: File = None,
    visits: File = None,
    apps: File = None,
    transfers: File = None,
    lines: File = None,
    accounts: File = None,
    subjects: File = None,
    from_log: Annotated[
        bool, typer.Option("--from-log", help="改读本中心的事件日志 the centre's log, no files")
    ] = False,
    after: Annotated[
        int, typer.Option(min=0, help="从日志的这个位置之后开始 begin after this position")
    ] = 0,
    features: Annotated[
        Path | None, typer.Option(help="每条记录的特征写到此目录 features of every row, Parquet")
    ] = None,
    findings: Annotated[Path | None, typer.Option(help="写出命中 findings as NDJSON")] = None,
    risks: Annotated[Path | None, typer.Option(help="写出风险 risks as NDJSON")] = None,
    refused: Annotated[Path, typer.Option(help="被拒的行写到这里 where refused rows go")] = Path(
        "refused.ndjson"
    ),
    slice_s: Annotated[
        int,
        typer.Option(
            "--slice",
            min=1,
            max=86_400,
            help="多个文件每次取多少秒，大则快 seconds of each stream in turn; more is faster",
        ),
    ] = 30,
    ahead: Ahead = False,
    keep: Annotated[
        Path | None, typer.Option(help="中断后从这里续做 folder to go on from when cut off")
    ] = None,
) -> None:
    """历史数据只过引擎，不用数据库。History through the engine alone: features, findings, risks."""
    from fanzha.entrypoints.replay.history import Outputs

    files = by_stream(
        calls=calls, texts=texts, visits=visits, apps=apps, transfers=transfers, lines=lines,
        accounts=accounts, subjects=subjects,
    )  # fmt: skip
    if bool(files) == from_log:
        raise typer.BadParameter(
            "请给出文件，或用 --from-log，二选一  give files, e.g. --calls FILE, or --from-log"
        )
    if after and not from_log:
        raise typer.BadParameter("--after 只用于 --from-log  goes with --from-log")
    if keep is not None and (from_log or features is not None):
        raise typer.BadParameter(
            "--keep 只用于文件，且不写特征  --keep goes with files and without --features"
        )
    outputs = Outputs(features=features, findings=findings, risks=risks)
    if from_log:
        _from_log(load(), after, outputs)
    else:
        _from_files(load(), files, outputs, refused, slice_s * 1000, ahead, keep)


def _from_files(
    settings: Settings,
    files: Mapping[str, Sequence[Path]],
    outputs: Outputs,
    refused: Path,
    slice_ms: int,
    ahead: bool,
    keep: Path | None,
) -> None:
    from fanzha.entrypoints.replay.files import missing, private_file
    from fanzha.entrypoints.replay.history import from_files
    from fanzha.entrypoints.replay.report import Tally
    from fanzha.errors import Refused
    from fanzha.records import quarantine
    from fanzha.records.quarantine import Refusal

    for paths in files.values():
        for path in paths:
            if not path.is_file():
                missing(path)
    tally = Tally()
    with ExitStack() as stack:
        out = cache(lambda: stack.enter_context(private_file(refused)))

        def refuse(refusals: Sequence[Refusal]) -> None:
            if refusals:
                quarantine.write(out(), refusals)
            tally.refused.update((r.stream, r.code) for r in refusals)

        spill = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fanzha-replay-")))
        entries = from_files(files, spill, tally, refuse, slice_ms, ahead=ahead)
        kept = (keep, _named(files, slice_ms, ahead)) if keep else None
        done = _replayed(settings, entries, outputs, slice_ms < _HOUR_MS, kept)
    _report(done)
    if count := sum(tally.refused.values()):
        print(f"被拒 refused {count:,} → {refused}")
    if not tally.total and tally.refused:
        raise Refused(
            "nothing_usable",
            zh=f"没有一行可用，原因见 {refused}",
            en=f"not one row could be used; why, says {refused}",
        )


def _named(files: Mapping[str, Sequence[Path]], slice_ms: int, ahead: bool) -> str:
    """What tells these entries from others: which files, as long and as old as they are."""
    digest = hashlib.sha256(f"{slice_ms} {ahead}".encode())
    for stream, paths in files.items():
        for path in paths:
            about = path.stat()
            digest.update(f"\0{stream}\0{path.name}\0{about.st_size}\0{about.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]


def _from_log(settings: Settings, after: int, outputs: Outputs) -> None:
    from fanzha.bootstrap import Parts
    from fanzha.entrypoints.replay.from_log import entries_of

    parts = Parts(settings)
    with ExitStack() as stack:
        if parts.servers.nats is not None and not settings.kafka_servers:
            stack.enter_context(parts.servers.nats)
        last, entries = stack.enter_context(entries_of(parts.log, after))
        sys.stderr.write(f"日志 log: {after:,} → {last:,}\n")
        done = _replayed(settings, entries, outputs)
    _report(done)
    print(f"位置 position {max(done.position, after):,}")


def _replayed(
    settings: Settings,
    entries: Iterable[Entry],
    outputs: Outputs,
    small_slices: bool = False,
    keep: tuple[Path, str] | None = None,
) -> Replayed:
    """With progress on standard error, and what to do where entries are too small to be quick."""
    from fanzha.entrypoints.cli.rows import Progress
    from fanzha.entrypoints.replay.history import replay as through_engine

    progress = Progress("回放", "replayed")
    turns = 0

    def told(rows: int) -> None:
        nonlocal turns
        turns += 1
        progress.add(rows)
        if small_slices and turns == _TURNS and progress.rows < _SPARSE * _TURNS:
            sys.stderr.write(
                "数据稀疏：--slice 3600 快得多，命中会略有不同\n"
                "sparse rows: --slice 3600 is much faster, findings differ a little\n"
            )

    done = through_engine(settings, entries, outputs, told, keep)
    progress.done()
    return done


def _report(done: Replayed) -> None:
    print(f"行 rows {sum(done.rows.values()):,}")
    for stream, count in sorted(done.rows.items()):
        print(f"  {stream:<10}{count:>12,}")
    print(f"重复 repeated {done.duplicates:,}，迟到 late {done.late:,}")
    print(f"命中 findings {sum(done.findings.values()):,}")
    for name, count in sorted(done.findings.items()):
        print(f"  {name:<18}{count:>12,}")
    print(f"风险 risks {done.risks:,}")
