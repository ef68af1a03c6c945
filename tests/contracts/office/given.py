"""Both offices, people whom they know, and one step at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from fanzha.lifecycles.actor import Actor, Role
from fanzha.lifecycles.warning.grade import WarningGrade
from fanzha.lifecycles.warning.model import FraudWarning
from fanzha.ports.unit_of_work import Office
from fanzha.usecases.warning.act import Act, act
from fanzha.usecases.warning.issue import issue
from tests import fixtures
from tests.fixtures import NOW, Installed, case, memory_office, person, policies, unit

POLICIES = policies()
STATION = "470103001"
NATION = POLICIES.tiers.root.scope
GRAVEST = WarningGrade.CRITICAL


@pytest.fixture(params=["memory", "postgres"])
def office(request: pytest.FixtureRequest) -> Office:
    if request.param == "memory":
        return memory_office()
    found: Installed = request.getfixturevalue("installed")
    return found.office


@pytest.fixture
def appoint(office: Office, request: pytest.FixtureRequest) -> Callable[..., Actor]:
    """An actor whom the office knows."""

    def make(*roles: Role, at: str = STATION, name: str = "chen") -> Actor:
        if isinstance(office, type(memory_office())):
            return fixtures.actor(*roles, at=at)
        installed: Installed = request.getfixturevalue("installed")
        found = installed.operators.add(
            name=name,
            display=name,
            password="x" * 12,
            roles=frozenset(roles),
            unit=unit(at),
            now=NOW,
        )
        return Actor(str(found), name, frozenset(roles), unit(at))

    return make


def issued(office: Office, n: int = 1, place: str | None = STATION, **kwargs: Any) -> FraudWarning:
    with office.work(NATION) as work:
        return issue(
            work,
            POLICIES,
            person=person(n),
            episode="e1",
            place=place,
            case=case(**kwargs),
            now=NOW,
        )


def do(
    office: Office, actor: Actor, w: FraudWarning, verb: str, now: datetime = NOW, **more: Any
) -> FraudWarning:
    with office.work(actor.unit.scope) as work:
        return act(work, POLICIES, actor, w.id, Act(verb, more.pop("state", w.state), **more), now)


def stored(office: Office, w: FraudWarning) -> FraudWarning:
    with office.work(NATION) as work:
        found = work.warnings.get(w.id)
    assert found is not None
    return found
