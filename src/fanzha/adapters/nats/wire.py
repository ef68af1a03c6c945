"""What travels over NATS: foreign batches, names as subject tokens. Pure; no socket."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, unquote

import pyarrow as pa

from fanzha.errors import Refused
from fanzha.records.batches import empty_batch
from fanzha.records.opened import BYTES_MAX, ROWS_MAX, size_of, spread_of

_TOKEN_MAX = 200
_KEY_MAX = 512


def decode_foreign(payload: bytes) -> pa.RecordBatch:
    """A batch that somebody else made: its size first, then every offset and every letter."""
    try:
        if not size_of(payload).bearable:
            raise _too_large()
        with pa.ipc.open_stream(payload) as reader:
            table = reader.read_all()
        table.validate(full=True)
        batches = table.combine_chunks().to_batches()
    except (pa.ArrowException, OSError, ValueError, EOFError, OverflowError) as error:
        raise Refused(
            "not_arrow",
            zh="内容不是完整的 Arrow IPC 流",
            en="the payload is not a complete Arrow IPC stream",
            field="payload",
        ) from error
    if not batches:
        raise empty_batch()
    if spread_of(batches[0]) > BYTES_MAX:
        raise _too_large()
    return batches[0]


def _too_large() -> Refused:
    return Refused(
        "batch_too_large",
        zh=f"批次展开后超过 {ROWS_MAX} 行或 {BYTES_MAX >> 20} MiB，请分批发送",
        en=f"opened, the batch has over {ROWS_MAX} rows or {BYTES_MAX >> 20} MiB; send it in parts",
        field="payload",
    )


def token(name: str, field: str) -> str:
    """A name as one token of a subject: letters, digits, `-` and `_` stay, the rest is escaped."""
    quoted = _quoted(name, "").replace(".", "%2E").replace("~", "%7E")
    if not quoted or len(quoted) > _TOKEN_MAX:
        raise Refused(
            "bad_name",
            zh=f"名称为空或过长（{len(name)} 个字符）",
            en=f"the name is empty or too long ({len(name)} characters)",
            field=field,
        )
    return quoted


def message_id(key: str) -> str:
    """The key as a header value: one line of ASCII."""
    quoted = _quoted(key, "/:#@")
    if not quoted or len(quoted) > _KEY_MAX:
        raise Refused(
            "bad_key",
            zh=f"键为空或过长（{len(key)} 个字符）",
            en=f"the key is empty or too long ({len(key)} characters)",
            field="key",
        )
    return quoted


def _quoted(text: str, safe: str) -> str:
    """Empty where the text is no text: half a surrogate pair."""
    try:
        return quote(text, safe=safe)
    except UnicodeEncodeError:
        return ""


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as JetStream keeps it."""

    sequence: int
    stream: str
    sender: str
    at: datetime
    payload: bytes


def stored(subject: str, headers: dict[str, str], payload: bytes) -> Stored:
    """Read back `<prefix>.<stream>.<sender>` and what the server wrote into the headers."""
    _, stream, sender = subject.split(".", 2)
    return Stored(
        sequence=int(headers["Nats-Sequence"]),
        stream=unquote(stream),
        sender=unquote(sender),
        at=datetime.fromisoformat(headers["Nats-Time-Stamp"]),
        payload=payload,
    )
