"""Counts of persons warned, by group and main class of scam, within a scope and a month."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from sqlalchemy import text

from fanzha.adapters.postgres import place
from fanzha.adapters.postgres.database import Database
from fanzha.lifecycles.actor import Scope
from fanzha.usecases.publicity.groups import GroupPolicy, band_of

__all__ = ["BY", "Groups"]

_AGE = "extract(year FROM event_at AT TIME ZONE 'Asia/Shanghai')::int - birth_year"
BY = {"age": _AGE, "sex": "sex", "branch": "branch"}
"""By what groups may be told → what of a warning names the group."""
_MAIN = "rtrim(coalesce(scam_type, ''), '0123456789')"


class Groups:
    """Reads for publicity; rows of single persons never leave the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def counts(
        self, scope: Scope, by: str, begin: datetime, end: datetime, policy: GroupPolicy
    ) -> Counter[tuple[str, str]]:
        """Persons by (group, main class); a person warned twice of one class counts once.

        Ages come as bands of the policy; who is younger than the first, or of no known group or
        class, is left out.
        """
        query = (
            f"SELECT {BY[by]} AS who, {_MAIN} AS main, count(DISTINCT person_token) AS n"
            f" FROM warning WHERE {place.where(scope)} AND event_at >= :begin AND event_at < :end"
            " GROUP BY 1, 2"
        )
        if by == "age":
            # A person whose birthday year passes within the month counts in the later year only.
            ages = ", ".join(str(int(age)) for age in policy.ages)
            query = (
                f"SELECT width_bucket(who, ARRAY[{ages}]) AS who, main, count(*) AS n FROM"
                f" (SELECT DISTINCT ON (person_token, main) {_AGE} AS who, main"
                f" FROM (SELECT *, {_MAIN} AS main FROM warning WHERE {place.where(scope)}"
                "  AND event_at >= :begin AND event_at < :end AND birth_year IS NOT NULL) AS w"
                " ORDER BY person_token, main, event_at DESC) AS one GROUP BY 1, 2"
            )
        with self._database.transaction(scope) as connection:
            rows = connection.execute(
                text(query), {"begin": begin, "end": end, **place.bind(scope)}
            ).all()
        found: Counter[tuple[str, str]] = Counter()
        for row in rows:
            group = row.who
            if by == "age":
                group = band_of(policy, policy.ages[row.who - 1]) if row.who else None
            if group is not None and row.main:
                found[str(group), row.main] += row.n
        return found
