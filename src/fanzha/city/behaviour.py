"""How the city behaves: rates, shares and scripts of scams, read from a file and checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from fanzha.city.drafts import ACCOUNT_ACTIONS
from fanzha.city.rhythm import Rhythm
from fanzha.errors import Misconfigured, policy_reader

Share = float
Pair = tuple[float, float]
Stage = Literal["contact", "trust", "operation", "transfer"]
STAGES: tuple[Stage, ...] = ("contact", "trust", "operation", "transfer")
SCAM_TYPES = ("SD01", "TZ01", "DK01", "KF01", "ZX02", "GJF01")
Origin = Literal["overseas", "voip", "spoofed", "malformed", "goip", "port", "outer"]
Verb = Literal[
    "text",
    "chat",
    "call",
    "visit",
    "install",
    "app",
    "share",
    "forward",
    "account",
    "rebate",
    "loan",
    "gather",
    "pay",
]


Official = Literal[
    "code", "parcel", "bank_out", "bank_in", "bank_notice", "bill", "carrier", "advert",
    "loan_advert", "broker_notice", "authority", "prevention", "school", "hospital", "recruit",
    "refund", "insurance", "game", "meeting",
]  # fmt: skip
Personal = Literal[
    "family", "friend", "work", "courier_person", "second_hand", "landlord", "group_buy"
]
SiteKind = Literal["task", "stock", "loan", "claim", "cancel", "law"]
Rate = Annotated[float, Field(ge=0)]
Ages = Annotated[str, Field(pattern=r"^\d{1,3}-\d{1,3}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RhythmIn(_Strict):
    """Activity by local hour and what is left of it at weekends."""

    hours: tuple[float, ...] = Field(min_length=24, max_length=24)
    weekend: float = Field(default=1.0, ge=0)

    @property
    def rhythm(self) -> Rhythm:
        return Rhythm(self.hours, self.weekend)


class Coverage(_Strict):
    """Share of residents of whom a stream knows anything."""

    visit: Share = Field(ge=0, le=1)
    app: Share = Field(ge=0, le=1)
    subject: Share = Field(ge=0, le=1)
    text: Share = Field(ge=0, le=1)
    chat: Share = Field(ge=0, le=1)


class Calls(_Strict):
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


class Trades(_Strict):
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


class Texts(_Strict):
    """Texts a day and resident by rule of the grammar."""

    per_day: Mapping[Official, Rate]
    personal: Mapping[Personal, Rate]
    chats_per_day: float = Field(ge=0)
    evading_adverts: Share = Field(ge=0, le=1)


class Net(_Strict):
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


class Money(_Strict):
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


class Step(_Strict):
    """One thing a scammer does or makes a victim do.

    `after` is median minutes and log-spread since the step before; `while_talking` keeps the call
    before it open until this step is done. A step may be repeated `times` with `every` between.
    """

    stage: Stage
    do: Verb
    after: Pair = (5.0, 0.6)
    chance: Share = Field(default=1.0, ge=0, le=1)
    times: tuple[int, int] = (1, 1)
    every: Pair = (8.0, 0.6)
    while_talking: bool = False
    origin: tuple[Origin, ...] = ()
    body: str | None = None
    site: SiteKind | None = None
    app: str | None = None
    action: str | None = None
    talk: Pair = (4.0, 0.6)
    yuan: Pair | None = None
    share: Pair | None = None
    grows: float = Field(default=1.0, ge=1)
    payees: Literal["new", "one", "corporate"] = "new"

    @model_validator(mode="after")
    def _complete(self) -> Step:
        needed = {
            "text": ("body", "origin"),
            "chat": ("body",),
            "call": ("origin",),
            "visit": ("site",),
            "install": ("app",),
            "app": ("app", "action"),
            "account": ("action",),
            "rebate": ("yuan",),
            "loan": ("share",),
            "gather": ("share",),
        }
        missing = [name for name in needed.get(self.do, ()) if not getattr(self, name)]
        if self.do == "pay" and (self.yuan is None) == (self.share is None):
            missing.append("yuan or share")
        if missing:
            raise ValueError(f"the verb {self.do} needs {missing}")
        if self.do == "app" and (self.app, self.action) != ("bank", "foreground"):
            raise ValueError("the verb app brings the bank's app to the foreground, nothing else")
        if self.do == "account" and self.action not in ACCOUNT_ACTIONS:
            raise ValueError(f"an account has no action {self.action}")
        return self


class Script(_Strict):
    """One type of scam: how often it is played, on whom, who gives up where, and its steps."""

    weight: float = Field(ge=0)
    ages: Mapping[Ages, Rate]
    goes_on: Mapping[Stage, Share]
    hours: tuple[int, int]
    cold_texts: str
    cold_calls: tuple[Origin, ...]
    sites: Mapping[SiteKind, tuple[str, ...]]
    apps: Mapping[str, tuple[str, ...]]
    steps: tuple[Step, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ordered(self) -> Script:
        order = [STAGES.index(step.stage) for step in self.steps]
        if order != sorted(order):
            raise ValueError("the steps of a script stand in the order of its stages")
        if order[0] != 0:
            raise ValueError("a script begins with contact")
        for step in self.steps:
            if step.site is not None and step.site not in self.sites:
                raise ValueError(f"the site {step.site} is not among the script's sites")
            if step.do == "install" and step.app not in self.apps:
                raise ValueError(f"the app {step.app} is not among the script's apps")
        return self


class Scams(_Strict):
    """How many scams are played and with what tools.

    Nothing is played in the first `quiet_hours`. `staged` scams are for people who watch: all types
    in turn, one after another at an even pace and at any hour, each to its end, on residents whom
    every stream knows.
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
    scripts: Mapping[str, Script]

    @model_validator(mode="after")
    def _known(self) -> Scams:
        if unknown := sorted(set(self.scripts) - set(SCAM_TYPES)):
            raise ValueError(f"unknown scam types {unknown}")
        return self


class Den(_Strict):
    """One den of GoIP gateways: cards rotate through devices, each under a daily cap of calls."""

    residents_per_card: int = Field(gt=0)
    least_cards: int = Field(ge=4)
    cards_per_device: int = Field(gt=0)
    cells: int = Field(gt=0)
    spells: Pair
    calls_a_spell: tuple[int, int]
    gap_s: Pair
    answered: Share = Field(ge=0, le=1)
    own_calls: Share = Field(ge=0, le=1)


class Mules(_Strict):
    """Accounts that pass money on: two layers, then out."""

    per_gang: tuple[int, int]
    stay_minutes: tuple[Pair, Pair]
    split: tuple[tuple[int, int], tuple[int, int]]
    exits: Mapping[Literal["cash", "merchant", "wallet"], Share]
    resident: Share = Field(ge=0, le=1)
    new: Share = Field(ge=0, le=1)
    shared_device: Share = Field(ge=0, le=1)
    fee: Share = Field(ge=0, le=0.2)


class Behaviour(_Strict):
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
    den: Den
    mules: Mules

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
    """Read a behaviour file; `extends: FILE` takes another one beside it and overlays this one."""
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
    return read if parent is None else _over(_read(path.parent / parent, (*seen, path)), read)


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
