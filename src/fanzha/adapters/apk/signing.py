"""Who signed an APK: certificates of its v1, v2 and v3 signatures, by androguard."""

from __future__ import annotations

import warnings
from typing import Any

from androguard.core.apk import APK
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from fanzha.adapters.apk.archive import Archive
from fanzha.errors import Refused

__all__ = ["signing_facts"]

_MOST = 10
_V1 = (".RSA", ".DSA", ".EC")
_DEBUG = "CN=Android Debug"


def signing_facts(archive: Archive, raw: bytes) -> dict[str, Any]:
    """`schemes` and `certificates`. What is signed is not verified: a phone does that."""
    schemes, found = [], []
    old = _old(archive)
    if old:
        schemes.append("v1")
        found += old
    apk = APK.__new__(APK)  # its constructor parses the whole zip by other means than ours
    apk._v2_blocks = []
    for name in ("_is_signed_v2", "_is_signed_v3", "_is_signed_v31", "_v2_signing_data",
                 "_v3_signing_data", "_v31_signing_data"):  # fmt: skip
        setattr(apk, name, None)
    apk._APK__raw = raw
    for scheme, read in (("v2", apk.get_certificates_der_v2), ("v3", apk.get_certificates_der_v3)):
        if getattr(apk, f"is_signed_{scheme}")():
            schemes.append(scheme)
            found += [der for der in read() if der]
    unique = list(dict.fromkeys(found))[:_MOST]
    return {"schemes": schemes, "certificates": [c for der in unique if (c := _shown(der))]}


def _old(archive: Archive) -> list[bytes]:
    out: list[bytes] = []
    for entry in archive.named("META-INF/"):
        if entry.name.upper().endswith(_V1) and len(out) < _MOST:
            try:
                data = archive.read(entry.name, archive.limits.certificate)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    held = pkcs7.load_der_pkcs7_certificates(data)
            except (ValueError, Refused):
                continue
            out += [one.public_bytes(Encoding.DER) for one in held]
    return out


def _shown(der: bytes) -> dict[str, Any] | None:
    """A certificate in words; its digest is what certificates are compared by."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(der)
    out: dict[str, Any] = {"sha256": digest.finalize().hex()}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            one = x509.load_der_x509_certificate(der)
            subject = one.subject.rfc4514_string()[:300]
            out |= {
                "subject": subject,
                "self_signed": one.subject == one.issuer,
                "debug": _DEBUG in subject,
                "valid_from": one.not_valid_before_utc.date().isoformat(),
                "valid_to": one.not_valid_after_utc.date().isoformat(),
            }
    except (ValueError, x509.UnsupportedGeneralNameType, TypeError):
        pass  # odd certificates are common; the digest still tells them apart
    return out
