"""What the Kamailio hook knows by itself: reading claims, talking to the edge, its settings."""

from __future__ import annotations

import json
import string
import struct
import sys
import time
from base64 import urlsafe_b64encode
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanzha.lists import code
from fanzha.lists.form import Effect, Kind
from fanzha.testing.kamailio import DEPLOY
from fanzha.values import phone_number, reserved
from tests.adapters.sip.stub_edge import StubEdge

sys.path.insert(0, str(DEPLOY))
import fanzha_claims as reads  # type: ignore[import-not-found]
import fanzha_edge as hook  # type: ignore[import-not-found]

ANYTHING = st.text(st.characters(), max_size=300)
ALWAYS = hook.Settings().always


def normal(uri: str) -> str:
    """What the edge makes of the number that the hook hands it."""
    return phone_number.read(reads.number_in(uri))[0]


def test_effects_and_kinds_are_those_of_the_lists() -> None:
    assert {hook.LABEL, hook.WARN, hook.REFUSE, hook.ALLOW} == set(map(int, Effect))
    assert hook.NUMBER == Kind.NUMBER


@given(st.integers(1, code.MOST))
def test_codes_are_written_as_notices_write_them(number: int) -> None:
    assert hook.written(number) == code.write(number)


NUMBERS = st.one_of(
    st.integers(0, 10**8 - 1).map(reserved.mobile),
    st.integers(0, 10**6 - 1).map(reserved.fixed),
    st.integers(0, 3199).map(reserved.overseas),
    st.integers(0, 99).map(reserved.service),
    st.integers(0, 10**6 - 1).map(reserved.toll_free),
    st.integers(0, 10**9 - 1).map(reserved.iot),
)


@given(NUMBERS, st.data())
def test_a_number_in_a_uri_is_the_number(number: str, data: st.DataObject) -> None:
    """However it is escaped, dotted, dressed with parameters and set in angle brackets."""
    escaped = "".join(
        f"%{ord(c):02X}" if data.draw(st.booleans()) else c
        for c in "".join(c + data.draw(st.sampled_from(["", "", "-", "."])) for c in number)
    ).rstrip("-.")
    user = escaped + data.draw(st.sampled_from(["", ";npdi", ";rn=+861;npdi", ":secret"]))
    host = data.draw(st.sampled_from(["h.example", "[2001:db8::1]:5060", "1.2.3.4;user=phone"]))
    scheme = data.draw(st.sampled_from(["sip", "SIPS", "Sip"]))
    name = data.draw(st.sampled_from(["", "x ", '"a, <b> \\" c" ', '"骗, sip:1@x"']))
    for uri in (f"{scheme}:{user}@{host}", f"tel:{escaped};isub=1"):
        assert normal(uri) == number
        claim = (reads.number_in(uri), True)
        assert reads.claims([f"{name}<{uri}>;tag=1"], [], [], "") == [claim]
    assert reads.claims([], [], [], f"{scheme}:{user}@{host};tag=a")[:1] == [claim]


def test_a_local_tel_number_takes_its_context() -> None:
    assert normal("tel:415400000001;phone-context=+86") == "?+86415400000001"
    assert normal("tel:15400000001;phone-context=+86") == reserved.mobile(1)
    assert normal("tel:95401;phone-context=example.com") == "95401"


def test_names_are_not_asked_about() -> None:
    for uri in (
        "sip:alice@x",
        "sip:x",
        "",
        "mailto:1@x",
        "sip:",
        "tel:",
        "sip:@1",
        "urn:service:sos",
    ):
        assert reads.number_in(uri) == ""


def passport(payload: object) -> str:
    parts = [urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in ({}, payload)]
    return ".".join([*parts, "c2ln"]) + ';info=<https://x.example/c>;alg="ES256";ppt="shaken"'


def test_originators_of_passports() -> None:
    mobile = reserved.mobile(1)
    assert reads.originator(passport({"orig": {"tn": mobile[1:]}})) == mobile
    assert reads.originator(passport({"orig": {"tn": "95401"}})) == "95401"
    for odd in ({}, [], {"orig": []}, {"orig": {"tn": 5}}, {"orig": {"uri": "sip:x"}}):
        assert reads.originator(passport(odd)) == ""
    assert reads.originator("." + passport({})) == ""
    assert reads.originator("..sig;info=<x>") == ""


def test_claims_come_strongest_first_and_once() -> None:
    a, b, c, d = map(reserved.mobile, (1, 2, 3, 4))
    found = reads.claims(
        [f"<sip:{a}@x>, <tel:{b}>"], [passport({"orig": {"tn": c[1:]}})], [f"sip:{a}@y"], f"tel:{d}"
    )
    assert found == [(a, True), (b, True), (c, False), (d, True)]
    doubted = reads.claims([f"<tel:{a}>"], [], [], f"<tel:{a}>", believed=False)
    assert doubted == [(a, True)]
    assert reads.claims([f"<tel:{a}>"], [], [], "", believed=False) == [(a, False)]


def test_nobody_crowds_out_the_number_that_is_shown() -> None:
    bad = reserved.mobile(1)
    many = [f"<tel:{reserved.mobile(10 + n)}>" for n in range(30)]
    stuffed = [", ".join(many)] * 4
    tokens = [passport({"orig": {"tn": reserved.mobile(50 + n)[1:]}}) for n in range(9)]
    found = reads.claims(stuffed, tokens, stuffed, f"<sip:{bad}@x>")
    assert found[-1] == (bad, True)
    assert len(found) <= 8


@given(ANYTHING, ANYTHING, ANYTHING)
def test_whatever_a_caller_writes_is_read_without_a_fault(a: str, b: str, c: str) -> None:
    found = reads.claims([a, "<" + b], [c, "e30." + c + ".x"], [b], c)
    assert len(found) <= 8
    numbers = [claim.number for claim in found]
    assert all(any(char in string.digits for char in number) for number in numbers if number != c)
    reads.is_emergency(a, ALWAYS)
    reads.announces_608([a, b])
    sent = hook.frame(numbers)
    assert struct.unpack("!I", sent[:4])[0] == len(sent) - 4


def test_deep_json_is_no_trouble() -> None:
    payload = urlsafe_b64encode(b"[" * 5000).decode()
    assert reads.originator(f"e30.{payload}.x") == ""


@pytest.mark.parametrize(
    "uri", ["sip:110@x", "tel:119", "sip:0571110@x", "sip:010120@x", "sip:+86110@x", "tel:+86-110",
            "sip:%31%31%30@x", "urn:service:sos", "URN:service:sos.police", "sip:008696110@x"]
)  # fmt: skip
def test_emergency_numbers_are_known(uri: str) -> None:
    assert reads.is_emergency(uri, ALWAYS)


@given(NUMBERS)
def test_nobody_else_is_an_emergency(number: str) -> None:
    assert not reads.is_emergency(f"sip:{number}@x", ALWAYS)
    assert not reads.is_emergency(f"sip:{number}110@x", ALWAYS)


def test_608_is_understood_only_where_it_is_announced() -> None:
    assert reads.announces_608(["*;+sip.607", "*;+g.x; +SIP.608"])
    assert not reads.announces_608(["*;+sip.6080", "sip.608", ""])


EFFECTS = st.sampled_from([0, 1, 2, 3, 9])


@given(st.lists(st.tuples(EFFECTS, st.integers(0, code.MOST), st.booleans()), max_size=8))
def test_a_verdict_is_the_gravest_of_what_no_protection_covers(
    claims: list[tuple[int, int, bool]],
) -> None:
    found = hook.verdict([hook.Hit(*c[:2]) for c in claims], [c[2] for c in claims])
    covered = next((n for n, c in enumerate(claims) if c[0] == hook.ALLOW and c[2]), len(claims))
    graves = [c[0] for c in claims[:covered] if c[0] != hook.ALLOW]
    if gravest := max([0, *graves]):
        assert found.effect == gravest
    else:
        assert found.effect == (hook.ALLOW if covered < len(claims) else 0)


@pytest.mark.parametrize(
    ("effects", "protects", "then"),
    [
        ([9, 3], [True, True], 9),  # asserted and protected, a bad number in From
        ([3, 9], [True, True], 3),  # a protected number in From, asserted to be another's
        ([9, 3], [False, True], 3),  # a PASSporT of a protected number saves nobody
        ([9, 0], [False, True], 0),
        ([0, 9], [False, True], 9),
        ([3, 9], [False, True], 3),  # a provider says who poses as protected
        ([1, 3], [True, True], 3),
    ],
)
def test_who_is_protected(effects: list[int], protects: list[bool], then: int) -> None:
    assert hook.verdict([hook.Hit(e, 1) for e in effects], protects).effect == then


@given(st.binary(max_size=80), st.integers(0, 5))
def test_answers_are_understood_or_nonsense(body: bytes, count: int) -> None:
    try:
        assert len(hook.answers(body, count)) == count
    except hook.Nonsense:
        return


def test_asking_waits_no_longer_than_it_may(tmp_path: Path) -> None:
    settings = hook.Settings(socket=str(tmp_path / "edge.sock"), time_limit_ms=40, rest_ms=60_000)
    with StubEdge(tmp_path / "edge.sock", {reserved.mobile(1): (3, 5)}) as edge:
        ours = hook.Edge(settings)
        assert ours.ask(["15400000001", "95401"]) == ([hook.Hit(3, 5), hook.Hit(0, 0)], "")
        assert edge.links == 1
        edge.how = "silent"
        assert [ours.ask(["1"]) for _ in range(3)] == [(None, "TimeoutError")] * 3
        asked = len(edge.asked)
        assert ours.ask(["1"]) == (None, "resting")
        assert len(edge.asked) == asked


def test_a_late_answer_is_not_taken_for_the_next(tmp_path: Path) -> None:
    settings = hook.Settings(socket=str(tmp_path / "edge.sock"), time_limit_ms=60)
    bad, good = reserved.mobile(1), reserved.mobile(2)
    with StubEdge(tmp_path / "edge.sock", {bad: (3, 5)}) as edge:
        ours = hook.Edge(settings)
        edge.how = "slow"
        assert ours.ask([bad])[0] is None
        edge.how = "well"
        time.sleep(0.3)
        assert ours.ask([good]) == ([hook.Hit(0, 0)], "")
        assert ours.ask([bad]) == ([hook.Hit(3, 5)], "")


def test_settings_are_read_and_wrong_ones_refused() -> None:
    shipped = (DEPLOY / "fanzha.ini").read_text(encoding="utf-8")
    assert hook.read_settings(shipped) == hook.Settings()
    found = hook.read_settings("[fanzha]\nalways = 110, 119\ntime_limit_ms = 5\nwarn=refuse\n")
    assert (found.always, found.time_limit_ms, found.warn) == (("110", "119"), 5.0, "refuse")
    for wrong in ("[fanzha]\nsockt = x", "[other]\n", "[fanzha]\ntime_limit_ms = 0", "x = 1",
                  "[fanzha]\nwarn = perhaps", "[fanzha]\nmark = a\"b", "[fanzha]\nmark_in = to",
                  "[fanzha]\nunannounced = announce", "[fanzha]\nlog_every_s = nan"):  # fmt: skip
        with pytest.raises((ValueError, hook.configparser.Error)):
            hook.read_settings(wrong)


def test_every_setting_stands_in_the_readme() -> None:
    readme = (DEPLOY / "README.md").read_text(encoding="utf-8")
    assert [n for n in hook.Settings.__dataclass_fields__ if f"`{n}`" not in readme] == []


def test_quoting_in_addresses_hides_nothing() -> None:
    bad = reserved.mobile(1)
    for value in (f'"<sip:1@x>" <sip:{bad}@x>', f'"\\"<" <sip:{bad}@x>', f"<sip:{quote(bad)}@x>"):
        assert reads.number_in(reads.uris_in(value)[0]) == bad
