"""Model files keep what was put in; whatever else claims to be one is refused in words."""

from __future__ import annotations

import contextlib
import io
import json
import os
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fanzha.detection import model_file
from fanzha.detection.model_file import ModelFile, read_model, write_model
from fanzha.errors import FanzhaError, Misconfigured, Refused, Unavailable

MADE = ModelFile(
    "link",
    {"seed": 1},
    {"a": np.arange(6.0).reshape(2, 3), "b": np.zeros((0, 4), np.float16), "c": np.array([True])},
    {"trees": "x" * 5000},
)
ABOUT = b'{"kind":"link"}'


def npy(shape: str, kind: str = "<f8", data: bytes = b"") -> bytes:
    head = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + data


def packed(path: Path, method: int = zipfile.ZIP_DEFLATED, **parts: bytes) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, data in parts.items():
            file.writestr({"about": "about.json", "array": "arrays/a.npy"}[name], data)
    return path


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "m"
    write_model(path, MADE)
    found = read_model(path, "link")
    assert found.version == MADE.version
    assert found.texts == MADE.texts
    for name, array in MADE.arrays.items():
        assert found.arrays[name].dtype == array.dtype
        assert np.array_equal(found.arrays[name], array)
        assert found.arrays[name].flags.writeable
    assert os.listdir(path.parent) == ["m"]


@pytest.mark.parametrize(
    "array",
    [
        npy("(100000000000,)"), npy("(3000000000,)"), npy("(-5,)"), npy("(1,)", "|O", b"cos\n"),
        npy("(2,)", data=b"short"), npy("(1,)", data=bytes(9)), npy("(0,-1)"), npy("None"),
        npy("(" * 9000), b"\x93NUMPY\x09\x00", b"", b"no array",
    ],
)  # fmt: skip
def test_an_array_that_is_not_what_its_head_says(tmp_path: Path, array: bytes) -> None:
    with pytest.raises(Misconfigured, match="model_invalid"):
        read_model(packed(tmp_path / "m", about=ABOUT, array=array), "link")


@pytest.mark.parametrize("about", [b"[" * 200_000, b"[]", b"{}", b"\xff", b"", ABOUT])
def test_words_about_a_model_that_are_none(tmp_path: Path, about: bytes) -> None:
    with pytest.raises(Misconfigured, match="model_invalid"):
        read_model(packed(tmp_path / "m", about=about), "link")


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_packed_in_another_way(tmp_path: Path, method: int) -> None:
    with pytest.raises(Misconfigured, match="packed"):
        read_model(packed(tmp_path / "m", method, about=ABOUT), "link")


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.integers(0, 1300), st.integers(0, 255)), min_size=1, max_size=8))
def test_damaged_anywhere_it_is_refused_or_whole(
    tmp_path: Path, changes: list[tuple[int, int]]
) -> None:
    path = tmp_path / "m"
    write_model(path, MADE)
    data = bytearray(path.read_bytes())
    for at, byte in changes:
        data[at % len(data)] = byte
    path.write_bytes(data)
    with contextlib.suppress(FanzhaError):
        assert read_model(path, "link").version == MADE.version


def test_weights_that_are_no_numbers(tmp_path: Path) -> None:
    gap = {"a": np.array([1.0, np.nan], np.float16)}
    write_model(tmp_path / "m", ModelFile("link", {}, gap))
    with pytest.raises(Misconfigured, match="no numbers"):
        read_model(tmp_path / "m", "link")
    write_model(tmp_path / "s", ModelFile("subscribers", {}, gap))
    assert np.isnan(read_model(tmp_path / "s", "subscribers").arrays["a"][1])


def test_where_a_model_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    for bad in ("folder", "file/m", "a\0b"):
        with pytest.raises(Refused, match="file_unwritable"):
            write_model(tmp_path / bad, MADE)
    (tmp_path / "link").symlink_to("/dev/null")
    write_model(tmp_path / "link", MADE)
    assert stat.S_ISCHR((tmp_path / "link").stat().st_mode)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(model_file.Path, "replace", full)
    with pytest.raises(Unavailable):
        write_model(tmp_path / "m", MADE)
    assert sorted(os.listdir(tmp_path)) == ["file", "folder", "link"]


def test_no_such_file_and_no_zip(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="model_absent"):
        read_model(tmp_path / "none", "link")
    (tmp_path / "m").write_bytes(json.dumps({"kind": "link"}).encode())
    with pytest.raises(Misconfigured, match="no model file"):
        read_model(tmp_path / "m", "link")
    buffer = io.BytesIO()
    np.savez(buffer, a=np.zeros(1))
    (tmp_path / "m").write_bytes(buffer.getvalue())
    with pytest.raises(Misconfigured):
        read_model(tmp_path / "m", "link")
