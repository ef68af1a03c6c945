"""A trained model as one file: plain arrays and texts in a zip, and what it was made from.

Nothing in it is executed when it is read: arrays are read without pickle, texts are parsed by the
channel that owns them. The version is a digest of the content, so that two files that answer
alike name themselves alike, and an answer can say which model gave it.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import math
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fanzha.errors import Misconfigured, Refused, Unavailable

__all__ = ["ModelFile", "read_model", "write_model"]

_ABOUT = "about.json"
_EARLIEST = (1980, 1, 1, 0, 0, 0)
_LARGEST = 1 << 30
"""Bytes that a model may hold once unpacked: a file that claims more is refused unread."""
_WEIGHT_MOST = 1e9
"""A weight, limit or slope beyond this is none; sums and products of two stay finite."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DAMAGE = (
    OSError, KeyError, ValueError, TypeError, SyntaxError, EOFError, RecursionError, MemoryError,
    NotImplementedError, RuntimeError, zlib.error, tokenize.TokenError,
)  # fmt: skip
_ROWS_KEPT = frozenset({"subscribers", "payments"})
"""Kinds whose arrays are rows that were learned from, which may have gaps: no weights."""


@dataclass(frozen=True, eq=False)
class ModelFile:
    """`kind`: what it judges (`text`, `link`, `app`, `accounts`, `subscribers` …).

    `about` is what it was made from, in JSON: command, seed, settings, the sets with their SHA-256,
    figures measured while training. `arrays` and `texts` are the parts the channel reads.
    """

    kind: str
    about: Mapping[str, Any]
    arrays: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    def array(self, name: str, kinds: str, *shape: int | None) -> npt.NDArray[Any]:
        """One of the arrays, of a kind (`f`, `i`, `u` of `numpy.dtype.kind`) and shape; None is any
        length. `Misconfigured` naming the array where it is absent, another, or holds numbers so
        large that sums of them would be none."""
        found = self.arrays.get(name)
        if found is None:
            raise _wrong(name, "没有", "is not there")
        same = len(found.shape) == len(shape) and all(
            wanted in (None, size) for wanted, size in zip(shape, found.shape, strict=True)
        )
        if not same or found.dtype.kind not in kinds:
            raise _wrong(name, "形状或类型不对", "has another shape or kind")
        if found.dtype.kind == "f" and not bool(
            (np.abs(found.astype(np.float64)) <= _WEIGHT_MOST).all()
        ):
            raise _wrong(name, "有过大的数", "holds numbers that are too large")
        return found

    @property
    def version(self) -> str:
        """`text-1f0c3a9d2b41`: the kind, and a digest of the parts that decide answers."""
        digest = hashlib.blake2b(self.kind.encode(), digest_size=6)
        for name in sorted(self.arrays):
            array = np.ascontiguousarray(self.arrays[name])
            digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
            digest.update(array.tobytes())
        for name in sorted(self.texts):
            digest.update(f"{name} {len(self.texts[name])}".encode())
            digest.update(self.texts[name].encode())
        return f"{self.kind}-{digest.hexdigest()}"


def write_model(path: Path, model: ModelFile) -> None:
    """Write aside, then rename. The same model gives the same bytes.

    Raises `Refused` where nothing can be written there, `Unavailable` where the disk is full.
    """
    about = {"kind": model.kind, "version": model.version, **model.about}
    parts = {_ABOUT: _json(about)}
    for name, text in sorted(model.texts.items()):
        parts[f"texts/{name}"] = text.encode()
    for name, array in sorted(model.arrays.items()):
        buffer = io.BytesIO()
        np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
        parts[f"arrays/{name}.npy"] = buffer.getvalue()
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as file:
        for name, data in parts.items():
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(entry, data)
    _put(path, whole.getvalue())


def _put(path: Path, data: bytes) -> None:
    """A whole file or none, where a link points; a device or pipe is written to as it is."""
    aside: Path | None = None
    try:
        if path.is_dir():
            raise IsADirectoryError
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            path.write_bytes(data)
            return
        target = path.resolve()
        aside = target.with_name(target.name + ".part")
        aside.write_bytes(data)
        aside.replace(target)
    except (OSError, ValueError, RuntimeError) as error:
        if aside is not None:
            aside.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            raise Unavailable(
                "output_failed",
                zh="模型写不进去：磁盘已满",
                en="the model cannot be written: the disk is full",
                field=path.name,
            ) from error
        raise Refused(
            "file_unwritable",
            zh="模型不能写到这里",
            en="the model cannot be written there",
            field=path.name,
        ) from error


def read_model(path: Path, kind: str) -> ModelFile:
    """Read a model of `kind`. `Refused` where there is no such file, `Misconfigured` where it is
    damaged, too large, no model file at all, or of another kind."""
    try:
        with zipfile.ZipFile(path) as file:
            if sum(entry.file_size for entry in file.infolist()) > _LARGEST:
                raise _bad(path, "过大", "is too large")
            if any(e.compress_type not in _METHODS or e.flag_bits & 1 for e in file.infolist()):
                raise _bad(path, "的打包方式不对", "is packed in a way that no model is")
            about = json.loads(file.read(_ABOUT))
            arrays, texts = {}, {}
            for entry in file.namelist():
                if entry.startswith("arrays/"):
                    name = entry.removeprefix("arrays/").removesuffix(".npy")
                    arrays[name] = _array(file.read(entry))
                elif entry.startswith("texts/"):
                    texts[entry.removeprefix("texts/")] = file.read(entry).decode()
    except FileNotFoundError as error:
        raise Refused(
            "model_absent", zh="没有这个模型文件", en="there is no such model file", field=path.name
        ) from error
    except zipfile.BadZipFile as error:
        raise _bad(path, "不是模型文件，或已损坏", "is no model file, or is damaged") from error
    except _DAMAGE as error:
        what = type(error).__name__
        raise _bad(path, f"无法读取（{what}）", f"cannot be read ({what})") from error
    if not isinstance(about, dict) or about.get("kind") != kind:
        raise _bad(path, f"不是 {kind} 模型", f"is no model of kind {kind}")
    if kind not in _ROWS_KEPT and not all(map(_finite, arrays.values())):
        raise _bad(path, "含有不是数的权重", "has weights that are no numbers")
    model = ModelFile(kind, about, arrays, texts)
    if about.get("version") != model.version:
        raise _bad(path, "内容与其版本不符", "does not hold what its version says")
    return model


def _array(data: bytes) -> npt.NDArray[Any]:
    """An array of `.npy` bytes, which hold exactly what the head claims. Raises `ValueError`."""
    file = io.BytesIO(data)
    major, minor = np.lib.format.read_magic(file)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get((major, minor))
    if read is None:
        raise ValueError("a version of .npy that is not written here")
    shape, columns_first, dtype = read(file)
    count = math.prod(shape)
    begin = file.tell()
    if dtype.hasobject or min(shape, default=0) < 0 or count * dtype.itemsize != len(data) - begin:
        raise ValueError("the array is not what its head says")
    array = np.frombuffer(data, dtype, count, begin) if count else np.zeros(0, dtype)
    return array.reshape(shape, order="F" if columns_first else "C").copy()


def _finite(array: npt.NDArray[Any]) -> bool:
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _json(about: Mapping[str, Any]) -> bytes:
    return (json.dumps(about, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def _wrong(name: str, zh: str, en: str) -> Misconfigured:
    return Misconfigured(
        "model_invalid",
        zh=f"模型的数组 {name} {zh}",
        en=f"the model's array {name} {en}",
        field=name,
    )


def _bad(path: Path, zh: str, en: str) -> Misconfigured:
    return Misconfigured(
        "model_invalid", zh=f"模型文件{zh}", en=f"the model file {en}", field=path.name
    )
