"""What stands against something, asked of a running edge and told in a line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from fanzha.entrypoints.edge import client
from fanzha.errors import Refused, Unavailable
from fanzha.lists import code as codes
from fanzha.lists.form import Effect
from fanzha.values import dns_name, phone_number
from fanzha.values.phone_number import NumberKind

__all__ = ["KINDS", "state", "told"]

KINDS = {
    "number": client.NUMBER,
    "sender": client.SENDER,
    "name": client.NAME,
    "url": client.URL,
    "app": client.APP,
}
_WORDS = {
    0: "放行 pass",
    Effect.LABEL: "标注 label",
    Effect.WARN: "警示 warn",
    Effect.REFUSE: "拒绝 refuse",
    Effect.ALLOW: "受保护 protected",
}
_DIGEST = re.compile(r"[0-9A-Fa-f]{64}")
_PATIENCE_S = 5.0
_AT_ONCE = 255


def told(socket: Path, asked: Sequence[str], kind: str = "") -> Iterator[str]:
    """A line each: what was asked, what to do, appeal code, end. Raises Refused where a text is not
    of its kind, Unavailable where no edge answers at `socket`."""
    items = [_item(text, kind) for text in asked]
    for text, answer in zip(asked, _answers(socket, items), strict=True):
        yield _line(text, *answer)


def state(socket: Path) -> str:
    """Which list the edge has, and when it last heard its centre. Raises Unavailable."""
    [(_, version, heard)] = _answers(socket, [(client.EDGE, b"")])
    if not version:
        return "尚无名单，一律放行 no list yet: everything passes"
    since = f"{datetime.fromtimestamp(heard, UTC):%Y-%m-%d %H:%M:%S} UTC" if heard else "—"
    return f"名单版本 list {version}\t最近联系中心 centre last heard {since}"


def _answers(socket: Path, items: list[tuple[int, bytes]]) -> list[tuple[int, int, int]]:
    try:
        with client.Edge(str(socket), _PATIENCE_S) as edge:
            starts = range(0, len(items), _AT_ONCE)
            return [one for at in starts for one in edge.ask(items[at : at + _AT_ONCE])]
    except OSError as error:
        raise Unavailable(
            "edge_away",
            zh="本机接口没有应答，请先启动 fanzha edge sip",
            en="no edge answers there: start fanzha edge sip",
            field=socket.name,
        ) from error


def _item(text: str, kind: str) -> tuple[int, bytes]:
    if kind and kind not in KINDS:
        raise Refused(
            "unknown_kind",
            zh=f"类别须为 {'、'.join(KINDS)} 之一",
            en=f"the kind is one of {', '.join(KINDS)}",
            field="kind",
        )
    found = kind or _kind_of(text)
    if found != "app":
        return KINDS[found], text.encode("utf-8", "replace")[:65_535]
    if not _DIGEST.fullmatch(text):
        raise Refused(
            "app_digest",
            zh="应用以 SHA-256 的 64 位十六进制查询",
            en="an app is asked about by its SHA-256, 64 hexadecimal digits",
            field="asked",
        )
    return KINDS[found], bytes.fromhex(text)


def _kind_of(text: str) -> str:
    if _DIGEST.fullmatch(text):
        return "app"
    if phone_number.read(text)[1] is not NumberKind.MALFORMED:
        return "number"
    if "/" in text:
        return "url"
    try:
        dns_name.parse(text)
    except Refused:
        return "sender"
    return "name" if "." in text else "sender"


def _line(text: str, effect: int, code: int, ends_at: int) -> str:
    parts = [text, _WORDS.get(effect, str(effect))]
    if 0 < code <= codes.MOST:
        parts.append(f"申诉码 appeal code {codes.write(code)}")
    if ends_at:
        parts.append(f"至 until {datetime.fromtimestamp(ends_at, UTC):%Y-%m-%d %H:%M} UTC")
    return "\t".join(parts)
