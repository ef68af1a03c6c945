"""Lists as bytes and back: an Arrow IPC stream with zstd buffers, and the centre's signature of it.

Pure; the side that serves lists and the side that follows them both use it. The stream's schema
says of itself: `version`, `since` (changes only), `made_at` (seconds since 1970), `centre`, `rows`.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

import pyarrow as pa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from fanzha.errors import Refused
from fanzha.lists.form import CHANGES, ENTRIES, Lists
from fanzha.records.opened import size_of

__all__ = ["OPENED_MAX", "ROWS_MAX", "Parcel", "pack", "public_of", "sign", "unpack", "verify"]

ROWS_MAX = 100_000_000
OPENED_MAX = 4 << 30
"""Bytes of a stream once its buffers are opened; more is refused before any is."""
_BATCH_ROWS = 1 << 18
_VERSION_MAX = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Parcel:
    """What came in one body: the lists, when they were packed (seconds), and by which centre."""

    lists: Lists
    made_at: int
    centre: str


def pack(lists: Lists, *, made_at: int, centre: str) -> bytes:
    """The body of an answer. The same lists at the same instant give the same bytes."""
    said = {
        "version": str(lists.version),
        "made_at": str(made_at),
        "centre": centre,
        "rows": str(lists.entries.num_rows),
    }
    form = ENTRIES
    if lists.since is not None:
        said["since"] = str(lists.since)
        form = CHANGES
    table = lists.entries.select(form.names).cast(form).replace_schema_metadata(said)
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=_BATCH_ROWS)
    body: bytes = sink.getvalue().to_pybytes()
    return body


def unpack(body: bytes, *, opened_max: int = OPENED_MAX) -> Parcel:
    """What `pack` made of. Raises Refused where the bytes are anything else, or open into more than
    `opened_max` bytes; nothing is opened before that is known."""
    try:
        size = size_of(body)
    except (ValueError, OSError, pa.ArrowException) as error:
        raise _damaged() from error
    if not (0 <= size.rows <= ROWS_MAX and 0 <= size.bytes <= opened_max):
        raise Refused(
            "list_too_large", zh="名单过大", en="the list is larger than allowed", field="lists"
        )
    try:
        with pa.ipc.open_stream(body) as reader:
            schema = reader.schema
            said = _said(schema.metadata or {})
            form = ENTRIES if said.since is None else CHANGES
            if not schema.equals(form):
                raise _damaged()
            table = reader.read_all()
        table.validate(full=True)
    except (ValueError, OSError, pa.ArrowException) as error:
        raise _damaged() from error
    if table.num_rows != said.rows or any(column.null_count for column in table.columns):
        raise _damaged()
    lists = Lists(said.version, table.replace_schema_metadata(None), said.since)
    return Parcel(lists, said.made_at, said.centre)


def sign(body: bytes, private_key: bytes) -> str:
    """Base64 of the Ed25519 signature of a body, for `Fanzha-Signature`; the key is 32 bytes."""
    signature = Ed25519PrivateKey.from_private_bytes(private_key).sign(body)
    return base64.b64encode(signature).decode("ascii")


def public_of(private_key: bytes) -> bytes:
    """The public key (32 bytes) that edges check with."""
    return Ed25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def verify(body: bytes, signature: str, public_key: bytes) -> None:
    """Raises Refused where `signature` is not that of this body by the owner of the key."""
    try:
        given = base64.b64decode(signature, validate=True)
        Ed25519PublicKey.from_public_bytes(public_key).verify(given, body)
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise Refused(
            "list_signature",
            zh="名单没有本中心的有效签名",
            en="the list does not carry the centre's signature",
            field="signature",
        ) from error


@dataclass(frozen=True, slots=True)
class _Said:
    version: int
    since: int | None
    made_at: int
    centre: str
    rows: int


def _said(metadata: dict[bytes, bytes]) -> _Said:
    since = metadata.get(b"since")
    said = _Said(
        _number(metadata.get(b"version", b"")),
        None if since is None else _number(since),
        _number(metadata.get(b"made_at", b"")),
        metadata.get(b"centre", b"").decode("utf-8", "replace"),
        _number(metadata.get(b"rows", b"")),
    )
    if said.since is not None and said.since > said.version:
        raise _damaged()
    return said


def _number(text: bytes) -> int:
    if not (text.isdigit() and len(text) <= 19 and int(text) <= _VERSION_MAX):
        raise _damaged()
    return int(text)


def _damaged() -> Refused:
    return Refused(
        "list_damaged",
        zh="收到的名单无法识别",
        en="what came is not a list as this version knows it",
        field="lists",
    )
