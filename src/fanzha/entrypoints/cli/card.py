"""`fanzha card`: a test authority for caller cards, and whether a call's card is true."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fanzha.errors import Refused

if TYPE_CHECKING:
    from fanzha.adapters.sip.passport import Passport

card = typer.Typer(help="反诈名片 caller cards", no_args_is_help=True)


@card.command("authority")
def authority(
    folder: Annotated[Path, typer.Argument(help="新目录 a new folder")],
    number: Annotated[list[str], typer.Option(help="我方号码 a number of ours; again for more")],
    name: Annotated[str, typer.Option(help="机构名 name in the certificates")] = "fanzha test",
    days: Annotated[int, typer.Option(min=1, max=398, help="有效天数 days it is valid")] = 90,
) -> None:
    """建测试用证书机构 a test authority: root.pem, calls.pem (the chain), calls.key."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    from fanzha.adapters.sip.authority import Authority
    from fanzha.adapters.sip.passport import number_form
    from fanzha.adapters.sip.scope import Range
    from fanzha.values import phone_number

    numbers = [Range(number_form(phone_number.parse(text).normal)) for text in number]
    now = datetime.now(UTC)
    made, key = Authority.create(name, now), generate_private_key(SECP256R1())
    chain = made.certify(name, key.public_key(), numbers, now, days)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    if folder.exists():
        raise Refused("folder_exists", zh="目录已存在", en="the folder exists", field="folder")
    folder.mkdir(parents=True, mode=0o755)
    (folder / "root.pem").write_bytes(made.root.public_bytes(Encoding.PEM))
    (folder / "calls.pem").write_bytes(b"".join(c.public_bytes(Encoding.PEM) for c in chain))
    with open(
        os.open(folder / "calls.key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
    ) as f:
        f.write(secret)
    print(f"root.pem calls.pem calls.key → {folder}")


@card.command("verify")
def verify(
    message: Annotated[Path, typer.Argument(help="SIP 请求文件 a SIP request; - : stdin")],
    root: Annotated[Path, typer.Option(help="根证书 PEM of the roots that are trusted")],
    chain: Annotated[Path, typer.Option(help="证书链 PEM: what lies at the address in `info`")],
    at: Annotated[
        str, typer.Option(help="呼叫时刻 instant of the call (ISO 8601); empty: now")
    ] = "",
    picture: Annotated[
        Path | None, typer.Option(help="标志图片 the logo as fetched; else it is not shown")
    ] = None,
) -> None:
    """核验来电名片 whether the card of a call is true: JSON, exit 0; else 2."""
    from cryptography import x509

    from fanzha.adapters.sip import message as request

    text = sys.stdin.read() if str(message) == "-" else message.read_text("utf-8", "replace")
    call = request.read(text)
    if not call.identities:
        raise Refused("no_identity", zh="没有 Identity 头域", en="there is no Identity header")
    now = _instant(at)
    chains, roots = (_read(path, x509.load_pem_x509_certificates) for path in (chain, root))
    content = picture.read_bytes() if picture else None
    verified = False
    for value in call.identities:
        found = _judged(value, call, chains, roots, now, content)
        verified = verified or bool(found["verified"])
        print(json.dumps(found, ensure_ascii=False))
    if not verified:
        raise typer.Exit(2)


def _judged(
    value: str, call: Any, chain: Any, roots: Any, now: datetime, content: bytes | None
) -> dict[str, object]:
    from fanzha.adapters.sip import passport

    try:
        identity = passport.identity(value)
        card = passport.read(identity).card
        pictures = {card.logo: content} if card and content is not None else {}
        found = passport.verify(
            identity, chain, roots, now, orig=call.orig, dest=call.dest or None, pictures=pictures
        )
    except Refused as error:
        return {"verified": False, "code": error.code, "zh": error.zh, "en": error.en}
    return {"verified": True, **_shown(found)}


def _shown(found: Passport) -> dict[str, object]:
    shown: dict[str, object] = {"kind": found.kind, "orig": found.orig, "dest": list(found.dest)}
    if found.attest:
        shown["attest"] = found.attest
    if found.card:
        shown |= {"name": found.card.name, "reason": found.card.reason, "logo": found.card.logo}
    return shown


def _instant(text: str) -> datetime:
    if not text:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused("bad_instant", zh="时刻有误", en="not an instant", field="at") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _read(path: Path, load: Any) -> Any:
    try:
        return load(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Refused(
            "bad_certificates",
            zh=f"读不到证书：{path.name}",
            en=f"no certificates in {path.name}",
            field="chain",
        ) from error
