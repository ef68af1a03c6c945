"""Settings become the wired parts of a centre: the only file that chooses implementations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from fanzha.adapters.nats.exchange import NatsExchange
from fanzha.adapters.nats.log import JetStreamLog, LogSettings
from fanzha.adapters.nats.server import USER, NatsServer
from fanzha.adapters.postgres import place
from fanzha.adapters.postgres.database import Database
from fanzha.adapters.postgres.desk import Desk
from fanzha.adapters.postgres.embedded import EmbeddedPostgres
from fanzha.adapters.postgres.group import PostgresMembership
from fanzha.adapters.postgres.migrate import APPLICATION, migrate
from fanzha.adapters.postgres.office import PostgresOffice
from fanzha.adapters.postgres.operators import Operators
from fanzha.adapters.postgres.quarantine import Quarantine
from fanzha.adapters.postgres.register.measures import PostgresRegister
from fanzha.adapters.postgres.rules import PostgresWorkshop
from fanzha.adapters.postgres.rules_feed import PostgresRuleFeed
from fanzha.adapters.sealing.keyring import Keyring
from fanzha.adapters.smpp.client import SmppSender, SmppSettings
from fanzha.detection.rules.names import load_catalogue
from fanzha.detection.taxonomy import TAXONOMY_FILE, Taxonomy, load_taxonomy
from fanzha.errors import Misconfigured
from fanzha.lifecycles.actor import NATION, Unit
from fanzha.lifecycles.measure.policy import load_register
from fanzha.lifecycles.measure.protected import load_protected
from fanzha.lifecycles.rule.policy import load_gates
from fanzha.lifecycles.warning.policy import load_clocks, load_grades
from fanzha.ports.event_log import EventLog
from fanzha.ports.scorer_group import Exchange, Membership
from fanzha.settings import Settings
from fanzha.usecases.dissuasion.script import ScriptBook
from fanzha.usecases.dissuasion.script import load as load_scripts
from fanzha.usecases.measure.listing import protected_entries
from fanzha.usecases.measure.notice import NoticeWording
from fanzha.usecases.measure.propose import Register
from fanzha.usecases.warning.policies import WarningPolicies
from fanzha.usecases.warning.tiers import Tiers, load_units
from fanzha.usecases.warning.wording import Wording
from fanzha.usecases.workshop.act import Bench
from fanzha.usecases.workshop.editions import ensure_edition

if TYPE_CHECKING:
    from fanzha.detection.engine import Engine
    from fanzha.features.live import MakeFeatures


def utc_now() -> datetime:
    """The wall clock, for entry points; inner layers are handed an instant."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Servers:
    """The packaged servers of this installation; None where the settings name another's."""

    postgres: EmbeddedPostgres | None
    nats: NatsServer | None

    @classmethod
    def of(cls, settings: Settings) -> Servers:
        data = settings.data.resolve()
        own_database = settings.database_url is None
        return cls(
            EmbeddedPostgres(data / "postgres", settings=_POSTGRES) if own_database else None,
            NatsServer(data / "nats") if settings.nats_url is None else None,
        )


#: One machine, many small commits: what is acknowledged is on disk, what is cached is modest.
_POSTGRES = {"shared_buffers": "256MB", "wal_compression": "on", "max_wal_size": "2GB"}


def units_file(settings: Settings) -> Path:
    """The tiers of this installation: the invented city's unless another file is set."""
    return settings.units or settings.policies / "units" / "qinglan.yaml"


def warning_policies(settings: Settings, units: list[Unit]) -> WarningPolicies:
    """The dated policies of warnings, over these tiers."""
    folder = settings.policies
    return WarningPolicies(
        grades=load_grades(folder / "warning" / "grading.yaml"),
        clocks=load_clocks(folder / "warning" / "clocks.yaml"),
        wording=Wording.load(folder / "wording" / "warning_sms.yaml").text,
        tiers=Tiers(units),
    )


class Parts:
    """One process's connections and policies, each made when first asked for."""

    def __init__(self, settings: Settings, *, statement_timeout_s: float | None = None) -> None:
        """`statement_timeout_s` bounds each statement of a process that answers requests."""
        self.settings = settings
        self._statement_timeout_s = statement_timeout_s
        self.data: Path = settings.data.resolve()
        self.servers = Servers.of(settings)

    def close(self) -> None:
        """Let go of the database."""
        if "database" in self.__dict__:
            self.database.close()

    # ── state ────────────────────────────────────────────────────────────────────────────────────

    def prepare(self) -> list[str]:
        """Bring the database to the newest schema and write the tiers; names what was applied."""
        password = None
        if self.servers.postgres is not None:
            admin = self.servers.postgres.url()
            password = self.servers.postgres.password(APPLICATION)
        elif self.settings.database_admin_url is not None:
            admin = self.settings.database_admin_url.get_secret_value()
        else:
            raise Misconfigured(
                "no_admin_url",
                zh="使用外部数据库时，请设置 FANZHA_DATABASE_ADMIN_URL 以便升级结构",
                en="with a database of your own, set FANZHA_DATABASE_ADMIN_URL for migrations",
                field="database_admin_url",
            )
        applied = migrate(admin, app_password=password)
        with self.database.transaction(NATION) as connection:
            place.store_units(connection, self.units)
        return applied

    @cached_property
    def database_url(self) -> str:
        if self.settings.database_url is not None:
            return self.settings.database_url.get_secret_value()
        assert self.servers.postgres is not None
        return self.servers.postgres.url(APPLICATION)

    @cached_property
    def database(self) -> Database:
        return Database(self.database_url, statement_timeout_s=self._statement_timeout_s)

    @cached_property
    def keyring(self) -> Keyring:
        return Keyring.load_or_create(self.keyring_file)

    @property
    def keyring_file(self) -> Path:
        return self.settings.keyring or self.data / "keys" / "keyring.json"

    @property
    def heads_file(self) -> Path:
        """Signed ends of the deed chains, outside the database."""
        return self.data / "deed-heads.ndjson"

    @property
    def snapshots_folder(self) -> Path:
        return self.data / "snapshots"

    @cached_property
    def office(self) -> PostgresOffice:
        return PostgresOffice(self.database, self.keyring)

    @cached_property
    def desk(self) -> Desk:
        return Desk(self.database, self.keyring, self.units)

    @cached_property
    def operators(self) -> Operators:
        return Operators(self.database, self.units)

    @cached_property
    def quarantine(self) -> Quarantine:
        return Quarantine(self.database, self.keyring)

    @cached_property
    def workshop(self) -> PostgresWorkshop:
        return PostgresWorkshop(self.database, self.keyring)

    @cached_property
    def bench(self) -> Bench:
        """What acts in the workshop go by."""
        folder = self.settings.policies / "workshop"
        return Bench(
            catalogue=load_catalogue(folder / "names.yaml"),
            types=frozenset([*self.taxonomy.main_classes, *self.taxonomy.types]),
            policy=load_gates(folder / "gates.yaml"),
            tiers=self.policies.tiers,
            salt=self.keyring.token("look", "workshop").hex(),
        )

    @cached_property
    def register_office(self) -> PostgresRegister:
        return PostgresRegister(self.database, self.keyring, self.register.units)

    @cached_property
    def register(self) -> Register:
        """What acts in the register of measures go by."""
        folder = self.settings.policies
        return Register(
            policy=load_register(folder / "measures" / "register.yaml"),
            protected=load_protected(
                folder / "measures" / "protected.yaml",
                folder / "detection" / "filed-numbers.yaml",
            ),
            root=self.policies.tiers.root,
            units={u.code: u for u in self.units},
            wording=NoticeWording.load(folder / "wording" / "measure_notice.yaml"),
            phone=self.settings.public_phone,
        )

    def ensure_protected(self) -> None:
        """The wires' list holds what the policy protects, and nothing else as protected."""
        with self.register_office.work() as work:
            work.lists.protect(protected_entries(self.register.protected))

    def rule_feed(self) -> PostgresRuleFeed:
        """The workshop's rules for a scorer."""
        return PostgresRuleFeed(self.workshop)

    def ensure_rules(self) -> None:
        """An edition to go by, even before the first rule."""
        ensure_edition(self.workshop, self.bench.policy, self.bench.salt, utc_now())

    # ── streams and phones ───────────────────────────────────────────────────────────────────────

    @cached_property
    def log_settings(self) -> LogSettings:
        if self.settings.nats_url is not None:
            secret = self.settings.nats_password
            password = secret.get_secret_value() if secret else ""
            return LogSettings(self.settings.nats_url, USER, password)
        assert self.servers.nats is not None
        return LogSettings(self.servers.nats.url, USER, self.servers.nats.password)

    def log(self) -> EventLog:
        """A new connection to the event log, not yet started: on Kafka where brokers are named."""
        settings = self.settings
        if not settings.kafka_servers:
            return JetStreamLog(self.log_settings)
        from fanzha.adapters.kafka.log import KafkaLog, KafkaSettings

        return KafkaLog(
            KafkaSettings(
                settings.kafka_servers, settings.kafka_prefix, replicas=settings.kafka_replicas
            )
        )

    def membership(self) -> Membership:
        """Where scorers that share a log agree on who belongs."""
        return PostgresMembership(self.database)

    def exchange(self) -> Exchange:
        """How they hear each other; not yet joined."""
        return NatsExchange(self.log_settings)

    def engine(self, features: MakeFeatures | None = None) -> Engine:
        # Its compiled parts take a second to load, and most processes do without.
        from fanzha.detection.engine import Engine
        from fanzha.features.live import FeatureSet

        return Engine(
            self.settings.policies,
            dedupe_hours=self.settings.dedupe_hours,
            features=features or FeatureSet,
        )

    def sender(self) -> SmppSender | None:
        """The road to phones; None where no message centre is set."""
        settings = self.settings
        if not settings.smpp_system_id:
            return None
        secret = settings.smpp_password
        return SmppSender(
            SmppSettings(
                host=settings.smpp_host,
                port=settings.smpp_port,
                system_id=settings.smpp_system_id,
                password=secret.get_secret_value() if secret else "",
                send_to=settings.send_to,
                simulated=settings.demo,
            )
        )

    # ── policies ─────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def units(self) -> list[Unit]:
        return load_units(units_file(self.settings))

    @cached_property
    def policies(self) -> WarningPolicies:
        return warning_policies(self.settings, self.units)

    @cached_property
    def taxonomy(self) -> Taxonomy:
        return load_taxonomy(self.settings.policies / TAXONOMY_FILE)

    @cached_property
    def scripts(self) -> ScriptBook:
        return load_scripts(self.settings.policies / "scripts" / "dissuasion.yaml")
