"""A trained model as one file: plain arrays and texts in a zip, and what it was made from.

Nothing in it is executed when it is read: arrays are read without pickle, texts are parsed by the
channel that owns them. The version is a digest of the content, so that two files that answer
alike name themselves alike, and an answer can say which model gave it.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fanzha.errors import Misconfigured, Refused

__all__ = ["ModelFile", "read_model", "write_model"]

_ABOUT = "about.json"
_EARLIEST = (1980, 1, 1, 0, 0, 0)
_LARGEST = 1 << 30
"""Bytes that a model may hold once unpacked: a file that claims more is refused unread."""


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
    """Write aside, then rename. The same model gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(path.name + ".part")
    about = {"kind": model.kind, "version": model.version, **model.about}
    parts = {_ABOUT: _json(about)}
    for name, text in sorted(model.texts.items()):
        parts[f"texts/{name}"] = text.encode()
    for name, array in sorted(model.arrays.items()):
        buffer = io.BytesIO()
        np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
        parts[f"arrays/{name}.npy"] = buffer.getvalue()
    with zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as file:
        for name, data in parts.items():
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(entry, data)
    aside.replace(path)


def read_model(path: Path, kind: str) -> ModelFile:
    """Read a model of `kind`. `Refused` where there is no such file, `Misconfigured` where it is
    damaged, too large, or of another kind."""
    try:
        with zipfile.ZipFile(path) as file:
            if sum(entry.file_size for entry in file.infolist()) > _LARGEST:
                raise _bad(path, "过大", "is too large")
            about = json.loads(file.read(_ABOUT))
            arrays, texts = {}, {}
            for entry in file.namelist():
                if entry.startswith("arrays/"):
                    name = entry.removeprefix("arrays/").removesuffix(".npy")
                    arrays[name] = np.load(io.BytesIO(file.read(entry)), allow_pickle=False)
                elif entry.startswith("texts/"):
                    texts[entry.removeprefix("texts/")] = file.read(entry).decode()
    except FileNotFoundError as error:
        raise Refused(
            "model_absent", zh="没有这个模型文件", en="there is no such model file", field=path.name
        ) from error
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        what = type(error).__name__
        raise _bad(path, f"无法读取（{what}）", f"cannot be read ({what})") from error
    if not isinstance(about, dict) or about.get("kind") != kind:
        raise _bad(path, f"不是 {kind} 模型", f"is no model of kind {kind}")
    model = ModelFile(kind, about, arrays, texts)
    if about.get("version") != model.version:
        raise _bad(path, "内容与其版本不符", "does not hold what its version says")
    return model


def _json(about: Mapping[str, Any]) -> bytes:
    return (json.dumps(about, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def _bad(path: Path, zh: str, en: str) -> Misconfigured:
    return Misconfigured(
        "model_invalid", zh=f"模型文件{zh}", en=f"the model file {en}", field=path.name
    )
