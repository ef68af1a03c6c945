"""Certificates for callers: checking a chain for a number, and a test authority of our own; pure.

The authority is for tests, drills and demos, and for carriers that agree among themselves. Where
a country has a policy administrator (SHAKEN), its roots are given instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtensionOID, NameOID

from fanzha.adapters.sip import scope
from fanzha.errors import Refused

__all__ = ["Authority", "numbers_of", "trusted"]

_LONGEST_CHAIN = 5
_UNDERSTOOD = {ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE, scope.OID}
_CLAIMS_BOUND = {
    x509.ObjectIdentifier("1.3.6.1.5.5.7.1.27"),
    x509.ObjectIdentifier("1.3.6.1.5.5.7.1.33"),
}
"""JWTClaimConstraints (RFC 8226 8, RFC 9118): not read here, so what has them is not trusted."""


@dataclass(frozen=True)
class Authority:
    """A root, and the certificate under it that signs those of lines."""

    root: x509.Certificate
    issuer: x509.Certificate
    issuer_key: EllipticCurvePrivateKey

    @classmethod
    def create(cls, name: str, now: datetime, days: int = 3650) -> Authority:
        """The root's key is thrown away: nothing but the one issuer is ever signed with it."""
        root_key, issuer_key = (generate_private_key(SECP256R1()) for _ in range(2))
        until = now + timedelta(days=days)
        about = _name(f"{name} root")
        root = _unsigned(about, about, root_key, now, until)
        root = root.add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        below = _unsigned(_name(f"{name} issuer"), about, issuer_key, now, until)
        below = below.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        signs = _usage(certificates=True)
        return cls(
            root.add_extension(signs, critical=True).sign(root_key, SHA256()),
            below.add_extension(signs, critical=True).sign(root_key, SHA256()),
            issuer_key,
        )

    def certify(
        self,
        name: str,
        key: EllipticCurvePublicKey,
        numbers: Sequence[scope.Range],
        now: datetime,
        days: int = 90,
    ) -> list[x509.Certificate]:
        """The chain that `x5u` answers with: the certificate for these numbers first, no root."""
        builder = _builder(_name(name), self.issuer.subject, key, now, now + timedelta(days=days))
        builder = builder.add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True
        ).add_extension(_usage(certificates=False), critical=True)
        listed = x509.UnrecognizedExtension(scope.OID, scope.encoded(numbers))
        builder = builder.add_extension(listed, critical=False)
        return [builder.sign(self.issuer_key, SHA256()), self.issuer]


def trusted(
    chain: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], now: datetime
) -> EllipticCurvePublicKey:
    """The key of the first certificate, where the chain leads to one of `roots`.

    Raises `Refused` (`chain_untrusted`): unsigned, expired, not meant to sign, or no such root.
    """
    if not 1 <= len(chain) <= _LONGEST_CHAIN:
        raise _untrusted("证书链长度不对", "the chain is empty or too long")
    key = chain[0].public_key()
    if not isinstance(key, EllipticCurvePublicKey):
        raise _untrusted("密钥类型不对", "its key is of another kind")
    if not _may(chain[0], certificates=False):
        raise _untrusted("证书用途不对", "it is not meant to sign")
    for place, (certificate, above) in enumerate(pairwise(chain)):
        _check(certificate, above, now, place)
    last = chain[-1]
    for root in roots:
        if last == root or _is_issued_by(last, root):
            _check(last, root, now, len(chain) - 1 - (last == root))
            _dated(root, now)
            return key
    raise _untrusted("不出自信任的根证书", "it leads to no root that we trust")


def numbers_of(certificate: x509.Certificate) -> list[scope.Range]:
    """The numbers that it may speak for; none where it names none."""
    try:
        extension = certificate.extensions.get_extension_for_oid(scope.OID)
    except (x509.ExtensionNotFound, ValueError):
        return []
    value = extension.value
    return scope.decoded(value.value) if isinstance(value, x509.UnrecognizedExtension) else []


def _check(
    certificate: x509.Certificate, above: x509.Certificate, now: datetime, place: int
) -> None:
    """`place`: how many authorities lie below `above`."""
    _dated(certificate, now)
    _understood(certificate)
    if not _is_issued_by(certificate, above):
        raise _untrusted("签名不符", "one is not signed by the next")
    if not _may(above, certificates=True, below=place):
        raise _untrusted("上级证书无权签发", "one above may not sign certificates")


def _understood(certificate: x509.Certificate) -> None:
    try:
        extensions = list(certificate.extensions)
    except ValueError as error:
        raise _untrusted("扩展项有误", "an extension cannot be read") from error
    for one in extensions:
        if one.oid in _CLAIMS_BOUND or (one.critical and one.oid not in _UNDERSTOOD):
            raise _untrusted("含不认识的限制", "it is bound in a way that we do not know")


def _is_issued_by(certificate: x509.Certificate, above: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _dated(certificate: x509.Certificate, now: datetime) -> None:
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise _untrusted("证书不在有效期内", "one is not valid now")


def _may(certificate: x509.Certificate, *, certificates: bool, below: int = 0) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    if not certificates:
        return usage.digital_signature and not basic.ca
    enough = basic.path_length is None or basic.path_length >= below
    return usage.key_cert_sign and basic.ca and enough


def _unsigned(
    about: x509.Name,
    by: x509.Name,
    key: EllipticCurvePrivateKey,
    now: datetime,
    until: datetime,
) -> x509.CertificateBuilder:
    return _builder(about, by, key.public_key(), now, until)


def _builder(
    about: x509.Name, by: x509.Name, key: EllipticCurvePublicKey, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(about)
        .issuer_name(by)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(until)
    )


def _usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=certificates,
        crl_sign=certificates, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _untrusted(zh: str, en: str) -> Refused:
    return Refused("chain_untrusted", zh=f"证书不可信：{zh}", en=f"not trusted: {en}")
