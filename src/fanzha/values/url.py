"""Addresses that people are sent or visit: a URL, or a bare name as a resolver sees it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import quote, unquote

from fanzha.errors import Refused
from fanzha.values import dns_name
from fanzha.values.writing import fold, refused

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,15}):[/\\]{0,8}(?=[^/\\])")
_BARE_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,15}:[/\\]*")
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}
_SAFE = "%/:=&?~#+!$,;'@()*[]|^`{}\"<>\\"
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")
#: Half of a surrogate pair, which no encoding can carry.
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_CUT_ESCAPE = re.compile(r"%[0-9A-F]?$")
_LONGEST = 8_192
_LONGEST_USER = 64


@dataclass(frozen=True, slots=True)
class Url:
    """`scheme` is "" for a bare name. `host` is a DNS name in normal form or an IP address.

    `user` keeps what stands before `@` (look-alikes put a bank's name there), never the password.
    The fragment does not travel to the server and is dropped.
    """

    scheme: str
    user: str
    host: str
    port: int | None
    tail: str

    @property
    def normal(self) -> str:
        start = f"{self.scheme}://" if self.scheme else ""
        user = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port is not None else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{start}{user}{host}{port}{self.tail}"

    @property
    def is_address(self) -> bool:
        """Whether the host is a bare IP address."""
        return ":" in self.host or self.host.rpartition(".")[2].isdigit()

    @property
    def registrable(self) -> str | None:
        """What one registrant holds of the host; the address itself where it is one."""
        return self.host if self.is_address else dns_name.registrable(self.host)

    @property
    def mask(self) -> str:
        """Scheme and host: paths and queries carry names and tickets."""
        start = f"{self.scheme}://" if self.scheme else ""
        return f"{start}{self.host}" + ("/…" if len(self.tail) > 1 else "")


def parse(text: str) -> Url:
    """Reads what browsers would open: any scheme, bare names, odd ways to write an IPv4 address."""
    written = _HALF_PAIR.sub("\ufffd", fold(text))
    if not written or len(written) > _LONGEST:
        raise _form("url_length", "网址长度须为 1 至 8192", "an address has 1 to 8192 characters")
    if _BARE_SCHEME.fullmatch(written):
        raise _form("url_host", "网址中没有域名或地址", "there is no name or address")
    match = _SCHEME.match(written)
    scheme = match[1].lower() if match and _is_scheme(written, match) else ""
    rest = written[match.end() :] if match and scheme else written.lstrip("/\\")
    end = len(rest)
    for mark in "/\\?#":
        found = rest.find(mark)
        end = found if 0 <= found < end else end
    authority, tail = rest[:end], rest[end:].partition("#")[0]
    user, _, place = authority.rpartition("@")
    place, port = _split_port(place)
    host = _host(place)
    if not scheme and host in _PORTS:
        raise _form("url_host", "网址中没有域名或地址", "there is no name or address")
    return Url(
        scheme,
        _CUT_ESCAPE.sub("", _quoted(user.partition(":")[0], "")[:_LONGEST_USER]),
        host,
        None if port == _PORTS.get(scheme) else port,
        _tail(tail, scheme),
    )


def _is_scheme(written: str, match: re.Match[str]) -> bool:
    """`http:…` and `weixin://…` begin with a scheme; `name.example:8080/…` does not."""
    return match[1].lower() in _PORTS or "//" in match[0].replace("\\", "/")


def _split_port(place: str) -> tuple[str, int | None]:
    host, colon, digits = place.rpartition(":")
    if not colon or place.endswith("]"):
        return place, None
    if not digits:
        return host, None
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 5 and int(digits) < 65_536):
        raise _form("url_port", "端口须为 0 至 65535", "a port is 0 to 65535")
    return host, int(digits)


def _host(text: str) -> str:
    if text.startswith("[") and text.endswith("]"):
        try:
            return str(IPv6Address(text[1:-1].partition("%")[0]))
        except AddressValueError:
            raise _form("url_address", "IPv6 地址无效", "not an IPv6 address") from None
    if "%" in text:
        text = fold(unquote(text))  # as browsers do: a dot may come as %2E
    address = _ipv4(fold(text).translate(dns_name.DOTS).removesuffix("."))
    if address is not None:
        return address
    try:
        return dns_name.parse(text).normal
    except Refused:
        raise _form("url_host", "网址中没有有效的域名或地址", "no valid name or address") from None


def _ipv4(text: str) -> str | None:
    """Dotted, short, octal and hexadecimal forms, as browsers resolve them; None where not one."""
    parts = text.split(".")
    if not (parts[-1][:1].isdigit() and text.isascii() and len(text) <= 64):
        return None
    numbers: list[int] = []
    for part in parts:
        try:
            if part[:2].lower() == "0x":
                numbers.append(int(part[2:] or "0", 16))
            elif len(part) > 1 and part[0] == "0":
                numbers.append(int(part, 8))
            else:
                numbers.append(int(part))
        except ValueError:
            return None
    if len(numbers) > 4 or any(not 0 <= n < 256 for n in numbers[:-1]):
        return None
    last = numbers[-1]
    if not 0 <= last < 256 ** (5 - len(numbers)):
        return None
    for place, number in enumerate(numbers[:-1]):
        last += number << 8 * (3 - place)
    return str(IPv4Address(last))


def _tail(text: str, scheme: str) -> str:
    path, mark, query = text.replace("\\", "/").partition("?") if scheme else text.partition("?")
    path = _quoted(path, "/")
    if scheme and not path:
        path = "/"
    return path + mark + _quoted(query, "?")


def _quoted(text: str, keep: str) -> str:
    """Escapes in capitals, everything that is not printable ASCII escaped, escapes left alone."""
    text = _ESCAPE.sub(lambda found: "%" + found[1].upper() if found[1] else "%25", text)
    return quote(text, safe=_SAFE + keep, errors="replace")


def _form(code: str, zh: str, en: str) -> Refused:
    return refused(code, zh, en, "url")
