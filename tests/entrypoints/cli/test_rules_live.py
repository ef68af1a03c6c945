"""`fanzha rules` over a real database: two people's signatures, back again, mute and awake."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from fanzha.entrypoints.cli.main import app
from fanzha.entrypoints.cli.workshop import acts, files
from fanzha.errors import FanzhaError
from tests.entrypoints.api.given import PASSWORD, Api, api
from tests.entrypoints.api.workshop.test_workshop_api import into_shadow, staffed, week_later

__all__ = ["api", "staffed"]


class Hand:
    """Types commands as somebody, on the centre behind the API."""

    def __init__(self, api: Api, patch: pytest.MonkeyPatch) -> None:
        centre = api.centre
        parts = SimpleNamespace(
            workshop=centre.workshop, bench=centre.bench, operators=centre.operators,
            settings=SimpleNamespace(loopback=True),
        )  # fmt: skip

        @contextmanager
        def opened() -> Iterator[Any]:
            yield parts

        for module in (acts, files):
            patch.setattr(module, "open_parts", opened)
        patch.setattr(acts, "_now", centre.now)

    def types(self, *words: str, by: str = "") -> Result:
        signed = ("--as", by, "--password", PASSWORD) if by else ()
        return CliRunner().invoke(app, ["rules", *words, *signed])

    def says(self, *words: str, by: str = "") -> str:
        done = self.types(*words, by=by)
        assert done.exit_code == 0, (done.output, done.exception)
        return done.output

    def refused(self, *words: str, by: str) -> str:
        """The code of the refusal."""
        error = self.types(*words, by=by).exception
        assert isinstance(error, FanzhaError)
        return error.code


@pytest.fixture
def hand(staffed: Api, monkeypatch: pytest.MonkeyPatch) -> Hand:
    into_shadow(staffed)
    return Hand(staffed, monkeypatch)


RULE = ("large_payment", "1")
WHY = ("--note", "误报多")


def test_two_people_make_it_live_and_one_takes_it_back(hand: Hand, staffed: Api) -> None:
    assert "shadow" in hand.says("list").lower()
    assert hand.refused("submit", *RULE, by="an") == "gates_unmet"
    assert "✗ 影子不少于 7 日" in hand.says("gates", *RULE)
    week_later(staffed)
    assert "Submitted" in hand.says("submit", *RULE, by="an")
    assert hand.refused("publish", *RULE, by="an") == "second_person_needed"
    assert "In shadow" in hand.says("send-back", *RULE, *WHY, by="luo")
    hand.says("submit", *RULE, by="an")
    assert hand.refused("publish", *RULE, by="cai") == "not_allowed"
    assert hand.refused("publish", *RULE, by="dou") == "not_allowed"
    assert "Live" in hand.says("publish", *RULE, by="luo")
    assert "在用 Live" in hand.says("list")
    assert hand.refused("withdraw", *RULE, by="an") == "not_in_this_state"
    assert "Rolled back" in hand.says("rollback", *RULE, *WHY, by="an")
    assert hand.refused("retire", *RULE, *WHY, by="luo") == "not_in_this_state"


def test_a_mute_is_listed_and_ended(hand: Hand) -> None:
    mute = ("snooze", "large_payment", *WHY, "--hours", "2")
    assert hand.refused(*mute, by="an") == "beyond_unit"
    id = hand.says(*mute, "--area", "4701", by="an").split()[0]
    assert id in hand.says("snoozes")
    assert hand.refused("wake", id, by="cai") == "not_allowed"
    assert "large_payment" in hand.says("wake", id, by="luo")
    assert id not in hand.says("snoozes")


def test_a_station_has_no_say_though_its_role_would(hand: Hand) -> None:
    assert hand.refused("rehearse", *RULE, by="dou") == "not_allowed"
    assert hand.refused("snooze", "large_payment", *WHY, "--hours", "2", by="dou") == "not_allowed"
    for hours in ("nan", "inf", "1e300", "-1", "0"):
        wrong = hand.types("snooze", "large_payment", *WHY, "--hours", hours, by="luo")
        assert wrong.exit_code == 2, (hours, wrong.exception)
