"""A file of records as a frame, through the door, for commands that work on whole streams."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fanzha.entrypoints.cli.opened import absent
from fanzha.entrypoints.cli.whole import piped
from fanzha.entrypoints.encoding import forced, heard
from fanzha.errors import Refused

if TYPE_CHECKING:
    import polars as pl

__all__ = ["admitted"]

_TELLING = frozenset(
    {"event_id", "at", "caller", "callee", "number", "sender", "recipient", "payer", "payee",
     "account", "holder"}
)  # fmt: skip
"""Columns that tell a reader which stream is meant, of those it has."""


def admitted(path: Path, stream: str, faults: list[dict[str, Any]], progress: Any) -> pl.DataFrame:
    """The rows the door admits (`-`: of standard input); those it refuses are answered with their
    fault."""
    # Reading is loaded when it is done: help comes at once.
    import polars as pl

    from fanzha.detection.arrays import frame_of
    from fanzha.records.door import admit
    from fanzha.records.readers import read_file, read_open
    from fanzha.records.schemas import COLUMNS

    frames = []
    source = "stdin" if str(path) == "-" else path.stem
    chunks = (
        read_open(piped(), stream, source, encoding=forced(), heard=heard(path))
        if str(path) == "-"
        else read_file(path, stream, source, encoding=forced(), heard=heard(path))
    )
    for chunk in chunks:
        for refusal in chunk.refused:
            if not refusal.row:  # the file breaks off: what is ranked is ranked among all
                raise Refused(
                    "file_broken",
                    zh=f"{refusal.zh}；请重新取得，或先取出还能读的部分",
                    en=f"{refusal.en}; get it again, or give the part that can be read",
                    field=path.name,
                )
        names = {column.name for column in COLUMNS[stream]}
        if chunk.table.num_rows and names.isdisjoint(chunk.table.column_names):
            found = [*chunk.table.column_names, *chunk.unknown_columns]
            raise absent(str(path), [(name,) for name in sorted(names & _TELLING)], found)
        taken = admit(stream, chunk.table, source, rows=chunk.rows)
        frames.append(frame_of(taken.batch))
        progress.add(chunk.table.num_rows + len(chunk.refused))
        for refusal in (*chunk.refused, *taken.refused):
            said = f"{refusal.zh} {refusal.en}"
            faults.append({"file": path.name, "line": refusal.row, "error": said})
    if not frames:
        raise Refused(
            "file_empty", zh="文件没有记录", en="the file has no records", field=path.name
        )
    return pl.concat(frames, how="diagonal")
