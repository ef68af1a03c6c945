"""`fanzha classify app`, `train app`, `evaluate app`: APKs, or rows of facts about them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from fanzha.errors import FanzhaError, Refused

if TYPE_CHECKING:
    import polars as pl

    from fanzha.adapters.apk.reader import ApkReader
    from fanzha.detection.app.static.channel import StaticApps
    from fanzha.detection.app.static.facts import AppFacts

__all__ = ["classify", "evaluate", "train"]

_MODEL = "app"
_BATCH = 2_000
_FACTS = (".jsonl", ".ndjson", ".json", ".csv", ".parquet", ".pq", ".gz", ".jsonl.gz")
_TRUE, _FALSE = frozenset({"1", "true", "1.0", "yes"}), frozenset({"0", "false", "0.0", "no"})

Paths = Annotated[
    list[Path] | None, typer.Argument(help="安装包、文件夹，或事实文件 APKs, folders, or facts")
]
In = Annotated[str | None, typer.Option("--in", help="事实 facts: JSONL, CSV, Parquet; - = stdin")]
NeededIn = Annotated[str, typer.Option("--in", help="事实 facts: JSONL, CSV, Parquet; - = stdin")]
Out = Annotated[str, typer.Option("--out", help="结果 answers: JSONL, Parquet; - = stdout")]
Model = Annotated[Path | None, typer.Option(help="自训模型 model of your own")]
Keep = Annotated[
    str | None, typer.Option("--facts", help="另存读出的事实 also write the facts read from APKs")
]


def classify(
    paths: Paths = None, source: In = None, out: Out = "-", model: Model = None, facts: Keep = None
) -> None:
    """判别应用：看安装包或其事实。Judge apps by their files or by facts; a person confirms."""
    from fanzha.entrypoints.cli.rows import Progress, Writer, told

    rows_from = [str(p) for p in paths or [] if str(p) == "-" or p.suffix.lower() in _FACTS]
    files = [p for p in paths or [] if str(p) not in rows_from]
    rows_from += [source] if source else []
    if not files and not rows_from:
        raise Refused(
            "no_input", zh="请给出安装包路径或 --in", en="name APKs or give --in", field="--in"
        )
    judge = _judge(model)
    told(judge.version)
    progress = Progress("应用", "apps")
    with Writer(out) as writer:
        for path in rows_from:
            for part in _parts(path):
                writer.write(_answer(part, judge))
                progress.add(len(part))
        if files:
            _classify_files(files, judge, writer, facts, progress)
    progress.done()


def train(
    source: NeededIn, model: Annotated[Path, typer.Option(help="写到 where to write")]
) -> None:
    """用本中心的应用训练。Train on apps with `malicious` (0, 1) and perhaps `family`."""
    import numpy as np

    from fanzha.detection.app.static.families import Families
    from fanzha.detection.app.static.learned import fit
    from fanzha.detection.model_file import ModelFile, write_model
    from fanzha.entrypoints.cli.rows import told

    judge = _judge(None)
    apps, malicious, families, skipped = _labelled(source)
    if not apps:
        raise _unlabelled()
    arrays: dict[str, Any] = {}
    texts: dict[str, str] = {}
    marked = [i for i, truth in enumerate(malicious) if truth is not None]
    if marked:
        seen, odds = judge.evidence([apps[i] for i in marked])
        texts["weights"] = fit(seen, odds, np.array([malicious[i] for i in marked], np.bool_))
    known = [(app, name) for app, name in zip(apps, families, strict=True) if name]
    if known:
        held = Families.learn(known, judge.tables.markers.shared_keys)
        arrays, index = held.parts()
        texts |= index
    about = {
        "command": "fanzha train app",
        "apps": len(apps),
        "malicious": sum(truth is True for truth in malicious),
        "with_family": len(known),
        "skipped": skipped,
        "policies": judge.version,
    }
    made = ModelFile(_MODEL, about, arrays, texts)
    write_model(model, made)
    told(f"{made.version}  ({len(apps)} apps, {skipped} left out)")


def evaluate(source: NeededIn, model: Model = None) -> None:
    """度量：有 malicious 标记的应用。Measure on apps with `malicious` (0, 1), with intervals."""
    import json

    from fanzha.detection.app.static.figures import figures
    from fanzha.entrypoints.cli.rows import told

    judge = _judge(model)
    told(judge.version)
    apps, malicious, _, skipped = _labelled(source)
    pairs = [(app, truth) for app, truth in zip(apps, malicious, strict=True) if truth is not None]
    if not pairs:
        raise _unlabelled()
    verdicts = judge.judge([app for app, _ in pairs])
    scores = [-1.0 if v.score is None else v.score for v in verdicts]
    found = figures(scores, [truth for _, truth in pairs], judge.signals.suspicious)
    print(json.dumps({"model": judge.version, "skipped": skipped, **found}, ensure_ascii=False))


def _judge(model: Path | None) -> StaticApps:
    from fanzha.detection.app.static.channel import StaticApps
    from fanzha.detection.app.static.families import Families
    from fanzha.detection.app.static.learned import Learned
    from fanzha.detection.model_file import read_model
    from fanzha.settings import load

    policies = load().policies / "detection"
    if model is None:
        return StaticApps(policies)
    held = read_model(model, _MODEL)
    return StaticApps(policies, Learned.of(held), Families.of(held), held.version)


def _parts(path: str, extra: Sequence[str] = ()) -> Iterator[list[dict[str, Any]]]:
    """Rows of facts in pieces; one that cannot be read has `error`."""
    import polars as pl

    from fanzha.detection.app.static.facts import COLUMNS
    from fanzha.entrypoints.cli.rows import ID, read_rows

    # As texts: a list comes as JSON, so that no row is lost for the shape of one of its values.
    wanted: dict[str, type[pl.DataType]] = dict.fromkeys((*COLUMNS, *extra), pl.String)
    wanted["id"] = ID
    for part in read_rows(path, _as_stored(path, wanted)):
        rows = part.frame.to_dicts()
        for row, line in zip(rows, part.lines, strict=True):
            row["line"] = line
        for line, zh, en in part.faults:
            rows.append({"id": None, "line": line, "error": f"{zh} {en}"})
        rows.sort(key=lambda row: row["line"])
        for first in range(0, len(rows), _BATCH):
            yield rows[first : first + _BATCH]


def _as_stored(
    path: str, wanted: Mapping[str, type[pl.DataType]]
) -> Mapping[str, pl.DataType | type[pl.DataType]]:
    """The same columns, with lists as lists where the file is Parquet and has them so."""
    if Path(path).suffix not in (".parquet", ".pq"):
        return wanted
    import polars as pl

    try:
        stored = pl.read_parquet_schema(path)
    except (OSError, pl.exceptions.PolarsError):
        return wanted  # reading it says what is wrong
    lists = {name: kind for name, kind in stored.items() if isinstance(kind, pl.List | pl.Struct)}
    return {name: lists.get(name, kind) for name, kind in wanted.items()}


def _answer(rows: Sequence[Mapping[str, Any]], judge: StaticApps) -> pl.DataFrame:
    """Answers in the order of the rows, each with its `id` as it came."""
    from fanzha.detection.app.static.facts import AppFacts, facts_of

    apps = [AppFacts() if row.get("error") else facts_of(row) for row in rows]
    ids = [row.get("id") for row in rows]
    errors = [row.get("error") for row in rows]
    lines = [row.get("line") for row in rows]
    return _frame(ids, apps, judge, errors, lines)


def _frame(
    ids: Sequence[bytes | None],
    apps: Sequence[AppFacts],
    judge: StaticApps,
    errors: Sequence[str | None],
    lines: Sequence[int | None],
) -> pl.DataFrame:
    import polars as pl

    from fanzha.detection.app.static.channel import columns_of
    from fanzha.entrypoints.cli.rows import ID

    reason = {"code": pl.String, "zh": pl.String, "en": pl.String, "part": pl.Float64}
    kinds: dict[str, Any] = {
        "id": ID, "line": pl.Int64, "score": pl.Float64, "verdict": pl.String,
        "scam_type": pl.String, "imitates": pl.String, "family": pl.String,
        "likeness": pl.Float64, "reasons": pl.List(pl.Struct(reason)),
        "missing": pl.List(pl.String), "incomplete": pl.List(pl.String),
        "invalid": pl.List(pl.String), "error": pl.String,
    }  # fmt: skip
    verdicts = judge.judge(apps)
    columns = {"id": ids, "line": lines, **columns_of(verdicts), "error": errors}
    nothing = "没有可判断的事实 nothing to judge by"
    columns["error"] = [
        error or (nothing if one.score is None else None)
        for error, one in zip(errors, verdicts, strict=True)
    ]
    return pl.DataFrame(columns, schema=kinds)


def _classify_files(
    paths: Sequence[Path], judge: StaticApps, writer: Any, keep: str | None, progress: Any
) -> None:
    import contextlib
    import json

    from fanzha.adapters.apk.reader import ApkReader
    from fanzha.detection.app.static.facts import AppFacts, facts_of

    with contextlib.ExitStack() as stack:
        reader = stack.enter_context(ApkReader(judge.tables.markers.invite_words))
        kept = stack.enter_context(_opened(keep)) if keep else None
        for path in _files(paths):
            row = _read(reader, path)
            app = AppFacts() if "error" in row else facts_of(row)
            if kept is not None and "error" not in row:
                kept.write(json.dumps(row, ensure_ascii=False) + "\n")
            writer.write(
                _frame([json.dumps(str(path)).encode()], [app], judge, [row.get("error")], [None])
            )
            progress.add(1)


def _opened(path: str) -> IO[str]:
    try:
        return Path(path).open("w", encoding="utf-8")
    except OSError as error:
        raise Refused(
            "file_unwritable",
            zh="无法写入事实文件",
            en="the file of facts cannot be written",
            field=Path(path).name,
        ) from error


def _read(reader: ApkReader, path: Path) -> dict[str, Any]:
    """The facts of one file, or why there are none."""
    try:
        return {"id": str(path), **reader.read(path)}
    except FanzhaError as error:
        return {"id": str(path), "error": f"{error.code}: {error.zh} {error.en}"}


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    """The files named, and those below folders; links to folders are not followed."""
    for path in paths:
        if path.is_dir():
            apks = [f for f in path.rglob("*") if f.suffix.lower() == ".apk" and f.is_file()]
            if not apks:
                sys.stderr.write(f"{path.name}：没有 .apk 文件 holds no .apk file\n")
            yield from sorted(apks)
        else:
            yield path


def _labelled(
    source: str,
) -> tuple[list[AppFacts], list[bool | None], list[str | None], int]:
    """Facts with truth and family; rows with neither, and rows that cannot be read, are counted."""
    from fanzha.detection.app.static.facts import facts_of

    apps, malicious, families, skipped = [], [], [], 0
    for part in _parts(source, ("malicious", "family")):
        for row in part:
            said = str(row.get("malicious")).strip().lower()
            truth = True if said in _TRUE else False if said in _FALSE else None
            family = row.get("family") or None
            if row.get("error") or (truth is None and family is None):
                skipped += 1
                continue
            apps.append(facts_of(row))
            malicious.append(truth)
            families.append(family)
    return apps, malicious, families, skipped


def _unlabelled() -> Refused:
    return Refused(
        "labels_absent",
        zh="没有一行带 malicious（0、1）或 family",
        en="no row has malicious (0, 1) or family",
        field="malicious",
    )
