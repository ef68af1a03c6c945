"""Who is behind a number or an account: the `subject` stream, kept as compact tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from fanzha.detection.arrays import Array, Keys
from fanzha.detection.state import packed, unpacked

__all__ = ["Contactable", "People"]


@dataclass(slots=True)
class Contactable:
    """What is known of one person; every field but the token may be absent."""

    token: str
    number: str | None = None
    number_key: int = 0
    account: str | None = None
    district: str | None = None
    birth_year: int | None = None
    registered: bool = True
    """False for a number or account that nobody has tied to a person yet."""
    keys: tuple[int, ...] = ()
    """Every key that leads here; made again from the table of keys when state is restored."""


_FIELDS = tuple(f.name for f in fields(Contactable) if f.name != "keys")


class People:
    """64-bit keys of numbers and accounts → one row a person.

    Deterministic; at most `limit` persons. Beyond it new ones are not kept, and `refused` counts
    them. A stranger (an unregistered number) hands its matters to the person whom a later row
    names.
    """

    def __init__(self, limit: int = 5_000_000) -> None:
        self._limit = limit
        self._rows: list[Contactable] = []
        self._by_key: dict[int, int] = {}
        self._by_token: dict[str, int] = {}
        self.refused = 0

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, person: int) -> Contactable:
        return self._rows[person]

    def of(self, key: int) -> int | None:
        """The person of a number's or account's key."""
        return self._by_key.get(key)

    def lines_of(self, account_keys: Keys) -> Keys:
        """For each account the number of its holder; 0 where nobody has said."""
        keys = account_keys.tolist()
        out = np.zeros(len(keys), dtype=np.uint64)
        for position, key in enumerate(keys):
            person = self._by_key.get(key)
            if person is not None:
                out[position] = self._rows[person].number_key
        return out

    def learn(self, row: Mapping[str, Any]) -> list[tuple[int, int]]:
        """Take in a subject row; returns (stranger, person) pairs whose matters now are one."""
        person = self._row_of(row["person"])
        if person is None:
            return []
        known = self._rows[person]
        if row["number_key"]:
            known.number, known.number_key = row["number"], row["number_key"]
        known.account = known.account or row["account"]
        known.district = row["district"] or known.district
        known.birth_year = row["birth_year"] or known.birth_year
        keys = (row["number_key"], row["account_key"])
        return [pair for key in keys if key for pair in self._tie(key, person)]

    def stranger(self, key: int, normal: str, *, account: bool) -> int | None:
        """A person known only by this number or account; None when the table is full."""
        found = self._by_key.get(key)
        if found is not None:
            return found
        person = self._row_of(normal)
        if person is None:
            return None
        row = self._rows[person]
        row.registered = False
        if account:
            row.account = normal
        else:
            row.number, row.number_key = normal, key
        self._lead(key, person)
        return person

    def keys_of(self, person: int) -> tuple[int, ...]:
        """Every key that leads to this person."""
        return self._rows[person].keys

    def snapshot(self) -> dict[str, Array]:
        return {
            "rows": packed([[getattr(row, name) for name in _FIELDS] for row in self._rows]),
            "keys": np.fromiter(self._by_key.keys(), np.uint64, len(self._by_key)),
            "persons": np.fromiter(self._by_key.values(), np.int64, len(self._by_key)),
            "refused": np.array([self.refused], np.int64),
        }

    def restore(self, state: Mapping[str, Array]) -> None:
        self._rows = [Contactable(*row) for row in unpacked(state["rows"])]
        self._by_token = {row.token: index for index, row in enumerate(self._rows)}
        keys, persons = state["keys"].tolist(), state["persons"].tolist()
        self._by_key = {}
        for key, person in zip(keys, persons, strict=True):
            self._lead(key, person)
        self.refused = int(state["refused"][0])

    def _row_of(self, token: str) -> int | None:
        found = self._by_token.get(token)
        if found is None:
            if len(self._rows) >= self._limit:
                self.refused += 1
                return None
            found = self._by_token[token] = len(self._rows)
            self._rows.append(Contactable(token))
        return found

    def _tie(self, key: int, person: int) -> list[tuple[int, int]]:
        before = self._by_key.get(key)
        self._lead(key, person)
        if before is None or before == person or self._rows[before].registered:
            return []
        return [(before, person)]

    def _lead(self, key: int, person: int) -> None:
        before = self._by_key.get(key)
        if before == person:
            return
        if before is not None:
            left = self._rows[before]
            left.keys = tuple(k for k in left.keys if k != key)
        self._by_key[key] = person
        self._rows[person].keys += (key,)
