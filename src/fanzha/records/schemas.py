"""The eight streams as outsiders send them: columns, types, enumerations, personal columns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import pyarrow as pa

INSTANT: Final = pa.timestamp("ms", tz="UTC")


class Identifier(StrEnum):
    """What an identifier column holds; decides how the door reads it and which columns it adds."""

    NUMBER = "number"
    IMSI = "imsi"
    IMEI = "imei"
    CELL = "cell"
    ACCOUNT = "account"
    HOLDER = "holder"
    SUBSCRIBER = "subscriber"
    SENDER = "sender"
    URL = "url"
    DISTRICT = "district"
    NAME = "name"
    TOKEN = "token"  # noqa: S105 - a person's token, not a password


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `required` columns may be neither missing nor null in any row.

    `values` closes an enumeration. `minimum` and `maximum` are inclusive bounds of a number.
    `identifier` says that the door normalises the text and adds `<name>_key` (uint64, 0 where null)
    and, where the identifier has kinds, `<name>_kind` (dictionary of strings, null where null).
    `default` fills nulls of an optional column. `longest` bounds a text in characters.
    """

    name: str
    type: pa.DataType
    required: bool = False
    values: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    identifier: Identifier | None = None
    default: str | None = None
    longest: int = 512


#: Identifiers that have kinds, and so get a `<name>_kind` column.
KINDED: Final = frozenset(
    {Identifier.NUMBER, Identifier.SUBSCRIBER, Identifier.SENDER, Identifier.ACCOUNT}
)

_ID = pa.uint64()
_TEXT = pa.string()
_COMMON = (
    Column("event_id", _ID, required=True),
    Column("source", _TEXT, longest=64),
    Column("at", INSTANT, required=True),
)


def _text(name: str, *, required: bool = False, longest: int = 512) -> Column:
    return Column(name, _TEXT, required=required, longest=longest)


def _one_of(name: str, *values: str, required: bool = False) -> Column:
    return Column(name, _TEXT, required=required, values=values)


def _identifier(
    name: str, identifier: Identifier, *, required: bool = False, longest: int = 256
) -> Column:
    return Column(name, _TEXT, required=required, identifier=identifier, longest=longest)


COLUMNS: Final[dict[str, tuple[Column, ...]]] = {
    "call": (
        *_COMMON,
        Column("call_id", _ID, required=True),
        _one_of("phase", "start", "answer", "end", required=True),
        _identifier("caller", Identifier.NUMBER, required=True),
        _identifier("callee", Identifier.NUMBER, required=True),
        _identifier("asserted_caller", Identifier.NUMBER),
        Column("ring_s", pa.float32(), minimum=0, maximum=86_400),
        Column("talk_s", pa.float32(), minimum=0, maximum=604_800),
        Column("answered", pa.bool_()),
        _identifier("caller_imsi", Identifier.IMSI),
        _identifier("caller_imei", Identifier.IMEI),
        _identifier("caller_cell", Identifier.CELL),
        _identifier("callee_cell", Identifier.CELL),
        _text("trunk", longest=128),
        _one_of("end_cause", "caller_hangup", "callee_hangup", "no_answer", "busy", "failed"),
    ),
    "text": (
        *_COMMON,
        _identifier("sender", Identifier.SENDER, required=True),
        _identifier("recipient", Identifier.SENDER),
        _text("body", required=True, longest=65_536),
        Column(
            "channel",
            _TEXT,
            values=("sms", "rcs", "chat", "transcript", "post"),
            default="sms",
        ),
        _text("lawful_basis", longest=256),
        _identifier("sender_imsi", Identifier.IMSI),
        _identifier("sender_imei", Identifier.IMEI),
        _identifier("sender_cell", Identifier.CELL),
        _text("trunk", longest=128),
        Column("thread_id", _ID),
        Column("turn", pa.int32(), minimum=0),
    ),
    "visit": (
        *_COMMON,
        _identifier("subscriber", Identifier.SUBSCRIBER, required=True),
        _identifier("url", Identifier.URL, required=True, longest=8_192),
        _text("ip", longest=64),
        _text("referrer", longest=8_192),
    ),
    "app": (
        *_COMMON,
        _identifier("subscriber", Identifier.SUBSCRIBER, required=True),
        _text("package", required=True, longest=256),
        _one_of(
            "action",
            "install",
            "open",
            "foreground",
            "background",
            "screen_share_on",
            "screen_share_off",
            "call_forward_on",
            "remove",
            required=True,
        ),
        _text("label", longest=256),
        _text("signer_sha256", longest=64),
        _text("installer", longest=256),
    ),
    "transfer": (
        *_COMMON,
        _identifier("payer", Identifier.ACCOUNT, required=True),
        _identifier("payee", Identifier.ACCOUNT, required=True),
        Column("amount_fen", pa.int64(), required=True, minimum=1),
        Column("currency", _TEXT, default="CNY", longest=3),
        _identifier("payer_name", Identifier.NAME),
        _identifier("payee_name", Identifier.NAME),
        _one_of("channel", "mobile", "web", "counter", "atm", "pos", "qr"),
        _text("device", longest=256),
        _text("ip", longest=64),
        _text("place", longest=256),
        Column("payer_balance_fen", pa.int64()),
        Column("payee_balance_fen", pa.int64()),
        _one_of("status", "asked", "booked", "refused", "returned"),
        _text("memo", longest=4_096),
    ),
    "line": (
        *_COMMON,
        _identifier("number", Identifier.NUMBER, required=True),
        _text("iccid", longest=22),
        _identifier("imsi", Identifier.IMSI),
        _one_of(
            "action",
            "activate",
            "suspend",
            "resume",
            "swap",
            "close",
            "reverify",
            required=True,
        ),
        _identifier("holder", Identifier.HOLDER),
        _one_of("product", "phone", "iot", "industry", "sms_port"),
        _text("outlet", longest=128),
        _identifier("district", Identifier.DISTRICT),
    ),
    "account": (
        *_COMMON,
        _identifier("account", Identifier.ACCOUNT, required=True),
        _one_of(
            "action",
            "open",
            "close",
            "login",
            "bind_device",
            "add_payee",
            "limit_change",
            "book_cash",
            required=True,
        ),
        _identifier("holder", Identifier.HOLDER),
        _one_of("class", "I", "II", "III", "corporate", "payment"),
        _text("device", longest=256),
        _text("ip", longest=64),
        _text("outlet", longest=128),
        _identifier("district", Identifier.DISTRICT),
    ),
    "subject": (
        *_COMMON,
        _identifier("person", Identifier.TOKEN, required=True),
        _identifier("number", Identifier.NUMBER),
        _identifier("account", Identifier.ACCOUNT),
        _identifier("district", Identifier.DISTRICT),
        Column("birth_year", pa.int16(), minimum=1880, maximum=2200),
        _identifier("kin_number", Identifier.NUMBER),
    ),
}

#: The streams in the order in which events of one instant are taken: registry and lines first, so
#: that a call finds the person it belongs to; this order is part of the total order of a replay.
STREAMS: Final = ("subject", "line", "account", "app", "visit", "text", "call", "transfer")

#: Each stream as an Arrow schema; `nullable=False` marks what must be there.
SCHEMAS: Final[dict[str, pa.Schema]] = {
    stream: pa.schema(
        [pa.field(column.name, column.type, nullable=not column.required) for column in columns]
    )
    for stream, columns in COLUMNS.items()
}

#: Columns that name a person outright. They are sealed before a row reaches the log.
SEALED_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "transfer": ("payer_name", "payee_name"),
    "line": ("holder",),
    "account": ("holder",),
}


def admitted_schema(stream: str) -> pa.Schema:
    """What the door hands on: the columns as received, each identifier followed by key and kind."""
    fields: list[pa.Field] = []
    for column in COLUMNS[stream]:
        fields.append(pa.field(column.name, column.type))
        if column.identifier is not None:
            fields.append(pa.field(f"{column.name}_key", pa.uint64()))
        if column.identifier in KINDED:
            fields.append(pa.field(f"{column.name}_kind", pa.dictionary(pa.int8(), pa.string())))
    return pa.schema(fields)
