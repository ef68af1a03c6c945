"""Reads one APK stage by stage, the most telling first, each handed over when it is done."""

from __future__ import annotations

import hashlib
import mmap
import os
import re
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fanzha.adapters.apk.archive import Archive, open_archive
from fanzha.adapters.apk.code import code_facts
from fanzha.adapters.apk.limits import Limits
from fanzha.adapters.apk.manifest import manifest_facts, names_of
from fanzha.adapters.apk.signing import signing_facts
from fanzha.errors import Refused

__all__ = ["STAGES", "read_stages"]

Emit = Callable[[str, dict[str, Any]], None]
STAGES = ("manifest", "files", "signature", "resources", "code")
"""The order of reading. Without the first there is no verdict; the others may be missing."""
_MANIFEST, _RESOURCES = "AndroidManifest.xml", "resources.arsc"
_LIBRARY = re.compile(r"lib/([\w-]{1,40})/([^/]{1,200}\.so)")
_NAMES, _NAME_LENGTH = 2_000, 200
_ICON = 2 << 20


def read_stages(path: Path, words: Sequence[str], limits: Limits, emit: Emit) -> None:
    """Call `emit(stage, facts)` for each stage. `Refused` where the file is no APK."""
    with _opened(path, limits) as file:
        size = os.fstat(file.fileno()).st_size
        # Not closed: slices of it live on in a failure's frames, and the process ends after it.
        data = memoryview(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ))
        _read(data, words, limits, emit)


def _opened(path: Path, limits: Limits) -> Any:
    try:
        # Not blocked by a pipe that nobody writes to.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        found = os.fstat(handle)
    except (OSError, ValueError) as error:
        raise Refused("file_unreadable", zh="文件打不开", en="the file cannot be opened") from error
    fault = _fault(found, limits)
    if fault is not None:
        os.close(handle)
        raise fault
    return os.fdopen(handle, "rb")


def _fault(found: os.stat_result, limits: Limits) -> Refused | None:
    if not stat.S_ISREG(found.st_mode):
        return Refused("file_unreadable", zh="不是普通文件", en="not a plain file")
    if found.st_size > limits.file:
        return Refused("apk_too_large", zh="文件过大", en="the file is too large")
    if found.st_size == 0:
        return Refused("apk_empty", zh="文件为空", en="the file is empty")
    return None


def _read(data: memoryview, words: Sequence[str], limits: Limits, emit: Emit) -> None:
    archive = open_archive(data, limits)
    if _MANIFEST not in archive.entries:
        raise Refused(
            "apk_no_manifest", zh="不是安装包（没有应用清单）", en="not an APK: it has no manifest"
        )
    manifest = manifest_facts(archive.read(_MANIFEST, limits.manifest))
    label_at, icon_at = manifest.pop("label_at", None), manifest.pop("icon_at", None)
    manifest["tricks"] = sorted({*manifest["tricks"], *archive.tricks})
    emit("manifest", manifest)
    emit("files", _files(archive, data))
    _stage("signature", lambda: signing_facts(archive, bytes(data)), emit)
    if _RESOURCES in archive.entries and (label_at is not None or icon_at is not None):
        _stage("resources", lambda: _named(archive, label_at, icon_at), emit)

    def code() -> dict[str, Any]:
        facts, left_out = code_facts(archive, words)
        return facts | ({"incomplete": left_out} if left_out else {})

    _stage("code", code, emit)


def _stage(name: str, read: Callable[[], dict[str, Any]], emit: Emit) -> None:
    """A stage whose failure leaves the others standing: outside text may break any parser."""
    try:
        facts = read()
    except MemoryError:
        raise
    except Exception as error:
        code = error.code if isinstance(error, Refused) else type(error).__name__
        facts = {"incomplete": [f"{name}: {code}"]}
    emit(name, facts)


def _files(archive: Archive, data: memoryview) -> dict[str, Any]:
    libraries: list[str] = []
    files: list[str] = []
    abis: dict[str, None] = {}
    for name in archive.entries:
        if match := _LIBRARY.fullmatch(name):
            abis[match[1]] = None
            libraries.append(f"{match[1]}/{match[2]}")
        elif name.startswith("assets/") or "/" not in name:
            files.append(name[:_NAME_LENGTH])
    dex = list(archive.named(suffix=".dex"))
    nested = sum(1 for one in archive.entries if one.lower().endswith((".apk", ".apks", ".xapk")))
    return {
        "libraries": libraries[:_NAMES],
        "abis": list(abis)[:20],
        "files": files[:_NAMES],
        "nested_apps": nested,
        "dex": {"files": len(dex), "bytes": sum(one.size for one in dex)},
        "hashes": {
            "sha256": hashlib.sha256(data).hexdigest(),
            "size": str(len(data)),
        },
    }


def _named(archive: Archive, label_at: int | None, icon_at: int | None) -> dict[str, Any]:
    facts = names_of(archive.read(_RESOURCES, archive.limits.resources), label_at, icon_at)
    icons = [name for name in facts.pop("icon_files", []) if name in archive.entries]
    if icons:
        largest = max(icons, key=lambda name: archive.entries[name].size)
        facts["icon"] = hashlib.sha256(archive.read(largest, _ICON)).hexdigest()
    return facts
