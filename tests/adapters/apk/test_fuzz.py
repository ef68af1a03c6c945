"""Mutated APKs: whatever comes of reading one, it is facts or a refusal in words."""

from __future__ import annotations

import contextlib
import io
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.adapters.apk.archive import open_archive
from fanzha.adapters.apk.code import dex_strings
from fanzha.adapters.apk.limits import Limits
from fanzha.adapters.apk.reader import ApkReader
from fanzha.detection.app.static.facts import facts_of
from fanzha.errors import Refused
from tests.adapters.apk.building import ICON, LABEL, apk, axml, dex, key, manifest, resources

LIMITS = Limits(memory=700 << 20, cpu=3, wall=6.0)
SIGNER = key()
PARTS = {
    "AndroidManifest.xml": axml(manifest(label=LABEL, icon=ICON)),
    "resources.arsc": resources("com.xinyi.sample", {"": "Sample", "zh": "样例"}),
    "classes.dex": dex(["https://a.example/", "Lcom/a/B;", "text"] * 20),
}


@pytest.fixture(scope="module")
def reader() -> Iterator[ApkReader]:
    with ApkReader(["text"], LIMITS) as opened:
        yield opened


def _mutated(data: bytes, chance: Random) -> bytes:
    out = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(out))
        how = chance.randrange(5)
        if how == 0:
            out[at] = chance.randrange(256)
        elif how == 1:
            out[at : at + 4] = struct.pack("<I", chance.choice([0, 1, 0x7FFFFFFF, 0xFFFFFFFF, at]))
        elif how == 2:
            del out[at : at + chance.randint(1, 30)]
        elif how == 3:
            out[at:at] = chance.randbytes(chance.randint(1, 30))
        else:
            out[at : at + 8] = out[:8]
        if not out:
            return b"\0"
    return bytes(out)


def _outcome(reader: ApkReader, path: Path, data: bytes) -> None:
    path.write_bytes(data)
    try:
        facts_of(reader.read(path))
    except Refused as error:
        assert error.zh and error.en  # noqa: PT017, PT018


def test_whole_files(reader: ApkReader, tmp_path: Path) -> None:
    whole = apk(PARTS["AndroidManifest.xml"], {n: d for n, d in PARTS.items() if n[0] != "A"},
                v1=SIGNER, v2=SIGNER)  # fmt: skip
    chance = Random(5)
    for _ in range(80):
        _outcome(reader, tmp_path / "f.apk", _mutated(whole, chance))


@pytest.mark.parametrize("part", PARTS)
def test_parts(reader: ApkReader, tmp_path: Path, part: str) -> None:
    chance = Random(part)
    for _ in range(40):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name, data in PARTS.items():
                archive.writestr(name, _mutated(data, chance) if name == part else data)
        _outcome(reader, tmp_path / "f.apk", out.getvalue())


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_as_an_archive(data: bytes) -> None:
    for tail in (b"", b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, 1, 1, len(data), 0, 0)):
        try:
            held = open_archive(memoryview(data + tail), LIMITS)
            for name in held.entries:
                held.read(name, 1 << 20)
        except Refused:
            pass


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFFFFFF))
def test_any_bytes_as_code(rest: bytes, count: int, at: int) -> None:
    head = bytearray(0x70)
    head[:4] = b"dex\n"
    struct.pack_into("<II", head, 0x38, count, at)
    found = []
    with contextlib.suppress(Refused):
        for text in dex_strings(bytes(head) + rest, 1_000):
            found.append(text)
    assert len(found) <= 1_000
    assert sum(map(len, found)) <= len(head) + len(rest)
