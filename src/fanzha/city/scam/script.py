"""What a scam is made of: types, stages, and the steps of a script, read from data and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fanzha.city.drafts import ACCOUNT_ACTIONS, PAY_CHANNELS

Share = float
Pair = tuple[float, float]
Rate = Annotated[float, Field(ge=0)]
Ages = Annotated[str, Field(pattern=r"^\d{1,3}-\d{1,3}$")]
Stage = Literal["contact", "trust", "operation", "transfer"]
STAGES: tuple[Stage, ...] = ("contact", "trust", "operation", "transfer")
SCAM_TYPES = (
    "SD01", "TZ01", "DK01", "KF01", "ZX02", "GJF01",
    "SD02", "SD05", "TZ02", "TZ03", "DK02", "DK04", "ZX01", "KF02", "KF03", "GJF04", "GJF07",
    "GJF10", "LD01", "LD02", "LD03", "JJ01", "GW01", "GW03", "YX01", "JY01", "LL01", "LL04",
    "ZJ01", "ZP02", "XQ01", "SH04",
)  # fmt: skip
"""Types that can be played (domain reference, C3); incidents hold a place in this list."""
Origin = Literal[
    "overseas", "voip", "spoofed", "malformed", "goip", "port", "outer", "modem", "base_station"
]
"""`goip`: a line of one of the dens; `modem`: a card of the modem pool; `base_station`: the filed
number of an organisation, shown by a false base station."""
Verb = Literal[
    "text", "chat", "call", "visit", "install", "app", "share", "forward", "account", "code",
    "rebate", "loan", "gather", "relay", "pay",
]  # fmt: skip
"""`code`: the bank's one-time code comes to the victim. `relay`: money of others passes through the
victim's account."""
SiteKind = Literal[
    "task", "stock", "loan", "claim", "cancel", "law", "gift", "coin", "card", "gov", "guard",
    "shop", "second", "game", "date", "prize", "bank", "job",
]  # fmt: skip


class Strict(BaseModel):
    """Data that may hold nothing unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(Strict):
    """One thing a scammer does or makes a victim do.

    `after` is median minutes and log-spread since the step before; `while_talking` keeps the call
    before it open until this step is done. A step may be repeated `times` with `every` between.
    A sum is `yuan` (low, high), one of `sums`, or a `share` of what the victim has. `own` is whose
    money is paid: the victim's account, or the company's the victim works for.
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
    sums: tuple[float, ...] = ()
    share: Pair | None = None
    grows: float = Field(default=1.0, ge=1)
    payees: Literal["new", "one", "corporate", "wallet"] = "new"
    channel: str = "mobile"
    own: Literal["victim", "company"] = "victim"

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
            "relay": ("yuan",),
            "loan": ("share",),
            "gather": ("share",),
        }
        missing = [name for name in needed.get(self.do, ()) if not getattr(self, name)]
        given = (self.yuan is not None) + (self.share is not None) + bool(self.sums)
        if self.do == "pay" and given != 1:
            missing.append("yuan, sums or share")
        if missing:
            raise ValueError(f"the verb {self.do} needs {missing}")
        if self.do == "app" and (self.app, self.action) != ("bank", "foreground"):
            raise ValueError("the verb app brings the bank's app to the foreground, nothing else")
        if self.do == "account" and self.action not in ACCOUNT_ACTIONS:
            raise ValueError(f"an account has no action {self.action}")
        if self.channel not in PAY_CHANNELS:
            raise ValueError(f"money has no channel {self.channel}")
        return self


class Script(Strict):
    """One type of scam: how often it is played, on whom, who gives up where, and its steps.

    `hours` may run past midnight (20 to 26). `cold_from` is where its waves of texts come from.
    """

    weight: float = Field(ge=0)
    ages: Mapping[Ages, Rate]
    goes_on: Mapping[Stage, Share]
    hours: tuple[int, int]
    cold_texts: str
    cold_calls: tuple[Origin, ...] = ()
    cold_from: tuple[Origin, ...] = ("port", "outer", "overseas")
    sites: Mapping[SiteKind, tuple[str, ...]] = Field(default_factory=dict)
    apps: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
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
