"""Routes of the list: whole and changes for edges, its key, and files for those who take files."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Response

from fanzha.adapters.postgres.operators import SenderKey
from fanzha.adapters.postgres.register.hits import Told
from fanzha.entrypoints.api.auth import Parts, sender
from fanzha.entrypoints.api.centre import Centre
from fanzha.entrypoints.api.measures import schemas as wire
from fanzha.entrypoints.api.measures.feed import Served
from fanzha.errors import Refused
from fanzha.lists.form import Effect

router = APIRouter(prefix="/v1/lists")
LISTS = "lists"
"""What a key must be good for, as others are for streams."""
_WAIT_MOST = 30.0
_ARROW = "application/vnd.apache.arrow.stream"
_BODY: dict[int | str, dict[str, Any]] = {
    200: {"content": {_ARROW: {"schema": {"type": "string", "format": "binary"}}}}
}

Edge = Annotated[SenderKey, Depends(sender)]


@router.get("", response_class=Response, responses={**_BODY, 204: {"description": "Nothing new"}})
async def lists(
    parts: Parts, edge: Edge,
    since: Annotated[int | None, Query(ge=0, le=(1 << 62))] = None,
    wait: Annotated[float, Query(ge=0, le=_WAIT_MOST)] = 0.0,
    area: Annotated[str, Query(max_length=12)] = "",
    if_none_match: Annotated[str, Header()] = "",
) -> Response:  # fmt: skip
    """The whole list; with `since`, what has changed after that version, waiting up to `wait`
    seconds for something to. `area`: the code of the unit in whose area the edge stands; without it
    what holds anywhere. An Arrow IPC stream, signed in `Fanzha-Signature`."""
    may(edge)
    areas = _areas(parts, area)
    if since is None:
        served = await asyncio.to_thread(parts.measures.lists.whole, areas)
        if if_none_match.strip('W/"') == str(served.version):
            return Response(status_code=304, headers={"ETag": f'"{served.version}"'})
        return _answer(served)
    await asyncio.to_thread(parts.measures.rows.seen, edge.source, since, parts.now())
    changed = await asyncio.to_thread(parts.measures.lists.changes, since, areas)
    if changed is None and wait:
        await parts.measures.lists.wait(since, wait)
        changed = await asyncio.to_thread(parts.measures.lists.changes, since, areas)
    return Response(status_code=204) if changed is None else _answer(changed)


@router.post("/hits", status_code=204)
def hits(body: wire.HitsBody, parts: Parts, edge: Edge) -> None:
    """An edge tells what it refused, marked or led to the warning page; twice told is once."""
    may(edge)
    told = [Told(h.code, Effect(h.effect), h.hits, h.last_at) for h in body.hits]
    parts.measures.hits.add(edge.source, body.wire, body.run, body.seq, told)


@router.get("/key")
def key(parts: Parts) -> wire.ListKey:
    """Public: whoever follows the list checks with it that it is this centre's."""
    return wire.ListKey(public_key=parts.measures.public_key)


def _areas(parts: Centre, area: str) -> tuple[str, ...]:
    """The unit's code and those above it: what holds in one of them holds here."""
    if not area:
        return ()
    units = parts.measures.register.units
    if area not in units:
        raise Refused("area_unknown", zh="没有这个辖区", en="there is no such area", field="area")
    above = [code for code in units[area].path if code]
    return tuple(dict.fromkeys([parts.measures.register.root.code, *above, area]))


def may(edge: SenderKey) -> None:
    """Refused where the key is good for something else."""
    if LISTS not in edge.streams:
        raise Refused(
            "stream_not_yours",
            zh="该密钥不能获取名单：fanzha senders add 名称 --streams lists",
            en="this key is not good for lists: fanzha senders add NAME --streams lists",
            field="authorization",
        )


def _answer(served: Served) -> Response:
    return Response(
        served.body,
        media_type=_ARROW,
        headers={
            "ETag": f'"{served.version}"',
            "Fanzha-Signature": served.signature,
            "Cache-Control": "no-store",
        },
    )
