"""One typed Settings: from the environment (`FANZHA_…`) and defaults; unknown keys are refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from fanzha.errors import Misconfigured

_PREFIX = "FANZHA_"
_OF_COMMANDS = frozenset({"FANZHA_NEW_PASSWORD", "FANZHA_PASSWORD", "FANZHA_CITY_KEY"})
"""Secrets that a command takes from the environment, because anybody may read its arguments."""
_ROOT = Path(__file__).resolve().parents[2]


class Settings(BaseSettings):
    """Everything an installation may set. Each has a line in docs/operate.md."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, extra="forbid", frozen=True)

    data: Path = Field(default=Path("var"), description="folder of the installation's own data")
    policies: Path = Field(default=_ROOT / "policies", description="folder of policy files")
    units: Path | None = Field(default=None, description="YAML of the tiers of centres")
    keyring: Path | None = Field(default=None, description="key file; empty: in the data folder")
    host: str = Field(default="127.0.0.1", description="address the API and console listen on")
    port: int = Field(default=8000, ge=1, le=65535)
    public_url: str = Field(
        default="", description="address that people outside reach the centre at; empty: host, port"
    )
    public_phone: str = Field(default="96110", description="number that notices name")
    calls_key: Path | None = Field(
        default=None, description="P-256 key that signs cards of refused calls; empty: none"
    )
    calls_certificates: Path | None = Field(
        default=None, description="PEM chain of the calls key, served to who checks a card"
    )
    database_url: SecretStr | None = Field(
        default=None, description="PostgreSQL as fanzha_app; empty: the embedded server"
    )
    database_admin_url: SecretStr | None = Field(
        default=None, description="a role that may migrate; empty: the embedded server's"
    )
    nats_url: str | None = Field(default=None, description="NATS; empty: the embedded server")
    nats_password: SecretStr | None = None
    kafka_servers: str = Field(
        default="", description="host:port, … of Kafka brokers that hold the log; empty: NATS does"
    )
    kafka_prefix: str = Field(default="fanzha.events", pattern=r"^[A-Za-z0-9._-]{1,100}$")
    kafka_replicas: int = Field(default=1, ge=1, le=9)
    demo: bool = Field(default=False, description="demo accounts and the simulated city")
    smpp_host: str = Field(default="127.0.0.1")
    smpp_port: int = Field(default=2775, ge=1, le=65535)
    smpp_system_id: str = Field(default="", description="empty: warning texts stay queued")
    smpp_password: SecretStr | None = None
    smpp_sender: str = Field(default="96110")
    send_to: tuple[str, ...] = Field(
        default=(), description="numbers and prefixes that may be texted; empty: nobody"
    )
    calls_cards: Path | None = Field(
        default=None, description="where `edge sip` hands out cards of our lines; empty: none"
    )
    edges: tuple[str, ...] = Field(
        default=(), description="edges that `up` keeps on this machine: sip, dns, sms"
    )
    sms_listen: str = Field(
        default="127.0.0.1:2776", description="where `up` has its text firewall listen"
    )
    sms_to: str = Field(
        default="", description="the message centre behind it; empty: smpp_host and smpp_port"
    )
    lists_url: str = Field(
        default="", description="centre whose lists an edge follows; empty: host and port above"
    )
    lists_key: SecretStr | None = Field(default=None, description="an edge's key there")
    lists_public_key: str = Field(
        default="", description="base64; empty: asked once, over TLS or on this machine, and pinned"
    )
    lists_area: str = Field(
        default="", pattern=r"^[0-9]{0,12}$", description="unit in whose area the edge stands"
    )
    sip_socket: Path | None = Field(
        default=None, description="where `edge sip` answers; empty: run/sip.sock in the data folder"
    )
    sip_socket_group: str = Field(
        default="", description="group whose programs may ask there; empty: our user only"
    )
    dns_host: str = Field(default="127.0.0.1", description="where `edge dns` serves zones")
    dns_port: int = Field(default=5300, ge=1, le=65535)
    dns_zone: str = Field(default="rpz.fanzha", description="what the zones' names end in")
    dns_peers: tuple[str, ...] = Field(
        default=(), description="resolvers: address[/prefix][@port] [key]; empty: nobody"
    )
    dns_keys: SecretStr | None = Field(
        default=None, description="TSIG: name algorithm base64, … separated by commas"
    )
    dns_warn_to: tuple[str, ...] = Field(
        default=(), description="addresses or the host of the warning page; empty: NXDOMAIN"
    )
    scorers: int = Field(default=1, ge=1, le=16, description="scorers that share the log's keys")
    snapshot_every_s: float = Field(default=30.0, gt=0)
    dedupe_hours: int = Field(default=24, ge=1, le=168)

    @property
    def outside(self) -> str:
        """The address people outside are told."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the API."""
        return self.host in ("127.0.0.1", "::1", "localhost")


def load() -> Settings:
    """Read the environment. A key with our prefix that we do not know is a mistake, not a guess."""
    known = {f"{_PREFIX}{name}".upper() for name in Settings.model_fields} | _OF_COMMANDS
    if unknown := sorted(k for k in os.environ if k.startswith(_PREFIX) and k not in known):
        raise Misconfigured(
            "unknown_setting",
            zh=f"不认识的设置：{unknown}",
            en=f"unknown settings: {unknown}",
            field=unknown[0],
        )
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(p) for p in first["loc"])
        raise Misconfigured(
            "bad_setting",
            zh=f"设置 {name} 有误：{first['msg']}",
            en=f"the setting {name} is wrong: {first['msg']}",
            field=name,
        ) from error


def environment_of(settings: Settings) -> dict[str, str]:
    """The same settings for a process of ours, as it will read them."""
    found: dict[str, str] = {}
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if value is None:
            continue
        if isinstance(value, SecretStr):
            text = value.get_secret_value()
        elif isinstance(value, tuple):
            text = json.dumps(list(value))
        elif isinstance(value, Path):
            text = str(value.resolve())
        else:
            text = str(value)
        found[f"{_PREFIX}{name}".upper()] = text
    return found
