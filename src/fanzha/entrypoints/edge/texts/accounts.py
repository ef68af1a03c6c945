"""Accounts of our own beside the centre's: who may log in, from where, with which password."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fanzha.errors import Misconfigured, policy_reader
from fanzha.ports.text_wire import Login

__all__ = ["Accounts", "load_accounts", "sealed_password"]

_N, _R, _P = 1 << 14, 8, 1
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Account:
    """`password` as `sealed_password` writes it, None where the centre alone checks it (in CMPP
    always); `networks`: from where, anywhere where there are none."""

    password: str | None
    networks: tuple[_Network, ...]


@dataclass(frozen=True)
class Accounts:
    """Who is not named here does not reach the centre."""

    by_name: Mapping[str, Account]

    def asker(
        self, statuses: Mapping[str, int]
    ) -> Callable[[Login | None, str], Awaitable[int | None]]:
        """What a gate asks at a login: None, or the status that it answers."""

        async def ask(login: Login | None, address: str) -> int | None:
            if login is None:
                return statuses["unbound"]
            account = self.by_name.get(login.account)
            if account is None or not _within(address, account.networks):
                return statuses["unknown"]
            if account.password is None:
                return None
            right = await asyncio.to_thread(_check, login.password, account.password)
            return None if right else statuses["password"]

        return ask


@policy_reader
def load_accounts(path: Path) -> Accounts:
    """A YAML file: `accounts: {name: {password: scrypt$…, from: [192.0.2.0/24]}}`."""
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    if set(data) != {"accounts"} or not isinstance(data["accounts"], dict):
        raise _bad("accounts")
    found = {}
    for name, one in data["accounts"].items():
        if not isinstance(one, dict) or not set(one) <= {"password", "from"}:
            raise _bad(str(name))
        password = one.get("password")
        if password is not None and not str(password).startswith("scrypt$"):
            raise _bad(str(name))
        networks = tuple(ipaddress.ip_network(net) for net in one.get("from", ()))
        found[str(name)] = Account(None if password is None else str(password), networks)
    return Accounts(found)


def sealed_password(password: str, salt: bytes) -> str:
    """What stands in the file in place of a password."""
    return f"scrypt${salt.hex()}${_stretched(password, salt).hex()}"


def _stretched(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=_N, r=_R, p=_P, dklen=32)


def _check(given: str | None, sealed: str) -> bool:
    if given is None:
        return False
    _, salt, wanted = sealed.split("$")
    return hmac.compare_digest(_stretched(given, bytes.fromhex(salt)), bytes.fromhex(wanted))


def _within(address: str, networks: tuple[_Network, ...]) -> bool:
    if not networks:
        return True
    try:
        return any(ipaddress.ip_address(address) in network for network in networks)
    except ValueError:
        return False


def _bad(field: str) -> Misconfigured:
    return Misconfigured(
        "edge_accounts_invalid",
        zh="账号文件有误：每个账号可写 password（scrypt$…）与 from（网段）",
        en="the file of accounts is wrong: each may have `password` (scrypt$…) and `from`",
        field=field,
    )
