"""The card of a refused call: signed, complete, and read with distrust."""

from __future__ import annotations

import contextlib
import json
from base64 import urlsafe_b64decode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, generate_private_key
from hypothesis import given
from hypothesis import strategies as st

from fanzha.adapters.sip import jws
from fanzha.adapters.sip.jcard import Refusal, read, sign
from fanzha.errors import Refused

KEY = generate_private_key(SECP256R1())
OTHER = generate_private_key(SECP256R1())
NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
X5U = "https://fanzha.example/v1/certificates/refusals.pem"
REFUSAL = Refusal(
    centre_zh="清澜市反诈中心", centre_en="Qinglan Anti-Scam Centre",
    ground_zh="冒充公检法来电", ground_en="calls that pose as police",
    article="反电信网络诈骗法第二十五条", code="7K3QF-9X2MT",
    appeal_url="https://fanzha.example/appeals/7K3QF-9X2MT", telephone="96110",
    documents_zh="身份证件", documents_en="proof of identity",
    ends_at=datetime(2026, 12, 1, 0, 0, tzinfo=UTC), logo="https://fanzha.example/logo.svg",
)  # fmt: skip


def part(token: str, nth: int) -> Any:
    text = token.split(".")[nth]
    return json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def test_the_card_is_what_rfc_8688_asks_for() -> None:
    token = sign(REFUSAL, KEY, X5U, NOW)
    assert part(token, 0) == {"alg": "ES256", "typ": "vcard+json", "x5u": X5U}
    assert set(part(token, 1)) == {"iat", "jcard"}
    assert part(token, 1)["iat"] == int(NOW.timestamp())
    name, rows = part(token, 1)["jcard"]
    assert name == "vcard"
    assert rows[0] == ["version", {}, "text", "4.0"]
    assert all(len(row) == 4 for row in rows)
    assert {row[0] for row in rows} >= {"fn", "url", "tel", "note"}


def test_it_says_who_why_and_how_to_appeal_in_both_languages() -> None:
    card = read(sign(REFUSAL, KEY, X5U, NOW), KEY.public_key(), NOW)
    assert card.properties["fn"] == ["清澜市反诈中心", "Qinglan Anti-Scam Centre"]
    assert card.properties["url"] == [REFUSAL.appeal_url]
    assert card.properties["tel"] == ["tel:96110"]
    zh, en = card.properties["note"]
    for words in ("冒充公检法来电", "第二十五条", "7K3QF-9X2MT", "身份证件", "2026-12-01 08:00"):
        assert words in zh
    for words in ("pose as police", "7K3QF-9X2MT", "proof of identity"):
        assert words in en


def test_a_card_without_a_code_sends_to_the_telephone() -> None:
    bare = replace(REFUSAL, code="", article="", documents_zh="", documents_en="", ends_at=None)
    zh, en = read(sign(bare, KEY, X5U, NOW), KEY.public_key(), NOW).properties["note"]
    assert "申诉码" not in zh
    assert en.endswith("call us.")


def test_what_is_not_signed_by_the_key_or_is_old_is_refused() -> None:
    token = sign(REFUSAL, KEY, X5U, NOW)
    with pytest.raises(Refused, match="jcard_signature"):
        read(token, OTHER.public_key(), NOW)
    with pytest.raises(Refused, match="jcard_signature"):
        read(token, generate_private_key(SECP384R1()).public_key(), NOW)
    for later in (timedelta(minutes=2), timedelta(minutes=-2)):
        with pytest.raises(Refused, match="jcard_old"):
            read(token, KEY.public_key(), NOW + later)


@given(st.data())
def test_one_changed_letter_is_noticed(data: st.DataObject) -> None:
    token = sign(REFUSAL, KEY, X5U, NOW)
    at = data.draw(st.integers(0, len(token) - 3))
    letter = data.draw(st.sampled_from("ABCxyz019-_. "))
    if token[at] == letter:
        return
    with pytest.raises(Refused):
        read(token[:at] + letter + token[at + 1 :], KEY.public_key(), NOW)


@pytest.mark.parametrize(
    ("header", "payload"),
    [
        ({"typ": "passport", "x5u": X5U}, {}),
        ({"typ": "vcard+json"}, {}),
        ({"typ": "vcard+json", "x5u": X5U, "crit": ["b64"]}, {}),
        ({"typ": "vcard+json", "x5u": X5U}, {}),
        ({"typ": "vcard+json", "x5u": X5U}, {"iat": True}),
        ({"typ": "vcard+json", "x5u": X5U}, {"iat": 1e300}),
        ({"typ": "vcard+json", "x5u": X5U}, {"iat": 10**30}),
        ({"typ": "vcard+json", "x5u": X5U}, {"iat": int(NOW.timestamp()), "jcard": ["vcard", 1]}),
        ({"typ": "vcard+json", "x5u": X5U},
         {"iat": int(NOW.timestamp()), "jcard": ["vcard", [["version", {}, "text", "4.0"],
                                                           ["fn", {}, "text", "x"]]]}),
    ],
)  # fmt: skip
def test_signed_cards_that_are_none_are_refused(header: Any, payload: Any) -> None:
    with pytest.raises(Refused):
        read(jws.sign(header, payload, KEY), KEY.public_key(), NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)


@given(JSON, JSON, st.text(st.characters(), max_size=80))
def test_any_signed_json_and_any_text_is_read_or_refused(card: Any, iat: Any, text: str) -> None:
    payload = {"iat": iat if iat else int(NOW.timestamp()), "jcard": card}
    with contextlib.suppress(Refused):
        read(jws.sign({"typ": "vcard+json", "x5u": X5U}, payload, KEY), KEY.public_key(), NOW)
    with contextlib.suppress(Refused):
        jws.read(text)
    with contextlib.suppress(Refused):
        jws.read(f"{text}.{text}.{text}")


def test_other_algorithms_twice_named_keys_and_long_texts_are_refused() -> None:
    def coded(text: str) -> str:
        return jws._base64(text.encode())

    body = coded("{}")
    for header in ('{"alg":"none"}', '{"alg":"HS256"}', '{"alg":"ES256","alg":"none"}', "[]",
                   '{"alg":"ES256","x":NaN}', "[" * 4000, ""):  # fmt: skip
        with pytest.raises(Refused, match="jws_form"):
            jws.read(f"{coded(header)}.{body}.{body}")
    with pytest.raises(Refused, match="jws_form"):
        jws.read("a" * 20_000)
    short = jws.read(f"{coded(json.dumps({'alg': 'ES256'}))}.{body}.AAAA")
    assert not short.is_signed_by(KEY.public_key())
    zeros = jws.read(f"{coded(json.dumps({'alg': 'ES256'}))}.{body}." + jws._base64(b"\0" * 64))
    assert not zeros.is_signed_by(KEY.public_key())
