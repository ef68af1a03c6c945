"""The keyring: versioned AES-256-GCM keys, a token key and a signing key, in one private file."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import logging
import os
import stat
import threading
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fanzha.errors import Misconfigured, Refused

_log = logging.getLogger("fanzha.keyring")
_FORMAT = 1
_NONCE = 12
_LOOK_EVERY_S = 1.0
SETTLED_S = 3 * _LOOK_EVERY_S
"""So long after a change of its file, every process that runs seals by it."""


@dataclass(frozen=True)
class _Keys:
    """What seals and opens: replaced as a whole, never changed."""

    by_version: dict[int, bytes]
    current: int

    @cached_property
    def ciphers(self) -> dict[int, AESGCM]:
        return {version: AESGCM(key) for version, key in self.by_version.items()}

    @property
    def head(self) -> bytes:
        """How bytes begin that the current key seals."""
        return bytes([_FORMAT]) + self.current.to_bytes(2, "big")


@dataclass(frozen=True)
class _File:
    """Where a ring came from, and what marks a change of it."""

    path: Path
    mark: tuple[int, int, int]


class Keyring:
    """Seals, opens, makes tokens, signs. Any number of threads may share one.

    Sealed bytes: format (1), key version (2, big-endian), nonce (12), ciphertext with its tag.
    Tokens do not change when keys rotate: they are an index, under a key of their own.
    One that was loaded follows its file: keys that another process has put there seal within
    a second and open at once. One that was made holds what it was made with.
    """

    def __init__(
        self, keys: dict[int, bytes], current: int, token_key: bytes, signing_key: bytes
    ) -> None:
        self._keys = _Keys(keys, current)
        self._token_key = token_key
        self._signing = Ed25519PrivateKey.from_private_bytes(signing_key)
        self._file: _File | None = None
        self._looked_at = time.monotonic()
        self._looking = threading.Lock()

    @classmethod
    def create(cls) -> Keyring:
        """A new ring with one fresh key of each kind."""
        return cls({1: os.urandom(32)}, 1, os.urandom(32), os.urandom(32))

    @classmethod
    def load(cls, path: Path) -> Keyring:
        """Read the file; refused when others may read it."""
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            text = file.read()
        if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise Misconfigured(
                "keyring_open_to_others",
                zh=f"密钥文件 {path.name} 的权限过宽，应为 0600",
                en=f"the key file {path.name} may be read by others; it must be 0600",
                field="keyring",
            )
        try:
            data: dict[str, Any] = json.loads(text.decode("ascii"))
            ring = cls(
                {int(v): base64.b64decode(k) for v, k in data["keys"].items()},
                int(data["current"]),
                base64.b64decode(data["token_key"]),
                base64.b64decode(data["signing_key"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            # Without its cause: a traceback must not carry what stands in the file.
            raise Misconfigured(
                "keyring_unreadable",
                zh=f"密钥文件 {path.name} 已损坏，请从备份恢复",
                en=f"the key file {path.name} is damaged; restore it from its backup",
                field="keyring",
            ) from None
        ring._file = _File(path, _mark(found))
        return ring

    @classmethod
    def load_or_create(cls, path: Path) -> Keyring:
        """The ring of this installation; made on first use."""
        if not path.exists():
            # Never over one that another process has made meanwhile: what it sealed would be lost.
            aside = cls.create()._write_aside(path)
            with contextlib.suppress(FileExistsError):
                os.link(aside, path)
            aside.unlink()
        return cls.load(path)

    def save(self, path: Path) -> None:
        """Written aside, private from the first byte, then renamed."""
        self._write_aside(path).replace(path)

    def _write_aside(self, path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}")
        keys = self._keys
        text = json.dumps(
            {
                "keys": {str(v): base64.b64encode(k).decode() for v, k in keys.by_version.items()},
                "current": keys.current,
                "token_key": base64.b64encode(self._token_key).decode(),
                "signing_key": base64.b64encode(self._signing.private_bytes_raw()).decode(),
            }
        )
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        return aside

    def rotated(self) -> Keyring:
        """The same ring with a new current key; the old ones still open what they sealed."""
        keys = self._followed()
        version = max(keys.by_version) + 1
        return self._with({**keys.by_version, version: os.urandom(32)}, version)

    def without_old_keys(self) -> Keyring:
        """Only the current key: once everything has been sealed anew."""
        keys = self._followed()
        return self._with({keys.current: keys.by_version[keys.current]}, keys.current)

    @property
    def old_keys(self) -> int:
        """How many keys still open and seal no more."""
        return len(self._followed().by_version) - 1

    def _with(self, keys: dict[int, bytes], current: int) -> Keyring:
        return Keyring(keys, current, self._token_key, self._signing.private_bytes_raw())

    # ── following the file ───────────────────────────────────────────────────────────────────────

    def _followed(self) -> _Keys:
        """The keys as the file had them within the last second."""
        if time.monotonic() - self._looked_at >= _LOOK_EVERY_S:
            self._look()
        return self._keys

    def _look(self) -> None:
        """Take the file's keys if it has changed. A file that cannot be read, or is of another
        ring, changes nothing: what is held opens what was sealed, and goes on doing so."""
        with self._looking:
            self._looked_at = time.monotonic()
            if self._file is None:
                return
            path = self._file.path
            try:
                if _mark(path.stat()) == self._file.mark:
                    return
                found = Keyring.load(path)
            except (OSError, Misconfigured) as error:
                code = error.code if isinstance(error, Misconfigured) else "cannot be read"
                _log.error("the key file has changed and is not followed: %s", code)
                return
            self._file = found._file
            if found._token_key != self._token_key or found.public_key != self.public_key:
                _log.error("the key file has changed and is not followed: it is another ring's")
                return
            self._keys = found._keys

    # ── the port ─────────────────────────────────────────────────────────────────────────────────

    def seal(self, plain: str, context: str) -> bytes:
        keys = self._followed()
        nonce = os.urandom(_NONCE)
        cipher = keys.ciphers[keys.current]
        return (
            keys.head + nonce + cipher.encrypt(nonce, plain.encode(), keys.head + context.encode())
        )

    def open(self, sealed: bytes, context: str) -> str:
        head, nonce, box = sealed[:3], sealed[3 : 3 + _NONCE], sealed[3 + _NONCE :]
        version = int.from_bytes(head[1:3], "big")
        if version not in self._keys.ciphers:
            self._look()
        cipher = self._keys.ciphers.get(version)
        if head[:1] != bytes([_FORMAT]) or cipher is None:
            raise _unreadable("no key of this ring sealed it", "没有对应的密钥")
        try:
            return cipher.decrypt(nonce, box, head + context.encode()).decode()
        except InvalidTag as error:
            raise _unreadable("it was changed or moved", "内容被改动或移位") from error

    def token(self, kind: str, normal: str) -> bytes:
        return hmac.digest(self._token_key, f"{kind}:{normal}".encode(), hashlib.sha256)[:16]

    @property
    def current(self) -> bytes:
        return self._followed().head

    # ── signatures of the deed chains ────────────────────────────────────────────────────────────

    def sign(self, data: bytes) -> str:
        """Ed25519 signature, base64."""
        return base64.b64encode(self._signing.sign(data)).decode()

    @property
    def public_key(self) -> str:
        """What a verifier needs, base64."""
        return base64.b64encode(self._signing.public_key().public_bytes_raw()).decode()


def verify_signature(public_key: str, data: bytes, signature: str) -> bool:
    """Whether the signature is the key's over these bytes."""
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key))
    try:
        key.verify(base64.b64decode(signature), data)
    except InvalidSignature:
        return False
    return True


def _mark(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_mtime_ns, found.st_size


def _unreadable(en: str, zh: str) -> Refused:
    return Refused("sealed_unreadable", zh=f"无法解封：{zh}", en=f"cannot be opened: {en}")
