"""Routes of the quarantine: refused rows, repaired and sent again, or dropped."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated

from anyio import from_thread
from fastapi import APIRouter, Query

from fanzha.adapters.postgres.operators import SenderKey
from fanzha.entrypoints.api import intake_schemas as wire
from fanzha.entrypoints.api.auth import Parts, SignedIn
from fanzha.entrypoints.api.event_routes import take_in_lines
from fanzha.lifecycles.actor import Level, Role
from fanzha.lifecycles.machine import NotAllowed
from fanzha.ports.deed_book import Deed

router = APIRouter(prefix="/v1/quarantine")
_KEEPERS = frozenset({Role.ADMINISTRATOR, Role.ANALYST})
_LOWEST = Level.CITY
"""A refused row has no place yet and may be anybody's: the tiers below a city see none."""


@router.get("")
def page(
    parts: Parts,
    who: SignedIn,
    after: int | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> wire.QuarantinePage:
    _may(who)
    rows, follow = parts.quarantine.page(after, limit)
    return wire.QuarantinePage(
        items=[
            wire.QuarantineRow(
                id=r.id,
                stream=r.stream,
                source=r.source,
                row=r.row,
                code=r.code,
                field=r.field,
                zh=r.zh,
                en=r.en,
                at=r.at,
                state="open",
            )
            for r in rows
        ],
        next=str(follow) if follow is not None else None,
    )


@router.get("/{id}")
def row(id: int, parts: Parts, who: SignedIn) -> dict[str, object]:
    """The row as it came, to be repaired; that somebody looked is recorded."""
    _may(who)
    kept, raw = parts.quarantine.open_row(id)
    _record(parts, who, "reveal", id, {"purpose": "other", "fields": ["row"]})
    return {"id": kept.id, "stream": kept.stream, "row": _content(raw)}


@router.post("/{id}/resend")
def resend(id: int, body: wire.Resend, parts: Parts, who: SignedIn) -> wire.Accepted:
    """Send the repaired row the way every event comes, once; refused again, it is a new refused
    row and this one stays. A repair whose answer was lost is sent again under the same key."""
    _may(who)
    line = json.dumps(body.row).encode()
    key = f"quarantine-{id}-{hashlib.blake2b(line, digest_size=16).hexdigest()}"
    with parts.quarantine.held(id) as held:
        kept = held.row
        sender = SenderKey(kept.source, frozenset({kept.stream}))
        answer = from_thread.run(take_in_lines, parts, kept.stream, sender, line, key)
        if answer.accepted:
            held.settle("resent")
    if answer.accepted:
        _record(parts, who, "resend", id, {"stream": kept.stream})
    return answer


@router.post("/{id}/drop", status_code=204)
def drop(id: int, parts: Parts, who: SignedIn) -> None:
    _may(who)
    with parts.quarantine.held(id) as held:
        held.settle("dropped")
    _record(parts, who, "drop", id, {"stream": held.row.stream})


def _content(raw: str) -> object:
    """What the row says; the text itself where that is no JSON, or none that can be sent back."""
    try:
        content: object = json.loads(raw)
        json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return raw
    return content


def _record(parts: Parts, who: SignedIn, verb: str, id: int, detail: dict[str, object]) -> None:
    root = parts.policies.tiers.root
    with parts.office.work(root.scope) as work:
        work.deeds.append(
            Deed(
                at=parts.now(),
                actor=who.actor,
                verb=verb,
                object_kind="quarantine",
                object_id=str(id),
                unit=root,
                detail=detail,
            )
        )


def _may(who: SignedIn) -> None:
    high = who.actor.unit.level.depth <= _LOWEST.depth
    if not (high and who.actor.may(_KEEPERS)):
        raise NotAllowed("not_allowed", zh="不在您的职责内", en="not among your duties")
