"""Numbers that cannot be true, doors they come in by, and people who were called from abroad."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.detection.call.numbering import load_numbering
from fanzha.detection.finding import Role, Stage
from fanzha.errors import Misconfigured
from fanzha.values import reserved
from tests.detection.streams import DAY, HOUR, MINUTE, POLICIES, Played, Tape
from tests.detection.test_call_channel import SUSPECT, alone, many

CALLED = reserved.mobile(8)
BANK = next(iter(reserved.BANKS.values())).hotline
DETECTION = POLICIES / "detection"


def _codes(caller: str, **how: object) -> set[str]:
    """What one call says of its caller."""
    tape = Tape().call(0, caller, CALLED, **how)  # type: ignore[arg-type]
    return {r.code for f in alone(tape).findings if f.role is Role.SUSPECT for r in f.reasons}


@pytest.mark.parametrize("shown", ["110", "96110", "0362110", "12345"])
def test_an_official_number_by_the_wrong_door(shown: str) -> None:
    for trunk in ("intl-1", "resale-3", "voip-2"):
        assert "authority_wrong_door" in _codes(shown, trunk=trunk)
    assert _codes(shown, trunk="city-1") == set()
    assert _codes(shown) == set()


def test_a_bank_s_number_by_the_wrong_door() -> None:
    assert "bank_wrong_door" in _codes(BANK, trunk="intl-1")
    assert _codes(BANK, trunk="city-1") == set()


def test_a_range_given_to_nobody() -> None:
    assert "unassigned_number" in _codes("16000000001")
    assert _codes(reserved.mobile(77)) == set()


def test_a_foreign_number_without_its_zeros() -> None:
    bare = reserved.overseas(5).removeprefix("+")
    assert {"stripped_prefix", "malformed_number"} <= _codes(bare, trunk="intl-1")
    assert "stripped_prefix" not in _codes("00" + bare, trunk="intl-1")
    assert "stripped_prefix" not in _codes("99999999999999999", trunk="intl-1")


def test_a_filed_number_that_the_network_does_not_assert() -> None:
    """A call centre shows its short number; a fixed line that is filed shows itself."""
    service = reserved.service(10)
    assert _codes(service, asserted_caller=reserved.fixed(3)) == set()


def test_a_short_number_resold() -> None:
    toll = reserved.toll_free(7)
    codes = alone(many(Tape(), 15, caller=toll, trunk="resale-1")).codes(toll)
    assert "resold_short_number" in codes
    own = alone(many(Tape(), 15, caller=toll, trunk="city-1", talk_s=60.0))
    assert own.findings == [], "a shop that calls its customers from its own 400 number"


def test_a_mobile_number_by_internet_telephony() -> None:
    shown = alone(many(Tape(), 12, trunk="voip-1", talk_s=40.0, cause="caller_hangup"))
    assert "mobile_by_voip" in shown.codes(SUSPECT)
    roams = alone(many(Tape(), 12, callees=3, trunk="intl-1", talk_s=60.0))
    assert roams.findings == []


def _called(talk_s: float, *, caller: str | None = None, known: bool = False) -> Tape:
    caller = caller or reserved.overseas(9)
    tape = Tape()
    if known:
        tape.call(-5 * DAY, caller, CALLED, talk_s=60.0)
    return tape.call(0, caller, CALLED, talk_s=talk_s)


def _asked(tape: Tape, whom: str, times: int = 1) -> Played:
    for n in range(times):
        tape.call(HOUR + n * 10 * MINUTE, CALLED, whom, talk_s=90.0)
    return alone(tape)


@pytest.mark.parametrize(
    ("whom", "code", "stage"),
    [
        ("114", "asks_an_authority", Stage.TRUST),
        ("110", "asks_an_authority", Stage.TRUST),
        (BANK, "calls_the_bank", Stage.OPERATION),
    ],
)
def test_who_was_called_from_abroad_asks(whom: str, code: str, stage: Stage) -> None:
    found = [f for f in _asked(_called(1_200.0), whom).about(CALLED) if code in
             {r.code for r in f.reasons}]  # fmt: skip
    assert len(found) == 1, "once a call, however many phases tell of it"
    assert (found[0].role, found[0].stage) == (Role.AT_RISK, stage)
    assert code not in _asked(_called(20.0), whom).codes(CALLED), "hung up at once"
    assert code not in _asked(_called(1_200.0, known=True), whom).codes(CALLED), "a son abroad"
    assert code not in _asked(_called(1_200.0, caller=reserved.mobile(3)), whom).codes(CALLED)
    assert code not in _asked(_called(1_200.0), reserved.fixed(5)).codes(CALLED)


def test_who_calls_back_abroad_again_and_again() -> None:
    abroad = reserved.overseas(9)
    tape = Tape().call(-6 * DAY, abroad, CALLED, talk_s=None)
    tape.call(0, reserved.overseas(10), CALLED, talk_s=900.0)
    assert "calls_back_often" in _asked(tape, abroad, times=5).codes(CALLED)
    once = Tape().call(0, reserved.overseas(10), CALLED, talk_s=900.0)
    assert "calls_back_often" not in _asked(once, abroad, times=1).codes(CALLED)


def test_the_use_of_a_vpn_alone_says_nothing() -> None:
    """No file reads of one, and who opens a tunnel and calls as ever is not named."""
    for path in DETECTION.glob("call-v1-*.yaml"):
        assert "vpn" not in path.read_text("utf-8").lower()
    tape = Tape().person(8)
    for n in range(6):
        at = n * HOUR
        tape.add("app", at, subscriber=CALLED, package="example.tunnel.vpn", action="open")
        tape.add("visit", at, subscriber=CALLED, url="vpn.example", ip=reserved.ip(n))
        tape.call(at + MINUTE, CALLED, reserved.mobile(20 + n % 2), talk_s=200.0)
    played = Played(tape)
    assert (played.findings, played.risks) == ([], [])


def test_only_finished_calls_and_nothing_else_told() -> None:
    """No phases but `end`, no device, no cell, no trunk: it works and says what it lacks."""
    played = alone(many(Tape(), 15, talk_s=6.0, phases=("end",)))
    (found, *_) = played.about(SUSPECT)
    assert "quick_strangers" in {r.code for r in found.reasons}
    assert {"caller_cell", "caller_imei", "caller_imsi", "trunk"} <= set(found.missing)


@pytest.mark.parametrize(
    ("key", "value"),
    [("mobile_prefixes", ["13"]), ("official", ["(110"]), ("resale_trunks", [".*"]),
     ("official", []), ("in_force_on", "soon"), ("surplus", 1)],
)  # fmt: skip
def test_a_numbering_file_that_is_wrong(key: str, value: object, tmp_path: Path) -> None:
    data = yaml.safe_load((DETECTION / "call-v1-numbering.yaml").read_text("utf-8"))
    path = tmp_path / "numbering.yaml"
    path.write_text(yaml.safe_dump({**data, key: value}), "utf-8")
    with pytest.raises(Misconfigured):
        load_numbering(path)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=40)), max_size=8))
def test_whatever_is_shown_is_read(shown: list[str | None]) -> None:
    numbering = load_numbering(DETECTION / "call-v1-numbering.yaml")
    frame = pl.DataFrame({"n": shown, "k": ["mobile"] * len(shown)},
                         schema={"n": pl.String, "k": pl.String})  # fmt: skip
    ask: list[Callable[[pl.Expr], pl.Expr]] = [numbering.official, numbering.bank,
                                               numbering.by_resale,
                                               numbering.by_international]  # fmt: skip
    told = frame.select(f(pl.col("n")).alias(str(i)) for i, f in enumerate(ask))
    assert told.null_count().sum_horizontal().sum() == 0
    assert numbering.stripped(frame["n"]).len() == len(shown)
