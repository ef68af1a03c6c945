"""Sealing: what opens, what never does, and how keys change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanzha.adapters.sealing import keyring
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


def two_rings(path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Keyring, Keyring]:
    """Two processes' rings of one file; each looks at it whenever it seals."""
    monkeypatch.setattr(keyring, "_LOOK_EVERY_S", 0.0)
    return Keyring.load_or_create(path), Keyring.load(path)


def test_a_ring_follows_what_another_has_put_into_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ring.json"
    one, other = two_rings(path, monkeypatch)
    old = other.seal("甲", "c")
    one.rotated().save(path)
    assert one.seal("甲", "c").startswith(other.current)
    assert not old.startswith(other.current)
    assert (one.open(old, "c"), other.old_keys) == ("甲", 1)
    one.without_old_keys().save(path)
    assert other.open(one.seal("乙", "c"), "c") == "乙"
    assert other.current == one.current
    assert other.old_keys == 0
    with pytest.raises(Refused):
        Keyring.load(path).open(old, "c")


def test_an_unknown_key_is_looked_for_at_once(tmp_path: Path) -> None:
    path = tmp_path / "ring.json"
    running = Keyring.load_or_create(path)
    Keyring.load(path).rotated().save(path)
    assert running.open(Keyring.load(path).seal("甲", "c"), "c") == "甲"


@pytest.mark.parametrize("damage", ["gone", "broken", "open", "another"])
def test_a_file_that_cannot_be_followed_leaves_the_ring_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    path = tmp_path / "ring.json"
    _, running = two_rings(path, monkeypatch)
    before = path.read_bytes()
    sealed, token = running.seal("甲", "c"), running.token("number", "1")
    if damage == "gone":
        path.unlink()
    elif damage == "broken":
        path.write_text("{")
    elif damage == "open":
        path.write_bytes(before + b" ")
        path.chmod(0o644)
    else:
        Keyring.create().rotated().save(path)
    assert running.seal("乙", "c").startswith(sealed[:3])
    assert running.open(sealed, "c") == "甲"
    assert running.token("number", "1") == token
    path.unlink(missing_ok=True)
    path.write_bytes(before)
    path.chmod(0o600)
    Keyring.load(path).rotated().save(path)
    assert not running.seal("乙", "c").startswith(sealed[:3]), "mended, it is followed again"


def test_threads_share_a_ring_whose_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ring.json"
    one, other = two_rings(path, monkeypatch)

    def seals(n: int) -> bool:
        return all(other.open(other.seal(str(n), "c"), "c") == str(n) for _ in range(200))

    with ThreadPoolExecutor(4) as threads:
        done = [threads.submit(seals, n) for n in range(4)]
        for _ in range(20):
            one.rotated().save(path)
        assert all(d.result() for d in done)
    assert other.old_keys == 20


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
