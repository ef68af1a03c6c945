"""Names and holders are sealed before a row reaches the log: detection works with their keys."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from fanzha.records.schemas import SEALED_COLUMNS

Seal = Callable[[str, str], str]
"""`(plain, context) -> sealed text`; the context (stream and column) is bound in."""


def seal_personal(stream: str, batch: pa.RecordBatch, seal: Seal) -> pa.RecordBatch:
    """The same admitted batch with its personal columns sealed. Each different value of a batch is
    sealed once; nulls stay null."""
    for name in SEALED_COLUMNS.get(stream, ()):
        place = batch.schema.get_field_index(name)
        plain = batch.column(place)
        if plain.null_count == len(plain):
            continue
        encoded = plain.dictionary_encode()
        context = f"{stream}.{name}"
        sealed = pa.array([seal(v, context) for v in encoded.dictionary.to_pylist()], pa.string())
        batch = batch.set_column(place, batch.schema.field(place), sealed.take(encoded.indices))
    return batch
