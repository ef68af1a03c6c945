"""Lists to zones: what a name is answered, whatever stands, however it came, before and after
names move; names that a zone cannot hold; serials over restarts."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import dns.name
import dns.versioned
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from fanzha.adapters.dns import owners, pages, wire
from fanzha.adapters.dns.kept import Kept
from fanzha.adapters.dns.policy import PolicySettings, PolicyZones
from fanzha.adapters.dns.zone import Served
from fanzha.errors import Misconfigured
from fanzha.lists.form import Effect, Match
from tests.adapters.dns.names_edge import changes, row, whole
from tests.adapters.dns.secondary import lookup, taken
from tests.adapters.dns.test_zone_pages import LABELS

NAMES = st.lists(LABELS, min_size=2, max_size=4).map(".".join)
EFFECTS = st.sampled_from(list(Effect))
KEYED = st.tuples(NAMES, st.sampled_from([Match.EXACT, Match.BELOW]))
STANDING = st.tuples(EFFECTS, st.sampled_from([0, 9]))
CHANGE = st.dictionaries(KEYED, st.none() | STANDING, max_size=5)
STEP = st.tuples(CHANGE, st.sampled_from(["changes", "whole", "restart"]), st.integers(0, 40))
FAST = PolicySettings(warn_to=("192.0.2.80",), fold_after_s=20, settle_s=10, urgent_max=4)
CLOCK = 1_000.0
Standing = dict[tuple[str, Match], tuple[Effect, int]]


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_MANY", 3)
    monkeypatch.setattr("os.fsync", lambda file: None)


def verdict(standing: Standing, name: str, now: int) -> Effect | None:
    """What `Effect` says of several entries; a label is not a resolver's matter."""
    found = [
        effect
        for (key, match), (effect, end) in standing.items()
        if (name == key or (match is Match.BELOW and name.endswith(f".{key}")))
        and not 0 < end <= now
        and effect is not Effect.LABEL
    ]
    return max(found, default=None)


class Copies:
    """What resolvers would hold: the newest version of each zone."""

    def __init__(self) -> None:
        self.served: dict[str, Served] = {}
        self.copies: dict[str, Any] = {}

    def take(self, found: list[Served]) -> None:
        for served in found:
            before = self.served.get(served.name)
            assert (
                before is None
                or served.serial == before.serial
                or wire.newer(served.serial, before.serial)
            )
            if before is None or served.serial != before.serial:
                copy = self.copies.setdefault(served.name, dns.versioned.Zone(served.name))
                if before is None:
                    taken(copy, served.whole())
                else:
                    transfer = served.since(before.serial)
                    taken(copy, transfer, before.serial)
            self.served[served.name] = served

    def effect(self, order: list[str], name: str) -> Effect | None:
        for zone in order:
            if lookup(self.copies[zone], dns.name.from_text(name)) is not None:
                label = zone.partition(".")[0].removesuffix("-urgent")
                return Effect[label.upper()]
        return None


@given(st.lists(STEP, min_size=1, max_size=8), st.lists(NAMES, min_size=8, max_size=8, unique=True))
@settings(max_examples=40, phases=[Phase.explicit, Phase.generate])
def test_a_resolver_answers_as_the_list_says(steps: list[Any], asked: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "dns.json")
        zones = PolicyZones(FAST, Kept.read(path, lambda: CLOCK))
        copies, beat, now, version = Copies(), 0.0, 5, 1
        standing: Standing = {}
        copies.take(zones.take(whole([]), now, beat))

        def rows() -> list[dict[str, Any]]:
            return [row(n, e, m, end) for (n, m), (e, end) in standing.items()]

        for change, how, passed in steps:
            beat += passed
            now += passed // 20
            gone = [key for key, value in change.items() if value is None and key in standing]
            for key, value in change.items():
                if value is None:
                    standing.pop(key, None)
                else:
                    standing[key] = value
            if how == "changes":
                come = [row(n, v[0], m, v[1]) for (n, m), v in change.items() if v]
                left = [row(n, Effect.REFUSE, m) for n, m in gone]
                copies.take(zones.take(changes(come, left, version), now, beat))
                version += 1
            elif how == "whole":
                copies.take(zones.take(whole(rows(), version), now, beat))
            else:
                if passed % 2:
                    zones.end()
                zones = PolicyZones(FAST, Kept.read(path, lambda: CLOCK))
                copies.take(zones.take(whole(rows(), version), now, beat))
            for name in asked:
                assert copies.effect(zones.names, name) == verdict(standing, name, now), name
            copies.take(zones.tick(now, beat))
            for name in asked:
                assert copies.effect(zones.names, name) == verdict(standing, name, now), name


HOSTILE = {
    "form": ["", ".", "a..b", "A.example", "a b.example", "a.example.", "*.example", "é.example",
             "-a.example", "a-.example", "x" * 64 + ".example", "a\0b.example", "a\nb.example",
             "a\\.example", "例.example"],
    "long": [".".join(["x" * 49] * 5), ".".join(["x" * 61] * 4)],
    "policy": ["24.0.0.0.10.rpz-client-ip", "32.1.2.0.192.rpz-ip", "ns.evil.rpz-nsdname",
               "rpz-ip", "a.rpz-passthru"],
    "top": ["com", "xn--fiqs8s"],
}  # fmt: skip


@pytest.mark.parametrize(("reason", "name"), [(r, n) for r, ns in HOSTILE.items() for n in ns])
def test_names_that_a_zone_cannot_hold_are_refused_in_words(
    reason: str, name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    zones = PolicyZones(FAST, Kept.read(tmp_path / "dns.json", lambda: CLOCK))
    found = zones.take(whole([row(name), row("good.example")]), 1, 0.0)
    assert zones.refused == {reason: 1}
    assert owners.REASONS[reason][0] in caplog.text
    [served] = [s for s in found if s.name == "refuse.rpz.fanzha"]
    assert served.pages[0][0] == 2
    assert zones.take(changes(gone=[row(name)]), 1, 0.0) == []


def test_a_key_that_is_no_text_is_refused(tmp_path: Path) -> None:
    zones = PolicyZones(FAST, Kept.read(tmp_path / "dns.json", lambda: CLOCK))
    bad = [row("x") | {"key": b"\xff\xfe.example"}, row("x.y", match=Match.PREFIX)]
    zones.take(whole(bad), 1, 0.0)
    assert zones.refused == {"form": 1, "match": 1}


def test_the_longest_name_that_fits_fits(tmp_path: Path) -> None:
    zones = PolicyZones(FAST, Kept.read(tmp_path / "dns.json", lambda: CLOCK))
    label = "x" * 49
    name = ".".join([label] * 4) + "." + "y" * (zones.room - 3 - 4 * 50)
    copies = Copies()
    copies.take(zones.take(whole([row(name)]), 1, 0.0))
    assert zones.refused == {}
    zones.take(whole([row("y" + name)]), 1, 0.0)
    assert zones.refused == {"long": 1}


def test_a_whole_top_level_may_be_protected(tmp_path: Path) -> None:
    zones = PolicyZones(FAST, Kept.read(tmp_path / "dns.json", lambda: CLOCK))
    zones.take(whole([row("gov", Effect.ALLOW)]), 1, 0.0)
    assert zones.refused == {}


def test_the_warning_page_itself_is_never_rewritten(tmp_path: Path) -> None:
    settings_ = PolicySettings(warn_to=("warn.centre.example",))
    zones = PolicyZones(settings_, Kept.read(tmp_path / "dns.json", lambda: CLOCK))
    copies = Copies()
    copies.take(zones.take(whole([row("centre.example", Effect.WARN)]), 1, 0.0))
    assert copies.effect(zones.names, "warn.centre.example") is Effect.ALLOW
    copies.take(zones.take(changes(gone=[row("warn.centre.example", match=Match.EXACT)]), 1, 0.0))
    copies.take(zones.take(whole([row("centre.example", Effect.WARN)], 3), 1, 0.0))
    assert copies.effect(zones.names, "warn.centre.example") is Effect.ALLOW
    alias = copies.copies["warn.rpz.fanzha"].get_rdataset("centre.example", "CNAME")
    assert alias[0].target.to_text() == "warn.centre.example."


@pytest.mark.parametrize(
    "bad", [{"warn_to": ("a.example", "b.example")}, {"warn_to": ("not a name",)}, {"zone": ""},
            {"zone": ".".join(["x" * 60] * 3)}, {"warn_to": ("192.0.2.1", "a.example")}]
)  # fmt: skip
def test_settings_that_make_no_zone_are_said(bad: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(Misconfigured):
        PolicyZones(PolicySettings(**bad), Kept.read(tmp_path / "dns.json", lambda: CLOCK))


def serials(found: list[Served]) -> dict[str, int]:
    return {served.name: served.serial for served in found}


@pytest.mark.parametrize("clock", [2_000.0, 1_000.0, 10.0], ids=["on", "still", "back"])
@pytest.mark.parametrize("ended", [True, False])
def test_serials_grow_over_restarts(clock: float, ended: bool, tmp_path: Path) -> None:
    path = tmp_path / "dns.json"
    zones = PolicyZones(FAST, Kept.read(path, lambda: 1_000.0))
    first = serials(zones.take(whole([row("a.example")]), 1, 0.0))
    second = first | serials(zones.take(changes([row("b.example")]), 1, 0.0))
    assert second["refuse-urgent.rpz.fanzha"] > first["refuse-urgent.rpz.fanzha"]
    if ended:
        zones.end()
    again = PolicyZones(FAST, Kept.read(path, lambda: clock))
    third = serials(again.take(whole([row("a.example"), row("b.example")]), 1, 0.0))
    for name, serial in third.items():
        assert serial == second[name] if ended else wire.newer(serial, second[name])
    other = PolicyZones(FAST, Kept.read(path, lambda: clock))
    fourth = serials(other.take(whole([row("c.example")]), 1, 0.0))
    assert wire.newer(fourth["refuse.rpz.fanzha"], third["refuse.rpz.fanzha"])


def test_serials_go_round(tmp_path: Path) -> None:
    assert wire.next_serial(0xFFFFFFFF, 5) == 5
    assert wire.newer(5, 0xFFFFFFFF)
    assert wire.next_serial(0xFFFFFFFF, 0xFFFFFFF0) == 1
    assert wire.next_serial(None, 0) == 1
    assert wire.next_serial(7, 7) == 8


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**40))
def test_the_next_serial_is_newer(before: int, now: int) -> None:
    assert wire.newer(wire.next_serial(before, now), before)


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"zones": 3}', '{"zones": {"a": {}}, "urgent": {}}']
)
def test_a_damaged_state_is_told_and_begun_anew(
    damage: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "dns.json"
    path.write_text(damage)
    zones = PolicyZones(FAST, Kept.read(path, lambda: 77.0))
    assert set(serials(zones.take(whole([]), 1, 0.0)).values()) == {77}
    assert "cannot be read" in caplog.text
    assert json.loads(path.read_text())["zones"]["allow.rpz.fanzha"]["serial"] == 77


def test_a_disk_that_takes_nothing_is_told_and_borne(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    zones = PolicyZones(FAST, Kept.read(tmp_path / "file" / "dns.json", lambda: CLOCK))
    first = serials(zones.take(whole([row("a.example")]), 1, 0.0))
    second = serials(zones.take(changes([row("b.example")]), 1, 0.0))
    assert second["refuse-urgent.rpz.fanzha"] == first["refuse-urgent.rpz.fanzha"] + 1
    assert "not on disk" in caplog.text


def test_a_clock_set_forward_and_back_takes_nothing_away(tmp_path: Path) -> None:
    zones = PolicyZones(FAST, Kept.read(tmp_path / "dns.json", lambda: CLOCK))
    copies = Copies()
    copies.take(zones.take(whole([row("a.example", ends_at=500)]), 100, 0.0))
    copies.take(zones.tick(10_000, 1.0))
    assert copies.effect(zones.names, "a.example") is None
    copies.take(zones.tick(101, 2.0))
    assert copies.effect(zones.names, "a.example") is Effect.REFUSE


def test_large_zones_change_one_after_another(tmp_path: Path) -> None:
    zones = PolicyZones(FAST, Kept.read(tmp_path / "dns.json", lambda: CLOCK))
    zones.take(whole([]), 1, 0.0)
    new = [row("a.example"), row("b.example", Effect.WARN)]
    assert set(serials(zones.take(changes(new), 1, 0.0))) == {
        "refuse-urgent.rpz.fanzha",
        "warn-urgent.rpz.fanzha",
    }
    assert zones.tick(1, 19.0) == []
    assert set(serials(zones.tick(1, 20.0))) == {"refuse.rpz.fanzha"}
    assert zones.tick(1, 29.0) == []
    assert set(serials(zones.tick(1, 30.0))) == {"refuse-urgent.rpz.fanzha", "warn.rpz.fanzha"}
    assert set(serials(zones.tick(1, 40.0))) == {"warn-urgent.rpz.fanzha"}
    assert set(zones.standing.values()) == {0, 1}
