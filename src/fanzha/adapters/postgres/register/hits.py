"""What measures did on the wires, as edges tell it; counted once however often it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from fanzha.adapters.postgres.database import Database
from fanzha.lifecycles.actor import NATION
from fanzha.lists.form import Effect

__all__ = ["Hits", "HitsOf", "Told"]


@dataclass(frozen=True, slots=True)
class Told:
    """So many hits of one code, the last of them then."""

    code: int
    effect: Effect
    hits: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class HitsOf:
    """What one measure did on one wire."""

    code: int
    wire: str
    effect: Effect
    hits: int
    last_at: datetime


class Hits:
    """Counts of hits, by code, wire and hour."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, edge: str, wire: str, run: UUID, seq: int, told: Sequence[Told]) -> bool:
        """Count what an edge tells. `run` names this start of it, `seq` grows with each telling;
        False where this was counted already."""
        with self._database.transaction(NATION) as connection:
            fresh = connection.execute(
                text(
                    "INSERT INTO edge_told AS t VALUES (:edge, :run, :seq) ON CONFLICT (edge)"
                    " DO UPDATE SET run = :run, seq = :seq WHERE t.run <> :run OR t.seq < :seq"
                ),
                {"edge": f"{edge}/{wire}", "run": run, "seq": seq},
            )
            if fresh.rowcount != 1:
                return False
            if told:
                connection.execute(
                    text(
                        "INSERT INTO measure_hit AS h VALUES (:code, :wire,"
                        " date_trunc('hour', CAST(:at AS timestamptz)), :effect, :hits, :at)"
                        " ON CONFLICT (code, wire, hour) DO UPDATE SET hits = h.hits + :hits,"
                        " effect = :effect, last_at = greatest(h.last_at, :at)"
                    ),
                    [
                        {"code": t.code, "wire": wire, "at": t.last_at, "effect": int(t.effect),
                         "hits": t.hits}
                        for t in told
                    ],
                )  # fmt: skip
            return True

    def of(self, code: int) -> list[HitsOf]:
        """By wire, all hours together."""
        return self._read(
            "SELECT code, wire, max(effect) AS effect, sum(hits) AS hits, max(last_at) AS last_at"
            " FROM measure_hit WHERE code = :code GROUP BY code, wire ORDER BY wire",
            {"code": code},
        )

    def newest(self, limit: int) -> list[HitsOf]:
        """What was hit last, newest first."""
        return self._read(
            "SELECT code, wire, effect, hits, last_at FROM measure_hit"
            " ORDER BY last_at DESC, code, wire LIMIT :limit",
            {"limit": limit},
        )

    def _read(self, statement: str, bound: dict[str, int]) -> list[HitsOf]:
        with self._database.transaction(NATION) as connection:
            rows = connection.execute(text(statement), bound)
            return [
                HitsOf(int(r.code), r.wire, Effect(r.effect), int(r.hits), r.last_at) for r in rows
            ]
