"""The truth about a simulated city, apart from its records: events, incidents, entities."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fanzha.city.behaviour import SCAM_TYPES
from fanzha.city.drafts import STATUSES, Rows
from fanzha.city.people import People
from fanzha.city.rhythm import Ints
from fanzha.city.scam.incidents import Incidents
from fanzha.city.scam.roles import ROLE, ROLES
from fanzha.city.world import World
from fanzha.records.schemas import INSTANT, STREAMS

STAGE = pa.struct([("stage", pa.string()), ("at", INSTANT)])
SCHEMAS: Mapping[str, pa.Schema] = {
    "truth_event": pa.schema(
        [
            ("event_id", pa.uint64()),
            ("stream", pa.string()),
            ("incident_id", pa.int64()),
            ("role", pa.string()),
        ]
    ),
    "truth_incident": pa.schema(
        [
            ("incident_id", pa.int64()),
            ("scam_type", pa.string()),
            ("victim", pa.string()),
            ("contact_at", INSTANT),
            ("first_pay_at", INSTANT),
            ("loss_fen", pa.int64()),
            ("stages", pa.list_(STAGE)),
        ]
    ),
    "truth_entity": pa.schema(
        [("kind", pa.string()), ("value", pa.string()), ("role", pa.string())]
    ),
    "truth_alias": pa.schema(
        [("person", pa.string()), ("kind", pa.string()), ("value", pa.string())]
    ),
}
_CALLS = (ROLE["cold_call"], ROLE["scam_call"], ROLE["den_call"])
_TEXTS = (ROLE["cold_text"], ROLE["scam_text"], ROLE["scam_chat"])


def tables(
    rows: Mapping[str, Rows],
    ids: Mapping[str, Ints],
    streams: Mapping[str, pa.Table],
    incidents: Incidents,
    people: People,
    world: World,
) -> dict[str, pa.Table]:
    """The four truth tables. Incidents whose contact lies after the end are left out."""
    return {
        "truth_event": _events(rows, ids),
        "truth_incident": _incidents(rows, incidents, people, streams),
        "truth_entity": _entities(rows, streams, people, world, incidents),
        "truth_alias": _aliases(people, world),
    }


def _events(rows: Mapping[str, Rows], ids: Mapping[str, Ints]) -> pa.Table:
    parts = []
    for stream in STREAMS:
        told = np.flatnonzero(rows[stream].role >= 0)
        incident = rows[stream].incident[told]
        parts.append(
            pa.table(
                {
                    "event_id": pa.array(ids[stream][told].astype(np.uint64)),
                    "stream": pa.array([stream] * len(told), pa.string()),
                    "incident_id": pa.array(incident, mask=incident < 0),
                    "role": pa.array(ROLES).take(pa.array(rows[stream].role[told])),
                },
                schema=SCHEMAS["truth_event"],
            )
        )
    return pa.concat_tables(parts).sort_by("event_id")


def _incidents(
    rows: Mapping[str, Rows],
    incidents: Incidents,
    people: People,
    streams: Mapping[str, pa.Table],
) -> pa.Table:
    count = len(incidents.victim)
    transfers = rows["transfer"]
    booked = transfers.columns["status"] == STATUSES.index("booked")
    loss = np.zeros(count, np.int64)
    paid = np.flatnonzero((transfers.role == ROLE["payment"]) & booked)
    np.add.at(loss, transfers.incident[paid], transfers.columns["amount_fen"][paid])
    never = np.iinfo(np.int64).max
    first = np.full(count, never)
    np.minimum.at(first, transfers.incident[paid], transfers.at[paid])
    moved = np.full(count, never)
    hops = np.flatnonzero(transfers.role == ROLE["hop_l1"])
    np.minimum.at(moved, transfers.incident[hops], transfers.at[hops])
    end = max((int(r.at[-1]) for r in rows.values() if len(r.at)), default=0)
    kept = [n for n in range(count) if incidents.contact_at[n] <= end]
    stages = []
    for n in kept:
        reached = [{"stage": s, "at": at} for s, at in incidents.stages[n] if at <= end]
        if moved[n] != never:
            reached.append({"stage": "after", "at": int(moved[n])})
        stages.append(reached)
    token = people.token
    return pa.table(
        {
            "incident_id": pa.array(kept, pa.int64()),
            "scam_type": pa.array([SCAM_TYPES[incidents.scam_type[n]] for n in kept], pa.string()),
            "victim": pa.array([token[incidents.victim[n]] for n in kept], pa.string()),
            "contact_at": pa.array([incidents.contact_at[n] for n in kept]).cast(INSTANT),
            "first_pay_at": pa.array(first[kept], mask=first[kept] == never).cast(INSTANT),
            "loss_fen": pa.array(loss[kept]),
            "stages": pa.array(stages, pa.list_(STAGE)),
        },
        schema=SCHEMAS["truth_incident"],
    )


def _entities(
    rows: Mapping[str, Rows],
    streams: Mapping[str, pa.Table],
    people: People,
    world: World,
    incidents: Incidents,
) -> pa.Table:
    """What scammers used, as it stands in the records; nothing that nobody could have seen."""
    found: set[tuple[str, str, str]] = set()
    normal = world.lines.normal
    call, text, transfer = rows["call"], rows["text"], rows["transfer"]
    scam_calls = np.isin(call.role, _CALLS)
    in_den = scam_calls & (call.columns["caller_cell"] >= 0)
    for line in np.unique(call.columns["caller"][scam_calls & ~in_den]).tolist():
        found.add(("number", normal[line], "scam_caller"))
    for line in np.unique(call.columns["caller"][in_den]).tolist():
        found.add(("number", normal[line], "goip_card"))
    for kind, column, role in (
        ("imei", "caller_imei", "goip_device"),
        ("cell", "caller_cell", "den_cell"),
    ):
        pool = world.imeis if kind == "imei" else world.cells
        for place in np.unique(call.columns[column][in_den]).tolist():
            found.add((kind, pool[place], role))
    for line in np.unique(text.columns["sender"][np.isin(text.role, _TEXTS)]).tolist():
        found.add(("number", normal[line], "scam_sender"))
    accounts = world.accounts.normal
    for column, role, name in (
        ("payee", "payment", "mule_l1"),
        ("payee", "hop_l1", "mule_l2"),
        ("payer", "rebate", "payout"),
    ):
        for account in np.unique(transfer.columns[column][transfer.role == ROLE[role]]).tolist():
            found.add(("account", accounts[account], name))
    found |= _names(rows, streams)
    found |= _packages(rows, streams)
    tokens = people.token
    for victim, stages in zip(incidents.victim, incidents.stages, strict=True):
        if len(stages) > 1:
            found.add(("person", tokens[victim], "victim"))
    ordered = sorted(found)
    columns = list(zip(*ordered, strict=True)) if ordered else [(), (), ()]
    return pa.table([pa.array(c, pa.string()) for c in columns], schema=SCHEMAS["truth_entity"])


def _names(rows: Mapping[str, Rows], streams: Mapping[str, pa.Table]) -> set[tuple[str, str, str]]:
    """Registrable names visited because of a scam."""
    told = np.flatnonzero(rows["visit"].role >= 0)
    urls = streams["visit"]["url"].take(pa.array(told))
    hosts = pc.extract_regex(urls, r"(?P<name>[a-z0-9-]+\.example)").combine_chunks()
    return {("dns_name", name, "scam_domain") for name in hosts.field("name").unique().to_pylist()}


def _packages(
    rows: Mapping[str, Rows], streams: Mapping[str, pa.Table]
) -> set[tuple[str, str, str]]:
    told = np.flatnonzero(rows["app"].role == ROLE["install"])
    packages = streams["app"]["package"].take(pa.array(told))
    return {("app", package, "scam_app") for package in packages.unique().to_pylist()}


def _aliases(people: People, world: World) -> pa.Table:
    """Numbers and accounts of every resident: a warning under any of them finds its person."""
    tokens = np.array(people.token)
    parts = [(tokens, ["person"] * people.n, tokens.tolist())]
    for kind, held, normal in (
        ("number", people.line, world.lines.normal),
        ("number", people.second_line, world.lines.normal),
        ("account", people.account, world.accounts.normal),
        ("account", people.second_account, world.accounts.normal),
        ("account", people.wallet, world.accounts.normal),
    ):
        has = np.flatnonzero(held >= 0)
        parts.append((tokens[has], [kind] * len(has), [normal[i] for i in held[has].tolist()]))
    return pa.concat_tables(
        [pa.table([pa.array(p), pa.array(k, pa.string()), pa.array(v, pa.string())],
                  schema=SCHEMAS["truth_alias"]) for p, k, v in parts]
    )  # fmt: skip
