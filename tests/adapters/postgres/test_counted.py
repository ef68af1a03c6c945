"""Totals are counted in the commit of what they count: each finding and each warning once."""

from __future__ import annotations

import pytest

from fanzha.adapters.postgres import counters
from fanzha.detection.finding import Finding, Role, SubjectKind
from fanzha.errors import Uncertain
from fanzha.usecases.warning.issue import issue
from fanzha.values import reserved
from fanzha.values.stage import Stage
from tests.fixtures import NOW, Installed, case, person, policies

POLICIES = policies()
NATION = POLICIES.tiers.root


def finding(n: int, detector: str = "call/v1") -> Finding:
    return Finding(
        detector=detector,
        at=1_763_600_000_000,
        stream="call",
        event_ids=(n,),
        source="test",
        subject_kind=SubjectKind.NUMBER,
        subject=reserved.mobile(n),
        role=Role.SUSPECT,
        scam_type=None,
        stage=Stage.CONTACT,
        score=0.6,
        reasons=(),
    )


def totals(installed: Installed, name: str) -> dict[str, int]:
    with installed.database.transaction(NATION.scope) as connection:
        return counters.totals(connection).get(name, {})


def test_findings_and_warnings_are_counted_once_and_with_their_commit(
    installed: Installed,
) -> None:
    with installed.office.work(NATION.scope) as work:
        work.findings.move(0, 5)
        work.findings.add([(finding(n), None, NATION) for n in range(3)])
        work.findings.add([(finding(9, "text/v1"), None, NATION)])
        for n in (1, 1, 2):
            issue(work, POLICIES, person=person(n), episode="e", place=None, case=case(), now=NOW)
    assert totals(installed, "findings") == {"call/v1": 3, "text/v1": 1}
    assert sum(totals(installed, "warnings").values()) == 2

    def again() -> None:
        with installed.office.work(NATION.scope) as work:
            work.findings.add([(finding(20), None, NATION)])
            work.findings.move(0, 6)  # another scorer has moved it meanwhile

    with pytest.raises(Uncertain):
        again()
    assert totals(installed, "findings") == {"call/v1": 3, "text/v1": 1}
