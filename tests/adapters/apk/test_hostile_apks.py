"""Files made to hurt: each ends in a refusal in words, within limits, and the next is read."""

from __future__ import annotations

import io
import os
import signal
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fanzha.adapters.apk.limits import Limits
from fanzha.adapters.apk.reader import ApkReader
from fanzha.errors import Refused, Unavailable
from tests.adapters.apk.building import Tag, apk, axml, dex, manifest

FINE = apk(manifest("com.xinyi.fine"))
SMALL = Limits(memory=600 << 20, cpu=4, wall=8.0, strings=200_000)


@pytest.fixture(scope="module")
def reader() -> Iterator[ApkReader]:
    with ApkReader(limits=SMALL) as opened:
        yield opened


def _outcome(reader: ApkReader, folder: Path, data: bytes) -> str | dict:
    """The code of the refusal, or the facts; either way the reader goes on."""
    path = folder / "hostile.apk"
    path.write_bytes(data)
    try:
        found: str | dict = reader.read(path)
    except Refused as error:
        assert error.zh and error.en  # noqa: PT017, PT018
        found = error.code
    path.write_bytes(FINE)
    assert reader.read(path)["package"] == "com.xinyi.fine"
    return found


def _patched(data: bytes, name: str, at: int, value: bytes, *, local: bool = False) -> bytes:
    """`data` with bytes of an entry's header replaced, `at` from its beginning."""
    mark, to_name = (b"PK\x03\x04", 30) if local else (b"PK\x01\x02", 46)
    out, start = bytearray(data), 0
    while True:
        start = data.index(mark, start)
        if data[start + to_name : start + to_name + len(name)] == name.encode():
            out[start + at : start + at + len(value)] = value
            return bytes(out)
        start += 4


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "apk_empty"),
        (b"hello", "apk_no_archive"),
        (os.urandom(5_000), "apk_no_archive"),
        (b"%PDF-1.7 " * 200, "apk_no_archive"),
        (b"PK\x05\x06" + b"\0" * 18, "apk_no_archive"),
        (FINE[: len(FINE) // 2], "apk_no_archive"),
        (FINE[:-30], "apk_no_archive"),
        (apk(None, {"readme.txt": b"no app"}), "apk_no_manifest"),
        (apk(b""), "apk_manifest_malformed"),
        (apk(b"<manifest package='com.a'/>"), "apk_manifest_malformed"),
        (apk(os.urandom(4_000)), "apk_manifest_malformed"),
        (apk(axml(manifest())[:90]), "apk_manifest_malformed"),
        (apk(axml(Tag("resources"))), "apk_manifest_malformed"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
)
def test_what_is_no_apk_is_refused(
    reader: ApkReader, tmp_path: Path, data: bytes, code: str
) -> None:
    assert _outcome(reader, tmp_path, data) == code


def test_no_file_a_folder_a_pipe_a_device(reader: ApkReader, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "none", tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(Refused) as caught:
            reader.read(path)
        assert caught.value.code == "file_unreadable"


def test_a_file_over_the_limit_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "long.apk"
    with path.open("wb") as file:
        file.truncate(3 << 30)
    with ApkReader() as reader, pytest.raises(Refused) as caught:
        reader.read(path)
    assert caught.value.code == "apk_too_large"


def test_a_manifest_that_unpacks_to_gigabytes(reader: ApkReader, tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("AndroidManifest.xml", b"x" * 64)
    honest = out.getvalue()
    bomb = apk(b"\0" * (64 << 20))
    assert _outcome(reader, tmp_path, bomb) == "apk_entry_too_large"
    # The same with a directory that claims a few bytes.
    lied = _patched(bomb, "AndroidManifest.xml", 24, struct.pack("<I", 100))
    assert _outcome(reader, tmp_path, lied) == "apk_entry_too_large"
    claimed = _patched(honest, "AndroidManifest.xml", 24, struct.pack("<I", 1 << 30))
    assert _outcome(reader, tmp_path, claimed) == "apk_bomb"


def test_an_archive_that_claims_to_unpack_to_terabytes(reader: ApkReader, tmp_path: Path) -> None:
    data = apk(manifest(), {f"assets/{n}.bin": b"\0" * 5_000_000 for n in range(6)})
    assert isinstance(_outcome(reader, tmp_path, data), dict)
    with ApkReader(limits=replace(SMALL, unpacked=20_000_000)) as strict:
        assert _outcome(strict, tmp_path, data) == "apk_unpacks_too_large"


def test_entries_that_overlap(reader: ApkReader, tmp_path: Path) -> None:
    data = apk(manifest(), {f"assets/{n}": os.urandom(50) for n in range(9)})
    at = data.index(b"assets/0") - 30
    for n in range(1, 9):
        data = _patched(data, f"assets/{n}", 42, struct.pack("<I", at))
    found = _outcome(reader, tmp_path, data)
    assert isinstance(found, dict)
    assert found["tricks"] == ["overlapping_entries"]


def test_tricks_that_a_phone_ignores_are_read_and_told(reader: ApkReader, tmp_path: Path) -> None:
    data = FINE
    for local in (False, True):
        at = 6 if local else 8
        data = _patched(data, "AndroidManifest.xml", at, b"\x01\x00", local=local)
    found = _outcome(reader, tmp_path, data)
    assert isinstance(found, dict)
    assert found["package"] == "com.xinyi.fine"
    assert found["tricks"] == ["encrypted_flag"]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("AndroidManifest.xml", axml(manifest("com.xinyi.stored")))
        archive.writestr("../../etc/passwd", b"x")
    stored = _patched(out.getvalue(), "AndroidManifest.xml", 10, b"\x77\x33")
    found = _outcome(reader, tmp_path, stored)
    assert isinstance(found, dict)
    assert found["package"] == "com.xinyi.stored"
    assert found["tricks"] == ["path_traversal", "unknown_method"]
    assert list(tmp_path.iterdir()) == [tmp_path / "hostile.apk"]


def test_the_first_of_two_manifests_counts(reader: ApkReader, tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("AndroidManifest.xml", axml(manifest("com.xinyi.first")))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("AndroidManifest.xml", axml(manifest("com.xinyi.second")))
    found = _outcome(reader, tmp_path, out.getvalue())
    assert isinstance(found, dict)
    assert (found["package"], found["tricks"]) == ("com.xinyi.first", ["duplicate_names"])


def test_thousands_of_files_of_code(reader: ApkReader, tmp_path: Path) -> None:
    one = dex(["Lcom/xinyi/many/A;", "https://many.example/"])
    files = {f"classes{n}.dex": one for n in range(2, 3_000)}
    found = _outcome(reader, tmp_path, apk(manifest(), files))
    assert isinstance(found, dict)
    assert found["dex"]["files"] == 2_998
    assert found["incomplete"] == ["code_too_much"]
    assert found["hosts"] == ["many.example"]


@pytest.mark.parametrize("damage", ["count", "offsets", "length", "magic"])
def test_code_that_lies(reader: ApkReader, tmp_path: Path, damage: str) -> None:
    code = bytearray(dex(["https://one.example/x", "two", "three"] * 50))
    if damage == "count":
        struct.pack_into("<II", code, 0x38, 0xFFFFFFFF, 0x70)
    elif damage == "offsets":
        for at in range(0x70, 0x70 + 600, 4):
            struct.pack_into("<I", code, at, 0xFFFFFFF0)
    elif damage == "length":
        code[0x70 + 600 :] = b"\xff" * (len(code) - 0x70 - 600)
    else:
        code[:4] = b"elf\n"
    found = _outcome(reader, tmp_path, apk(manifest(), {"classes.dex": bytes(code)}))
    assert isinstance(found, dict)
    assert found["package"] == "com.xinyi.sample"
    assert found["incomplete"] == ["code_dex_malformed"]


CODE = dex(["Lcom/meiqia/core/Chat;", "https://api.kuaidai.example/v1", "http://8.8.4.4:8080/x"])


def _repeated(code: bytes, count: int) -> bytes:
    """A string table of so many entries that are all one string."""
    data = bytearray(code)
    first = struct.unpack_from("<I", data, struct.unpack_from("<I", data, 0x3C)[0])[0]
    struct.pack_into("<II", data, 0x38, count, len(data))
    return bytes(data) + struct.pack("<I", first) * count


def _nested(count: int, length: int) -> bytes:
    """Strings of which each is the end of the one before."""
    data = bytearray(dex(["x" * length]))
    first = struct.unpack_from("<I", data, struct.unpack_from("<I", data, 0x3C)[0])[0]
    struct.pack_into("<II", data, 0x38, count, len(data))
    return bytes(data) + b"".join(struct.pack("<I", first + n) for n in range(count))


@pytest.mark.parametrize(
    "decoys",
    [
        {f"assets/{n:03d}.dex": b"x" for n in range(300)},
        {"assets/0.dex": _repeated(CODE, 210_000)},
        {"classes3.dex": _repeated(dex(["three"]), 210_000)},
        {"assets/0.dex": _nested(60_000, 60_000)},
        {f"assets/{n:02d}.DEX": CODE for n in range(300)},
    ],
    ids=["files", "strings", "out of turn", "nested", "capitals"],
)
def test_decoys_before_the_code_hide_nothing(
    reader: ApkReader, tmp_path: Path, decoys: dict[str, bytes]
) -> None:
    second = {"classes2.dex": dex(["https://second.example/"])}
    found = _outcome(reader, tmp_path, apk(manifest(), {**decoys, **second, "classes.dex": CODE}))
    assert isinstance(found, dict)
    assert {"api.kuaidai.example", "second.example"} <= set(found["hosts"])
    assert found["addresses"] == ["8.8.4.4:8080"]
    assert found["incomplete"], "of the decoys it is told that they were not read"


def test_what_is_left_of_the_code_itself_is_told(reader: ApkReader, tmp_path: Path) -> None:
    for code in (_repeated(CODE, 210_000), _nested(60_000, 60_000)):
        found = _outcome(reader, tmp_path, apk(manifest(), {"classes.dex": code}))
        assert isinstance(found, dict)
        assert found["incomplete"] in (["code_too_much"], ["code_dex_malformed"])


def test_a_long_string_is_read_to_its_end(reader: ApkReader, tmp_path: Path) -> None:
    code = dex(["y" * 500_000 + " https://far.example/"])
    found = _outcome(reader, tmp_path, apk(manifest(), {"classes.dex": code}))
    assert isinstance(found, dict)
    assert (found["hosts"], found["incomplete"]) == (["far.example"], [])


def test_blank_pages_do_not_hide_the_page(reader: ApkReader, tmp_path: Path) -> None:
    page = b"fetch('https://api.kuaidai.example/v1')"
    blank = {f"assets/a{n:04d}.js": b" " for n in range(1_000)}
    found = _outcome(reader, tmp_path, apk(manifest(), {**blank, "assets/z.js": page}))
    assert isinstance(found, dict)
    assert (found["hosts"], found["incomplete"]) == (["api.kuaidai.example"], [])
    many = {f"assets/a{n:04d}.txt": b" " for n in range(2_100)}
    found = _outcome(reader, tmp_path, apk(manifest(), {**many, "assets/z.js": page}))
    assert isinstance(found, dict)
    assert (found["hosts"], found["incomplete"]) == (["api.kuaidai.example"], ["pages_too_much"])


def test_endless_strings_and_components(reader: ApkReader, tmp_path: Path) -> None:
    parts = [Tag("service", {"name": f".S{n}" + "x" * 500}) for n in range(3_000)]
    files = {"classes.dex": dex(["y" * 3_000_000])}
    found = _outcome(reader, tmp_path, apk(manifest(components=parts), files))
    assert isinstance(found, dict)
    assert max(map(len, found["components"])) < 1_000


def test_a_manifest_nested_without_end(reader: ApkReader, tmp_path: Path) -> None:
    root = manifest()
    deep = Tag("x")
    for _ in range(600):
        deep = Tag("x", {}, [deep])
    root.children.append(deep)
    data = apk(axml(root))
    found = _outcome(reader, tmp_path, data)
    assert found == "apk_manifest_malformed" or isinstance(found, dict)


def test_memory_time_and_processor_are_limited(tmp_path: Path) -> None:
    path = tmp_path / "heavy.apk"
    strings = [f"https://host{n}.example/" for n in range(40_000)]
    path.write_bytes(apk(manifest("com.xinyi.heavy"), {"classes.dex": dex(strings)}))
    for limits, end in (
        (replace(SMALL, memory=50 << 20), "apk_memory"),
        (replace(SMALL, wall=0.0), "apk_time"),
    ):
        with ApkReader(limits=limits) as reader, pytest.raises(Refused) as caught:
            reader.read(path)
        assert caught.value.code == end
        assert caught.value.zh
    with ApkReader(limits=replace(SMALL, answer=10)) as reader:
        try:
            assert "answer" in reader.read(path)["incomplete"][-1]
        except Refused as error:
            assert error.code == "apk_answer"  # noqa: PT017


def test_what_was_read_before_the_limit_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "slow.apk"
    # Words that are looked for in every string make reading the code as slow as one likes.
    path.write_bytes(apk(manifest("com.xinyi.slow"), {"classes.dex": dex(["s" * 9_000] * 5_000)}))
    words = [f"word {n}" for n in range(400)]
    with ApkReader(words, replace(SMALL, cpu=1, wall=5.0)) as reader:
        found = reader.read(path)
        assert found["package"] == "com.xinyi.slow"
        assert found["schemes"] == []
        (why,) = found["incomplete"]
        assert why in ("after signature: cpu", "after signature: time")


def test_a_lost_process_is_started_again(reader: ApkReader, tmp_path: Path) -> None:
    path = tmp_path / "fine.apk"
    path.write_bytes(FINE)
    reader.read(path)
    process = reader._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    try:
        reader.read(path)
    except Unavailable as error:
        assert error.code == "apk_reader_away"  # noqa: PT017
    assert reader.read(path)["package"] == "com.xinyi.fine"
