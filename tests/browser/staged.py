"""Invented warnings for the console's tests: issued by the use case, from a file of people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from fanzha.adapters.postgres.office import PostgresOffice
from fanzha.lifecycles.actor import NATION
from fanzha.lifecycles.warning.model import Case, Evidence, FraudWarning, Part, Person
from fanzha.usecases.warning.issue import issue
from fanzha.usecases.warning.policies import WarningPolicies
from fanzha.values import reserved
from fanzha.values.mask import mask_value
from fanzha.values.stage import Stage

Staged = Mapping[str, Any]

_BANK = next(iter(reserved.BANKS))
_OBJECTS = {
    "overseas": ("number", reserved.overseas(317)),
    "payee": ("account", reserved.bank_account(931, _BANK)),
}
_MASKS = {name: mask_value(kind, value) for name, (kind, value) in _OBJECTS.items()}

EVERYBODY: tuple[Staged, ...] = tuple(
    yaml.safe_load(Path(__file__).with_name("staged.yaml").read_text(encoding="utf-8"))
)
AUTHORITY, *OTHERS = EVERYBODY


def case_of(staged: Staged, now: datetime, ref: str) -> Case:
    """The case as detection would hand it over; the score is shared out among its reasons."""
    parts = staged["parts"]
    # Each reason weighs three quarters of the one before it.
    weights = [0.75**i for i in range(len(parts))]
    shares = [round(staged["score"] * w / sum(weights), 4) for w in weights[:-1]]
    shares.append(round(staged["score"] - sum(shares), 4))
    return Case(
        score=staged["score"],
        stage=Stage(staged["stage"]),
        live=staged["live"],
        scam_type=staged["scam_type"],
        amount_fen=staged["amount_fen"],
        fact_zh=staged["fact"]["zh"],
        fact_en=staged["fact"]["en"],
        sources=tuple(staged["sources"]),
        reasons=tuple(
            Part(p["code"], p["zh"], p["en"], part, p["detector"])
            for p, part in zip(parts, shares, strict=True)
        ),
        missing=(),
        event_at=now,
        evidence=tuple(_event(e, now, f"{ref}|{i}") for i, e in enumerate(staged["events"])),
    )


def _event(event: Sequence[Any], now: datetime, ref: str) -> Evidence:
    lane, ago, lasted, zh, en = event
    at = now - timedelta(minutes=ago)
    live = lasted == -1
    named = next((name for name in _OBJECTS if f"{{{name}}}" in zh), None)
    kind, value = _OBJECTS[named] if named else (None, None)
    return Evidence(
        ref=ref,
        lane=lane,
        at=at,
        zh=zh.format(**_MASKS),
        en=en.format(**_MASKS),
        until=at + timedelta(minutes=lasted) if lasted and not live else None,
        live=live,
        emphasis=lane == "money",
        object_kind=kind,
        object_mask=_MASKS[named] if named else None,
        value=value,
    )


def stage(
    office: PostgresOffice,
    policies: WarningPolicies,
    people: Sequence[Staged],
    now: datetime,
    *,
    first: int = 1,
    episode: str = "e1",
) -> list[FraudWarning]:
    """Issue one warning a person; the n-th has the n-th invented number."""
    issued = []
    for n, staged in enumerate(people, start=first):
        person = Person(
            token=reserved.person(n),
            number=reserved.mobile(n),
            name=staged["name"],
            account=reserved.bank_account(n, _BANK),
            sex=staged["sex"],
            birth_year=staged["birth_year"],
        )
        with office.work(NATION) as work:
            warning = issue(
                work,
                policies,
                person=person,
                episode=episode,
                place=staged["place"],
                case=case_of(staged, now, f"stage|{n}|{episode}"),
                now=now,
            )
        issued.append(warning)
    return issued
