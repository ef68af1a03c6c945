"""Builds APKs for tests: binary manifest, resource table, code with strings, zip, signatures."""

from __future__ import annotations

import datetime
import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

ANDROID = "http://schemas.android.com/apk/res/android"
ATTRIBUTES = {
    "label": 0x01010001, "icon": 0x01010002, "name": 0x01010003, "permission": 0x01010006,
    "minSdkVersion": 0x0101020C, "versionCode": 0x0101021B, "versionName": 0x0101021C,
    "targetSdkVersion": 0x01010270,
}  # fmt: skip


@dataclass
class Tag:
    """An element of a manifest; numbers are written as numbers, `Ref` as a reference."""

    name: str
    attributes: dict[str, str | int | Ref] = field(default_factory=dict)
    children: list[Tag] = field(default_factory=list)


@dataclass(frozen=True)
class Ref:
    """A resource by its number."""

    number: int


def manifest(
    package: str = "com.xinyi.sample",
    label: str | Ref | None = "样例",
    version: str = "1.2.3",
    min_sdk: int = 21,
    target_sdk: int = 30,
    permissions: Sequence[str] = ("android.permission.INTERNET",),
    components: Sequence[Tag] = (),
    icon: Ref | None = None,
) -> Tag:
    """A usual manifest with a launcher activity."""
    main = Tag("activity", {"name": ".MainActivity"}, [
        Tag("intent-filter", {}, [
            Tag("action", {"name": "android.intent.action.MAIN"}),
            Tag("category", {"name": "android.intent.category.LAUNCHER"}),
        ])
    ])  # fmt: skip
    shown: dict[str, str | int | Ref] = {} if label is None else {"label": label}
    if icon is not None:
        shown["icon"] = icon
    return Tag(
        "manifest",
        {"package": package, "versionCode": 3, "versionName": version},
        [
            Tag("uses-sdk", {"minSdkVersion": min_sdk, "targetSdkVersion": target_sdk}),
            *[Tag("uses-permission", {"name": one}) for one in permissions],
            Tag("application", shown, [main, *components]),
        ],
    )


def service(name: str, bound_by: str) -> Tag:
    return Tag("service", {"name": name, "permission": f"android.permission.{bound_by}"})


def receiver(name: str, action: str) -> Tag:
    heard = Tag("intent-filter", {}, [Tag("action", {"name": action})])
    return Tag("receiver", {"name": name}, [heard])


def axml(root: Tag) -> bytes:
    """The binary XML of a tag [AOSP: ResourceTypes.h, ResXMLTree]."""
    names = list(ATTRIBUTES)
    strings: dict[str, int] = {name: i for i, name in enumerate(names)}

    def number(text: str) -> int:
        return strings.setdefault(text, len(strings))

    uri, prefix = number(ANDROID), number("android")
    body = _chunk(0x0100, struct.pack("<II", 1, 0xFFFFFFFF), struct.pack("<II", prefix, uri))
    body += _element(root, number, uri)
    body += _chunk(0x0101, struct.pack("<II", 1, 0xFFFFFFFF), struct.pack("<II", prefix, uri))
    ids = struct.pack(f"<{len(names)}I", *ATTRIBUTES.values())
    inner = _pool(list(strings)) + struct.pack("<HHI", 0x0180, 8, 8 + len(ids)) + ids + body
    return struct.pack("<HHI", 0x0003, 8, 8 + len(inner)) + inner


def _element(tag: Tag, number: Callable[[str], int], uri: int) -> bytes:
    rows = b""
    for name, value in tag.attributes.items():
        where = uri if name in ATTRIBUTES else 0xFFFFFFFF
        if isinstance(value, str):
            text = number(value)
            typed = struct.pack("<IHBBI", text, 8, 0, 0x03, text)
        elif isinstance(value, Ref):
            typed = struct.pack("<IHBBI", 0xFFFFFFFF, 8, 0, 0x01, value.number)
        else:
            typed = struct.pack("<IHBBI", 0xFFFFFFFF, 8, 0, 0x10, value)
        rows += struct.pack("<II", where, number(name)) + typed
    head = struct.pack("<II", 1, 0xFFFFFFFF)
    name_at = number(tag.name)
    start = struct.pack("<IIHHHHHH", 0xFFFFFFFF, name_at, 20, 20, len(tag.attributes), 0, 0, 0)
    out = _chunk(0x0102, head, start + rows)
    for child in tag.children:
        out += _element(child, number, uri)
    return out + _chunk(0x0103, head, struct.pack("<II", 0xFFFFFFFF, name_at))


def _chunk(kind: int, head: bytes, rest: bytes) -> bytes:
    return struct.pack("<HHI", kind, 8 + len(head), 8 + len(head) + len(rest)) + head + rest


def _pool(strings: Sequence[str]) -> bytes:
    data, offsets = b"", []
    for text in strings:
        offsets.append(len(data))
        encoded = text.encode("utf-16-le", "surrogatepass")
        data += struct.pack("<H", len(encoded) // 2) + encoded + b"\0\0"
    data += b"\0" * (-len(data) % 4)
    start = 28 + 4 * len(offsets)
    head = struct.pack("<HHIIIIII", 1, 28, start + len(data), len(offsets), 0, 0, start, 0)
    return head + struct.pack(f"<{len(offsets)}I", *offsets) + data


LABEL, ICON = Ref(0x7F010000), Ref(0x7F010001)


def resources(package: str, labels: Mapping[str, str], icon: str = "res/icon.png") -> bytes:
    """A table with the strings LABEL (one text a language, "" is the default) and ICON."""
    texts = [*labels.values(), icon]
    types, keys = _pool(["string"]), _pool(["app_name", "icon"])
    spec = struct.pack("<HHIBBHIII", 0x0202, 16, 24, 1, 0, 0, 2, 0, 0)
    kinds = b""
    for at, language in enumerate(labels):
        config = struct.pack("<I", 28) + b"\0" * 4
        config += language[:2].encode().ljust(2, b"\0") + b"\0\0" + b"\0" * 16
        header = 20 + len(config)
        entries = struct.pack("<HHIHBBI", 8, 0, 0, 8, 0, 0x03, at)
        entries += struct.pack("<HHIHBBI", 8, 0, 1, 8, 0, 0x03, len(labels))
        size = header + 8 + len(entries)
        kinds += struct.pack("<HHIBBHII", 0x0201, header, size, 1, 0, 0, 2, header + 8)
        kinds += config + struct.pack("<II", 0, 16) + entries
    name = package.encode("utf-16-le")[:254].ljust(256, b"\0")
    start = 288
    inner = types + keys + spec + kinds
    head = struct.pack("<HHII", 0x0200, start, start + len(inner), 0x7F) + name
    head += struct.pack("<IIIII", start, 1, start + len(types), 2, 0)
    body = _pool(texts) + head + inner
    return struct.pack("<HHII", 0x0002, 12, 12 + len(body), 1) + body


def dex(strings: Sequence[str]) -> bytes:
    """A file of code with a string table, the map of its parts, and nothing else."""
    table, data = bytearray(), bytearray()
    start = 0x70 + 4 * len(strings)
    for text in strings:
        table += struct.pack("<I", start + len(data))
        data += _uleb(len(text)) + text.encode("utf-8", "surrogatepass") + b"\0"
    data += b"\0" * (-(start + len(data)) % 4)
    at = start + len(data)
    parts = ((0, 1, 0), (1, len(strings), 0x70), (0x2002, len(strings), start), (0x1000, 1, at))
    data += struct.pack("<I", len(parts))
    for kind, count, where in parts:
        data += struct.pack("<HHII", kind, 0, count, where)
    size = start + len(data)
    head = bytearray(0x70)
    head[:8] = b"dex\n035\0"
    struct.pack_into("<II", head, 0x20, size, 0x70)
    struct.pack_into("<I", head, 0x28, 0x12345678)
    struct.pack_into("<I", head, 0x34, at)
    struct.pack_into("<II", head, 0x38, len(strings), 0x70)
    whole = head + table + data
    struct.pack_into("<I", whole, 8, zlib.adler32(bytes(whole[12:])))
    return bytes(whole)


def _uleb(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


@dataclass(frozen=True)
class Key:
    """A self-signed certificate with its private key."""

    private: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.certificate.public_bytes(serialization.Encoding.DER)).hexdigest()


def key(name: str = "Xinyi Sample") -> Key:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(7)
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=9_000))
        .sign(private, hashes.SHA256())
    )
    return Key(private, built)


def apk(
    root: Tag | bytes | None = None,
    files: Mapping[str, bytes] | None = None,
    *,
    v1: Key | None = None,
    v2: Key | None = None,
) -> bytes:
    """An APK; `root` None leaves the manifest out."""
    held = dict(files or {})
    if root is not None:
        held = {"AndroidManifest.xml": root if isinstance(root, bytes) else axml(root), **held}
    if v1 is not None:
        held["META-INF/CERT.RSA"] = (
            pkcs7.PKCS7SignatureBuilder()
            .set_data(b"Signature-Version: 1.0\r\n")
            .add_signer(v1.certificate, v1.private, hashes.SHA256())
            .sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature])
        )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in held.items():
            entry = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return _signed(out.getvalue(), v2) if v2 is not None else out.getvalue()


def _signed(data: bytes, signer: Key) -> bytes:
    """With an APK signing block of scheme v2 before the directory. The digest is not that of the
    content: what is signed is the phone's to verify."""
    end = data.rfind(b"PK\x05\x06")
    at = struct.unpack_from("<I", data, end + 16)[0]
    der = signer.certificate.public_bytes(serialization.Encoding.DER)
    digest = struct.pack("<II", 0x0103, 32) + b"\0" * 32
    signed_data = _prefixed(_prefixed(digest)) + _prefixed(_prefixed(der)) + _prefixed(b"")
    signature = signer.private.sign(signed_data, padding.PKCS1v15(), hashes.SHA256())
    public = signer.private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    signatures = _prefixed(_prefixed(struct.pack("<I", 0x0103) + _prefixed(signature)))
    one = _prefixed(signed_data) + signatures + _prefixed(public)
    value = _prefixed(_prefixed(one))
    pair = struct.pack("<QI", len(value) + 4, 0x7109871A) + value
    size = len(pair) + 24
    block = struct.pack("<Q", size) + pair + struct.pack("<Q", size) + b"APK Sig Block 42"
    moved = bytearray(data[end:])
    struct.pack_into("<I", moved, 16, at + len(block))
    return data[:at] + block + data[at:end] + bytes(moved)


def _prefixed(data: bytes) -> bytes:
    return struct.pack("<I", len(data)) + data


__all__ = ["ICON", "LABEL", "Key", "Ref", "Tag", "apk", "axml", "dex", "key", "manifest",
           "receiver", "resources", "service"]  # fmt: skip
