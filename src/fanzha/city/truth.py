"""The truth about a simulated city, apart from its records: events, incidents, entities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fanzha.city.drafts import STATUSES, Rows
from fanzha.city.people import People
from fanzha.city.rhythm import Ints
from fanzha.city.scam.dens import CARD_ROLE, DEVICE_ROLE, Dens
from fanzha.city.scam.incidents import Incidents
from fanzha.city.scam.roles import HOPS, ROLE, ROLES
from fanzha.city.scam.script import SCAM_TYPES
from fanzha.city.world import SERVICE, World
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
    "truth_den": pa.schema(
        [("den", pa.int64()), ("style", pa.string()), ("kind", pa.string()), ("value", pa.string())]
    ),
    "truth_alias": pa.schema(
        [("person", pa.string()), ("kind", pa.string()), ("value", pa.string())]
    ),
}
_CALLS = (ROLE["cold_call"], ROLE["scam_call"], ROLE["den_call"], ROLE["control_call"])
_TEXTS = (ROLE["cold_text"], ROLE["scam_text"], ROLE["scam_chat"])
_NEVER = np.iinfo(np.int64).max
_Entity = tuple[str, str, str]


@dataclass
class Book:
    """Takes the truth about rows down, piece by piece, and gives the truth tables at the end."""

    people: People
    world: World
    dens: Dens
    incidents: Incidents
    _events: list[pa.Table] = field(default_factory=list)
    _found: set[_Entity] = field(default_factory=set)
    _in_den: set[tuple[int, str, str, str]] = field(default_factory=set)
    _end: int = 0

    def __post_init__(self) -> None:
        count = len(self.incidents.victim)
        self._loss = np.zeros(count, np.int64)
        self._first = np.full(count, _NEVER)
        self._moved = np.full(count, _NEVER)

    def take(
        self, rows: Mapping[str, Rows], ids: Mapping[str, Ints], streams: Mapping[str, pa.Table]
    ) -> None:
        """Rows of one stretch, their ids, and the same rows as tables."""
        self._events.append(_events(rows, ids))
        transfers = rows["transfer"]
        booked = transfers.columns["status"] == STATUSES.index("booked")
        paid = np.flatnonzero((transfers.role == ROLE["payment"]) & booked)
        np.add.at(self._loss, transfers.incident[paid], transfers.columns["amount_fen"][paid])
        np.minimum.at(self._first, transfers.incident[paid], transfers.at[paid])
        hops = np.flatnonzero(transfers.role == ROLE["hop_l1"])
        np.minimum.at(self._moved, transfers.incident[hops], transfers.at[hops])
        self._end = max([self._end, *(int(r.at[-1]) for r in rows.values() if len(r.at))])
        self._in_den |= set(self._den_rows(rows))
        self._found |= self._used(rows)
        self._found |= _names(rows, streams) | _packages(rows, streams)

    def tables(self) -> dict[str, pa.Table]:
        """The truth tables. Incidents whose contact lies after the end are left out."""
        return {
            "truth_event": pa.concat_tables(self._events).sort_by("event_id"),
            "truth_incident": self._incidents(),
            "truth_entity": self._entities(),
            "truth_den": _table(sorted(self._in_den), "truth_den"),
            "truth_alias": _aliases(self.people, self.world),
        }

    def _incidents(self) -> pa.Table:
        known, end = self.incidents, self._end
        kept = [n for n in range(len(known.victim)) if known.contact_at[n] <= end]
        stages = []
        for n in kept:
            reached = [{"stage": s, "at": at} for s, at in known.stages[n] if at <= end]
            if self._moved[n] != _NEVER:
                reached.append({"stage": "after", "at": int(self._moved[n])})
            stages.append(reached)
        token, first = self.people.token, self._first[kept]
        kinds = [SCAM_TYPES[known.scam_type[n]] for n in kept]
        return pa.table(
            {
                "incident_id": pa.array(kept, pa.int64()),
                "scam_type": pa.array(kinds, pa.string()),
                "victim": pa.array([token[known.victim[n]] for n in kept], pa.string()),
                "contact_at": pa.array([known.contact_at[n] for n in kept]).cast(INSTANT),
                "first_pay_at": pa.array(first, mask=first == _NEVER).cast(INSTANT),
                "loss_fen": pa.array(self._loss[kept]),
                "stages": pa.array(stages, pa.list_(STAGE)),
            },
            schema=SCHEMAS["truth_incident"],
        )

    def _entities(self) -> pa.Table:
        found = set(self._found)
        for number, style, kind, value in self._in_den:
            del number
            role = {"number": CARD_ROLE[style], "imei": DEVICE_ROLE[style], "cell": "den_cell"}
            found.add((kind, value, role[kind]))
        tokens = self.people.token
        for victim, stages in zip(self.incidents.victim, self.incidents.stages, strict=True):
            if len(stages) > 1:
                found.add(("person", tokens[victim], "victim"))
        return _table(sorted(found), "truth_entity")

    def _den_rows(self, rows: Mapping[str, Rows]) -> list[tuple[int, str, str, str]]:
        """Cards, sets and cells of dens as records show them; nothing nobody could have seen."""
        call, text = rows["call"], rows["text"]
        normal, world = self.world.lines.normal, self.world
        found: list[tuple[int, str, str, str]] = []
        for number, den in enumerate(self.dens):
            out = np.isin(call.columns["caller"], den.cards) & (call.role >= 0)
            sent = np.isin(text.columns["sender"], den.cards) & (text.role >= 0)
            lines = [call.columns["caller"][out], text.columns["sender"][sent]]
            for stream, column in ((call, "callee"), (text, "recipient")):
                lines.append(
                    stream.columns[column][
                        np.isin(stream.columns[column], den.cards) & (stream.role >= 0)
                    ]
                )
            sets = [call.columns["caller_imei"][out], text.columns["sender_imei"][sent]]
            cells = [call.columns["caller_cell"][out], text.columns["sender_cell"][sent]]
            for kind, parts, pool in (
                ("number", lines, normal), ("imei", sets, world.imeis), ("cell", cells, world.cells)
            ):  # fmt: skip
                places = np.unique(np.concatenate(parts))
                found += [(number, den.style, kind, pool[p]) for p in places.tolist() if p >= 0]
        return found

    def _used(self, rows: Mapping[str, Rows]) -> set[_Entity]:
        """Numbers and accounts that scammers used, as they stand in the records."""
        found: set[_Entity] = set()
        normal, kind = self.world.lines.normal, self.world.lines.kind
        cards = self.dens.cards
        for stream, column, roles, name in (
            ("call", "caller", _CALLS, "scam_caller"),
            ("text", "sender", _TEXTS, "scam_sender"),
        ):
            told = np.isin(rows[stream].role, roles)
            lines = np.unique(rows[stream].columns[column][told])
            for line in lines[~np.isin(lines, cards) | (stream == "text")].tolist():
                # A filed number that a false base station shows belongs to whom it always did.
                shown = "spoofed_number" if kind[line] == SERVICE else name
                found.add(("number", normal[line], shown))
        transfer, accounts = rows["transfer"], self.world.accounts
        sides = [("payee", "payment", "mule_l1")]
        sides += [("payer", hop, f"mule_l{n + 1}") for n, hop in enumerate(HOPS)]
        sides += [("payer", "rebate", "payout"), ("payee", "relay_in", "lent_account")]
        for side, role, name in sides:
            held = np.unique(transfer.columns[side][transfer.role == ROLE[role]])
            for account in held[accounts.bank[held] >= 0].tolist():
                found.add(("account", accounts.normal[account], name))
        return found


def with_copies(told: pa.Table, copies: pa.Table) -> pa.Table:
    """`truth_event` with events told again under another id; they play the part of the first."""
    found = copies.join(told, keys="of", right_keys="event_id", join_type="inner")
    return pa.concat_tables([told, found.select(told.schema.names).cast(told.schema)]).sort_by(
        "event_id"
    )


def _table(rows: list[tuple[Any, ...]], name: str) -> pa.Table:
    schema = SCHEMAS[name]
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
    return pa.table(arrays, schema=schema)


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


def _names(rows: Mapping[str, Rows], streams: Mapping[str, pa.Table]) -> set[_Entity]:
    """Registrable names visited because of a scam."""
    told = np.flatnonzero(rows["visit"].role >= 0)
    urls = streams["visit"]["url"].take(pa.array(told))
    hosts = pc.extract_regex(urls, r"(?P<name>[a-z0-9-]+\.example)").combine_chunks()
    return {("dns_name", name, "scam_domain") for name in hosts.field("name").unique().to_pylist()}


def _packages(rows: Mapping[str, Rows], streams: Mapping[str, pa.Table]) -> set[_Entity]:
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
