"""A city as files: eight Parquet streams, and the truth in a folder of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from fanzha.city.generate import City

TRUTH = "truth"


def write(city: City, out: Path) -> list[Path]:
    """Write `STREAM.parquet` a stream, `truth/*.parquet` and `truth/opening.parquet`.

    The same city gives the same bytes. Files of an earlier city in the folder are replaced.
    """
    truth = {**city.truth, "opening": city.opening}
    return _written(city.streams, out) + _written(truth, out / TRUTH)


def _written(tables: Mapping[str, pa.Table], folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, table in tables.items():
        path = folder / f"{name}.parquet"
        pq.write_table(table, path, compression="zstd")
        paths.append(path)
    return paths
