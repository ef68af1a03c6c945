"""Sealing: what opens, what never does, and how keys change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanzha.adapters.sealing.keyring import Keyring, verify_signature
from fanzha.errors import Misconfigured, Refused

RING = Keyring.create()


@given(st.text(max_size=200), st.sampled_from(["warning.sealed", "note.sealed"]))
def test_what_is_sealed_opens_again_and_only_there(plain: str, context: str) -> None:
    sealed = RING.seal(plain, context)
    assert RING.open(sealed, context) == plain
    with pytest.raises(Refused):
        RING.open(sealed, "elsewhere")


@given(st.text(min_size=1, max_size=50), st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_is_noticed(plain: str, where: int, change: int) -> None:
    sealed = bytearray(RING.seal(plain, "c"))
    sealed[where % len(sealed)] ^= change
    with pytest.raises(Refused):
        RING.open(bytes(sealed), "c")


@given(st.binary(max_size=40))
def test_garbage_is_refused(garbage: bytes) -> None:
    with pytest.raises(Refused):
        RING.open(garbage, "c")


def test_the_same_text_is_never_sealed_alike_but_has_one_token() -> None:
    assert RING.seal("甲", "c") != RING.seal("甲", "c")
    assert RING.token("number", "1") == RING.token("number", "1")
    assert RING.token("number", "1") != RING.token("account", "1")
    assert RING.token("number", "1") != Keyring.create().token("number", "1")


def test_rotation_keeps_old_seals_readable_until_all_are_new() -> None:
    old = RING.seal("甲", "c")
    ring = RING.rotated()
    assert ring.open(old, "c") == "甲"
    assert not old.startswith(ring.current)
    assert ring.seal("甲", "c").startswith(ring.current)
    assert ring.token("number", "1") == RING.token("number", "1")
    with pytest.raises(Refused):
        ring.without_old_keys().open(old, "c")


def test_the_file_is_private_and_a_public_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "ring.json"
    ring = Keyring.load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Keyring.load_or_create(path).open(ring.seal("甲", "c"), "c") == "甲"
    path.chmod(0o640)
    with pytest.raises(Misconfigured):
        Keyring.load(path)


def test_two_who_start_at_once_share_one_ring(tmp_path: Path) -> None:
    path = tmp_path / "ring.json"
    with ThreadPoolExecutor(8) as starting:
        rings = list(starting.map(lambda _: Keyring.load_or_create(path), range(8)))
    sealed = rings[0].seal("甲", "c")
    assert {ring.open(sealed, "c") for ring in rings} == {"甲"}
    assert [p.name for p in tmp_path.iterdir()] == ["ring.json"]


def test_signatures() -> None:
    signature = RING.sign(b"head")
    assert verify_signature(RING.public_key, b"head", signature)
    assert not verify_signature(RING.public_key, b"head!", signature)
    assert not verify_signature(Keyring.create().public_key, b"head", signature)


@pytest.mark.parametrize(
    "content", ['{"broken', "{}", "[]", '{"keys": {"1": "?"}, "current": "x"}']
)
def test_a_damaged_file_is_said_to_be_one(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keyring.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(Misconfigured, match="keyring_unreadable"):
        Keyring.load(path)
