"""Signed caller identity: cards of ours are verified, and what is not theirs is refused."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from fanzha.adapters.sip import jws, passport, scope
from fanzha.adapters.sip.authority import Authority, numbers_of, trusted
from fanzha.adapters.sip.passport import CallerCard
from fanzha.errors import Refused
from fanzha.values import reserved

NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
HOTLINE, CALLED = reserved.service(10), reserved.mobile(5)
X5U = "https://fanzha.example/v1/certificates/calls.pem"
KEY = generate_private_key(SECP256R1())
AUTHORITY = Authority.create("fanzha test", NOW)
CHAIN = AUTHORITY.certify(
    "Qinglan", KEY.public_key(), [scope.Range(HOTLINE), scope.Range("86154" + "0" * 8, 100)], NOW
)
LOGO, PICTURE = "https://fanzha.example/logo.png", b"\x89PNG..."
CARD = CallerCard("清澜市反诈中心", "劝阻提醒：请勿转账", LOGO, passport.digest(PICTURE))


def signed(orig: str = HOTLINE, at: datetime = NOW) -> str:
    return passport.sign_card(CARD, orig, [CALLED], KEY, X5U, at)


def checked(value: str, **changed: Any) -> passport.Passport:
    asked: dict[str, Any] = {"orig": HOTLINE, "dest": CALLED} | changed
    chain, roots = asked.pop("chain", CHAIN), asked.pop("roots", [AUTHORITY.root])
    now = asked.pop("now", NOW)
    return passport.verify(passport.identity(value), chain, roots, now, **asked)


def test_a_card_of_ours_is_shown_with_its_logo_once_its_bytes_are_seen() -> None:
    assert checked(signed(), pictures={LOGO: PICTURE}).card == CARD
    bare = CallerCard(CARD.name, CARD.reason)
    assert checked(signed()).card == bare
    assert checked(signed(), pictures={LOGO: b"other"}).card == bare


def test_every_number_of_the_certificate_and_no_other_may_show_it() -> None:
    assert checked(signed(reserved.mobile(99)), orig=reserved.mobile(99)).card
    with pytest.raises(Refused, match="identity_scope"):
        checked(signed(reserved.mobile(100)), orig=reserved.mobile(100))


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"orig": reserved.service(11)}, "identity_numbers"),
        ({"dest": reserved.mobile(6)}, "identity_numbers"),
        ({"now": NOW + timedelta(seconds=61)}, "identity_stale"),
        ({"now": NOW - timedelta(seconds=61)}, "identity_stale"),
        ({"now": NOW + timedelta(days=91)}, "chain_untrusted"),
        ({"now": NOW - timedelta(days=1)}, "chain_untrusted"),
        ({"roots": []}, "chain_untrusted"),
        ({"roots": [Authority.create("fanzha test", NOW).root]}, "chain_untrusted"),
        ({"chain": []}, "chain_untrusted"),
        ({"chain": CHAIN[:1]}, "chain_untrusted"),
        ({"chain": CHAIN[::-1]}, "chain_untrusted"),
        ({"chain": [CHAIN[0], CHAIN[0], CHAIN[1]]}, "chain_untrusted"),
        ({"chain": [CHAIN[1]]}, "chain_untrusted"),
    ],
)
def test_a_card_of_another_call_or_authority_is_refused(changed: Any, code: str) -> None:
    with pytest.raises(Refused, match=code):
        checked(signed(), **changed)


def test_a_chain_may_hold_its_root() -> None:
    assert checked(signed(), chain=[*CHAIN, AUTHORITY.root])


def test_somebody_elses_key_and_certificate_do_not_go_together() -> None:
    other = generate_private_key(SECP256R1())
    value = passport.sign_card(CARD, HOTLINE, [CALLED], other, X5U, NOW)
    with pytest.raises(Refused, match="identity_signature"):
        checked(value)


def test_a_certificate_below_one_of_a_line_is_worth_nothing() -> None:
    """Whoever holds the key of a line cannot make certificates for more numbers."""
    below = generate_private_key(SECP256R1())
    thief = Authority(AUTHORITY.root, CHAIN[0], KEY)
    chain = [*thief.certify("x", below.public_key(), [scope.Range(HOTLINE)], NOW), AUTHORITY.issuer]
    value = passport.sign_card(CARD, HOTLINE, [CALLED], below, X5U, NOW)
    with pytest.raises(Refused, match="chain_untrusted"):
        checked(value, chain=chain)


def test_certificates_bound_in_ways_that_are_not_read_are_not_trusted() -> None:
    base = CHAIN[0]
    for oid, critical in (("1.3.6.1.5.5.7.1.27", False), ("1.2.3.4", True)):
        builder = x509.CertificateBuilder(
            base.issuer, base.subject, base.public_key(), base.serial_number,
            base.not_valid_before_utc, base.not_valid_after_utc,
        )  # fmt: skip
        for one in base.extensions:
            builder = builder.add_extension(one.value, one.critical)
        odd = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), b"\x30\x00")
        certificate = builder.add_extension(odd, critical).sign(AUTHORITY.issuer_key, SHA256())
        with pytest.raises(Refused, match="chain_untrusted"):
            trusted([certificate, CHAIN[1]], [AUTHORITY.root], NOW)


def _shaken(**changed: Any) -> str:
    payload = {
        "attest": "B", "dest": {"tn": [CALLED[1:]]}, "iat": int(NOW.timestamp()),
        "orig": {"tn": HOTLINE}, "origid": "123e4567-e89b-12d3-a456-426655440000",
    } | changed  # fmt: skip
    header = {"ppt": "shaken", "typ": "passport", "x5u": X5U}
    return f'{jws.sign(header, payload, KEY)};info=<{X5U}>;alg="ES256";ppt="shaken"'


def test_shaken_is_read() -> None:
    found = checked(_shaken())
    assert (found.kind, found.attest, found.orig, found.card) == ("shaken", "B", HOTLINE, None)
    for odd in ({"attest": "D"}, {"dest": {}}, {"dest": {"tn": []}}, {"orig": {"tn": ["1", "2"]}},
                {"iat": "now"}, {"orig": {"tn": "+86"}}):  # fmt: skip
        with pytest.raises(Refused, match="identity_form"):
            checked(_shaken(**odd))


def test_header_and_token_must_agree() -> None:
    token = signed().partition(";")[0]
    for rest in ("", ";info=<https://other.example>", f";info=<{X5U}>;alg=none",
                 f";info=<{X5U}>;ppt=shaken"):  # fmt: skip
        with pytest.raises(Refused, match="identity_form"):
            passport.identity(token + rest)
    assert passport.identity(f'{token} ; info=<{X5U}> ; alg=ES256;ppt="rcd"').kind == "rcd"


def test_controls_in_a_name_are_refused() -> None:
    bad = CallerCard("中心\u202e\n96110", "x")
    with pytest.raises(Refused, match="identity_form"):
        checked(passport.sign_card(bad, HOTLINE, [CALLED], KEY, X5U, NOW))


DIGITS = st.text("0123456789", min_size=1, max_size=15)


@given(st.lists(st.tuples(DIGITS, st.integers(1, 10**12)), min_size=1, max_size=9))
def test_lists_of_numbers_survive_their_der(pairs: list[tuple[str, int]]) -> None:
    entries = [scope.Range(*pair) for pair in pairs]
    assert scope.decoded(scope.encoded(entries)) == entries


def test_the_der_is_that_of_the_standard() -> None:
    """SEQUENCE { [2] IA5String "96110", [1] SEQUENCE { IA5String "86154", INTEGER 128 } }."""
    entries = [scope.Range("96110"), scope.Range("86154", 128)]
    assert scope.encoded(entries).hex() == (
        "3018" "a2071605" "3936313130" "a10d300b1605" "3836313534" "02020080"
    )  # fmt: skip
    # [0] a provider's code names no number.
    assert scope.decoded(bytes.fromhex("3008a0061604") + b"1234") == []
    assert numbers_of(CHAIN[0])[0] == scope.Range(HOTLINE)
    assert numbers_of(AUTHORITY.root) == []


@given(st.binary(max_size=60))
def test_any_bytes_are_a_list_or_refused(der: bytes) -> None:
    for tried in (der, scope.encoded([scope.Range("86154", 9)])[: len(der)] + der):
        with contextlib.suppress(Refused):
            scope.decoded(tried)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("86154"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["tn", "nam", "icn", "/icn", "x"]), inner)
    ),
    max_leaves=8,
)
CLAIMS = st.dictionaries(
    st.sampled_from(["orig", "dest", "iat", "rcd", "rcdi", "crn", "attest", "origid"]), JSON
)


@given(CLAIMS, st.sampled_from(["rcd", "shaken", "div", 5]))
def test_any_signed_claims_are_read_or_refused(claims: Any, kind: Any) -> None:
    text = jws.sign({"typ": "passport", "ppt": kind, "x5u": X5U}, claims, KEY)
    with contextlib.suppress(Refused):
        passport.read(passport.identity(f"{text};info=<{X5U}>"))


@given(st.text(st.characters(), max_size=200))
def test_any_header_is_an_identity_or_refused(text: str) -> None:
    for value in (text, signed() + text, text + signed()):
        with contextlib.suppress(Refused):
            passport.identity(value)
