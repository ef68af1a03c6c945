"""Who may fetch zones and who is told of changes: addresses, networks, TSIG keys."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import dns.exception
import dns.name
import dns.tsig

from fanzha.errors import Misconfigured

__all__ = ["Access", "Peer", "keys_of", "peers_of"]

_ALGORITHMS = ("hmac-sha256", "hmac-sha384", "hmac-sha512")
_SECRET_BYTES = 16
_PORT = 53

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Peer:
    """A resolver, or a network of them. With a key, only what is signed with it is heard."""

    network: Network
    port: int
    key: dns.name.Name | None

    @property
    def told(self) -> tuple[str, int] | None:
        """Where NOTIFY goes; a network is not told, it asks by itself."""
        if self.network.num_addresses > 1:
            return None
        return str(self.network.network_address), self.port


@dataclass(frozen=True, slots=True)
class Access:
    """The list of peers and the keys they sign with."""

    peers: tuple[Peer, ...]
    keys: Mapping[dns.name.Name, dns.tsig.Key]

    def peer(self, address: str) -> Peer | None:
        """The narrowest entry that holds `address`; None: a stranger."""
        try:
            ip = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return None
        if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        found = [peer for peer in self.peers if ip in peer.network]
        return max(found, key=lambda peer: peer.network.prefixlen, default=None)


def keys_of(lines: Iterable[str]) -> dict[dns.name.Name, dns.tsig.Key]:
    """`name algorithm secret` a line, the secret in base64. Raises `Misconfigured`."""
    found = {}
    for line in lines:
        parts = line.split()
        if len(parts) != 3 or parts[1] not in _ALGORITHMS:
            raise _wrong(
                "dns_keys",
                f"应为“名称 算法 密钥”，算法为 {'、'.join(_ALGORITHMS)}",
                f"name, algorithm ({', '.join(_ALGORITHMS)}) and secret are wanted",
            )
        try:
            secret = base64.b64decode(parts[2], validate=True)
            name = dns.name.from_text(parts[0].lower())
        except (ValueError, dns.exception.DNSException) as error:
            raise _wrong(
                "dns_keys", "密钥或名称写法不对", "a name or secret is unreadable"
            ) from error
        if len(secret) < _SECRET_BYTES:
            raise _wrong("dns_keys", "密钥不足 16 字节", "a secret has fewer than 16 bytes")
        found[name] = dns.tsig.Key(name, secret, parts[1])
    return found


def peers_of(lines: Iterable[str], keys: Mapping[dns.name.Name, dns.tsig.Key]) -> Access:
    """`192.0.2.53`, `192.0.2.53@5353`, `198.51.100.0/24`, each with a key's name after it where
    the peer signs. Raises `Misconfigured`."""
    found = []
    for line in lines:
        parts = re.fullmatch(r"([0-9A-Fa-f.:/]+)(?:@(\d{1,5}))?(?:\s+(\S+))?", line.strip())
        try:
            network = ipaddress.ip_network(parts[1] if parts else "")
            port = int(parts[2] or _PORT) if parts else 0
            key = dns.name.from_text(parts[3].lower()) if parts and parts[3] else None
        except (ValueError, dns.exception.DNSException) as error:
            raise _wrong(
                "dns_peers",
                "应为“地址[/前缀][@端口] [密钥名]”",
                "address[/prefix][@port] [name of a key] is wanted",
            ) from error
        if not 0 < port < 65_536 or (key is not None and key not in keys):
            raise _wrong("dns_peers", "端口不对，或没有这个密钥", "a port is wrong, or no such key")
        found.append(Peer(network, port, key))
    return Access(tuple(found), keys)


def _wrong(setting: str, zh: str, en: str) -> Misconfigured:
    return Misconfigured(setting, zh=f"{setting}：{zh}", en=f"{setting}: {en}", field=setting)
