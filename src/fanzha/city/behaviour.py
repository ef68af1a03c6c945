"""How the city behaves: rates, shares and scripts of scams, read from a file and checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from fanzha.city.rhythm import Rhythm
from fanzha.city.scam.script import SCAM_TYPES, Pair, Rate, Script, Share, Strict
from fanzha.errors import Misconfigured, policy_reader
from fanzha.records.schemas import COLUMNS, STREAMS

POLICIES = Path(__file__).resolve().parents[3] / "policies" / "city"
"""Behaviour files that ship with the project."""
Official = Literal[
    "code", "parcel", "bank_out", "bank_in", "bank_notice", "bill", "carrier", "advert",
    "loan_advert", "broker_notice", "authority", "prevention", "school", "hospital", "recruit",
    "refund", "insurance", "game", "meeting",
]  # fmt: skip
Personal = Literal[
    "family", "friend", "work", "courier_person", "second_hand", "landlord", "group_buy"
]


class RhythmIn(Strict):
    """Activity by local hour and what is left of it at weekends."""

    hours: tuple[float, ...] = Field(min_length=24, max_length=24)
    weekend: float = Field(default=1.0, ge=0)

    @property
    def rhythm(self) -> Rhythm:
        return Rhythm(self.hours, self.weekend)


class Coverage(Strict):
    """Share of residents of whom a stream knows anything."""

    visit: Share = Field(ge=0, le=1)
    app: Share = Field(ge=0, le=1)
    subject: Share = Field(ge=0, le=1)
    text: Share = Field(ge=0, le=1)
    chat: Share = Field(ge=0, le=1)


class Calls(Strict):
    """Everyday calls. Rates are a day and resident, or a day and person of the trade."""

    social: float = Field(ge=0)
    service: float = Field(ge=0)
    courier: float = Field(ge=0)
    driver: float = Field(ge=0)
    agent: float = Field(ge=0)
    recruiter: float = Field(ge=0)
    call_centre: float = Field(ge=0)
    office: float = Field(ge=0)
    school: float = Field(ge=0)
    hospital: float = Field(ge=0)
    abroad: float = Field(ge=0)
    roaming: Share = Field(ge=0, le=1)
    repair_sets: Share = Field(ge=0, le=1)


class Trades(Strict):
    """Share of adults in trades whose traffic looks like a scammer's."""

    courier: Share = Field(ge=0, le=1)
    driver: Share = Field(ge=0, le=1)
    agent: Share = Field(ge=0, le=1)
    recruiter: Share = Field(ge=0, le=1)
    shop: Share = Field(ge=0, le=1)
    landlord: Share = Field(ge=0, le=1)
    organiser: Share = Field(ge=0, le=1)
    repairer: Share = Field(ge=0, le=1)
    abroad: Share = Field(ge=0, le=1)
    meetings: Share = Field(ge=0, le=1)


class Texts(Strict):
    """Texts a day and resident by rule of the grammar."""

    per_day: Mapping[Official, Rate]
    personal: Mapping[Personal, Rate]
    chats_per_day: float = Field(ge=0)
    evading_adverts: Share = Field(ge=0, le=1)


class Net(Strict):
    """Visits and app events a day and resident covered."""

    visits: float = Field(ge=0)
    bank_opens: float = Field(ge=0)
    app_opens: float = Field(ge=0)
    installs: float = Field(ge=0)
    sideload: Share = Field(ge=0, le=1)
    meetings: float = Field(ge=0)
    meeting_shares: Share = Field(ge=0, le=1)
    kin_help: float = Field(ge=0)
    bank_in_call: float = Field(ge=0)
    forwards: float = Field(ge=0)


class Money(Strict):
    """Payments a day and resident, and the shares of the rarer kinds."""

    groceries: float = Field(ge=0)
    cash: float = Field(ge=0)
    red_packets: float = Field(ge=0)
    friends: float = Field(ge=0)
    bills: float = Field(ge=0)
    refunds: float = Field(ge=0)
    top_up: float = Field(ge=0)
    savings: float = Field(ge=0)
    large: float = Field(ge=0)
    crypto: float = Field(ge=0)
    gig_pay: float = Field(ge=0)
    wages: Share = Field(ge=0, le=1)
    asked_over_yuan: float = Field(ge=0)
    asked_institutions: int = Field(ge=0, le=6)
    refused: Share = Field(ge=0, le=1)
    festival_days: tuple[int, ...] = ()
    festival_factor: float = Field(default=5.0, ge=1)


class Scams(Strict):
    """How many scams are played and with what tools.

    Nothing is played in the first `quiet_hours`. `staged` scams are for people who watch: all types
    in turn (or only `staged_types`), one after another at an even pace and at any hour, each to its
    end, on residents whom every stream knows.
    """

    engaged_per_10k_day: float = Field(ge=0)
    cold_calls_per_10k_day: float = Field(ge=0)
    cold_texts_per_10k_day: float = Field(ge=0)
    quiet_hours: float = Field(ge=0)
    dark: Share = Field(ge=0, le=1)
    evasion: Share = Field(ge=0, le=1)
    residents_per_gang: int = Field(gt=0)
    names_per_gang: int = Field(gt=0)
    overseas_numbers: int = Field(gt=0)
    voip_numbers: int = Field(gt=0)
    pace: float = Field(gt=0)
    staged_per_10k_hour: float = Field(default=0.0, ge=0)
    staged_pace: float = Field(default=0.1, gt=0)
    staged_types: tuple[str, ...] = ()
    scripts: Mapping[str, Script]

    @model_validator(mode="after")
    def _known(self) -> Scams:
        if unknown := sorted(set(self.scripts) - set(SCAM_TYPES)):
            raise ValueError(f"unknown scam types {unknown}")
        if unknown := sorted(set(self.staged_types) - set(self.scripts)):
            raise ValueError(f"no script for the staged types {unknown}")
        return self


class Den(Strict):
    """Dens of one style: cards rotate through devices, each under a daily cap of calls.

    `moves` leads all of a den through its cells together. `codes_a_day` come in by text to each
    card, from senders that have nothing to do with one another.
    """

    residents_per_card: int = Field(gt=0)
    least_cards: int = Field(ge=2)
    cards_per_den: int = Field(ge=2)
    cards_per_device: int = Field(gt=0)
    cells: int = Field(gt=0)
    moves: bool = False
    spells: Pair
    calls_a_spell: tuple[int, int]
    codes_a_day: tuple[int, int] = (0, 0)
    gap_s: Pair
    answered: Share = Field(ge=0, le=1)
    own_calls: Share = Field(ge=0, le=1)


class Layer(Strict):
    """One layer of accounts: how many a gang has, how long money stays, in how many parts it goes.

    `ends` is the share of money that has arrived here and leaves by an exit, not by a next layer.
    """

    accounts: int = Field(gt=0)
    stay_minutes: Pair
    split: tuple[int, int]
    ends: Share = Field(ge=0, le=1)


class Mules(Strict):
    """Accounts that pass money on, layer by layer, then out.

    `meet` is how many accounts of the next layer all parts of one payment go to: fewer than there
    are parts, so that what was split comes together again.
    """

    layers: tuple[Layer, ...] = Field(min_length=1, max_length=5)
    meet: tuple[int, int]
    exits: Mapping[Literal["cash", "courier", "merchant", "wallet", "platform"], Share]
    resident: Share = Field(ge=0, le=1)
    new: Share = Field(ge=0, le=1)
    shared_device: Share = Field(ge=0, le=1)
    fee: Share = Field(ge=0, le=0.2)


class Lookalikes(Strict):
    """Honest places and habits that resemble dens and mules. Rates are a day and line or person."""

    courier_stations: Rate
    station_calls: Rate
    taxi_firms: Rate
    taxi_calls: Rate
    dormitories: Rate
    dormitory_calls: Rate
    meters: Rate
    meter_texts: Rate
    foremen: Rate
    lenders: Rate
    traders: Rate


class Sender(Strict):
    """One sender of a stream: its share of subscribers or accounts, and what is wrong with it.

    Its clock is off by `clock_s`, and by `jump_s` more once `jumps_after_h` have passed.
    """

    name: str = Field(pattern=r"^[a-z0-9]+$")
    share: Share = Field(gt=0, le=1)
    without: tuple[str, ...] = ()
    late: Share = Field(default=0.0, ge=0, le=1)
    late_minutes: Pair = (30.0, 0.8)
    again: Share = Field(default=0.0, ge=0, le=1)
    clock_s: int = Field(default=0, ge=-86_400, le=86_400)
    jumps_after_h: float | None = Field(default=None, ge=0)
    jump_s: int = Field(default=0, ge=-86_400, le=86_400)


class Behaviour(Strict):
    """Everything a run of the city may vary."""

    version: str
    coverage: Coverage
    rhythms: Mapping[Literal["life", "office", "evening", "delivery", "shops", "night"], RhythmIn]
    trades: Trades
    calls: Calls
    texts: Texts
    net: Net
    money: Money
    scams: Scams
    dens: Mapping[Literal["goip", "sim_box", "modem_pool", "phone_bridge"], Den]
    mules: Mules
    lookalikes: Lookalikes
    delivery: Mapping[str, tuple[Sender, ...]] = Field(default_factory=dict)
    seen_twice: Mapping[str, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _leaves_out_what_may_be(self) -> Behaviour:
        if unknown := sorted((set(self.delivery) | set(self.seen_twice)) - set(STREAMS)):
            raise ValueError(f"there are no streams {unknown}")
        for stream, senders in self.delivery.items():
            may = {c.name for c in COLUMNS[stream] if not c.required}
            for sender in senders:
                if bad := sorted(set(sender.without) - may):
                    raise ValueError(f"{stream} cannot be without {bad}")
        return self

    @property
    def as_it_happened(self) -> Behaviour:
        """The same city with every record complete, in time and told once."""
        return self.model_copy(update={"delivery": {}, "seen_twice": {}})

    def quiet_for(self, hours: float) -> Behaviour:
        """The same behaviour with scams that begin after so many hours."""
        return self.model_copy(
            update={"scams": self.scams.model_copy(update={"quiet_hours": hours})}
        )

    def check_names(self, organisations: set[str], rules: frozenset[str]) -> None:
        """Raises `Misconfigured` where a script names an organisation or text that there is not."""
        for scam_type, script in self.scams.scripts.items():
            where = f"scams.scripts.{scam_type}"
            targets = {key for keys in script.sites.values() for key in keys}
            bodies = {script.cold_texts} | {step.body for step in script.steps if step.body}
            if unknown := sorted(targets - organisations):
                raise _bad(f"{where}.sites", f"there are no organisations {unknown}")
            if unknown := sorted(bodies - rules):
                raise _bad(f"{where}.steps", f"there are no texts {unknown}")

    def rhythm(self, name: str) -> Rhythm:
        return self.rhythms[name].rhythm  # type: ignore[index]


@policy_reader
def load_behaviour(path: Path) -> Behaviour:
    """Read a behaviour file; `extends: FILE` overlays it on another one, which stands beside it or
    ships with the project."""
    try:
        return Behaviour.model_validate(_read(path, seen=()))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise _bad(where, first["msg"]) from error


def _read(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    if path in seen:
        raise _bad("extends", "the files extend each other")
    if not path.is_file():
        raise _bad("extends", f"there is no file {path.name}")
    read: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(read, dict):
        raise _bad("file", "not a mapping")
    parent = read.pop("extends", None)
    if parent is None:
        return read
    beside = path.parent / parent
    return _over(_read(beside if beside.is_file() else POLICIES / parent, (*seen, path)), read)


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _over(merged[key], value) if both else value
    return merged


def _bad(where: str, why: str) -> Misconfigured:
    return Misconfigured(
        "bad_behaviour",
        zh=f"模拟城市的行为文件 {where} 有误：{why}",
        en=f"the city's behaviour file is wrong at {where}: {why}",
        field=where,
    )
