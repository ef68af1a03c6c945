"""Everyday money: wages, shopping, rent, red packets, school fees, savings, large purchases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from fanzha.city.behaviour import Behaviour
from fanzha.city.drafts import PAY_CHANNELS, STATUSES, Drafts
from fanzha.city.firms import Firms
from fanzha.city.life.registry import Registry, address
from fanzha.city.people import FRIENDS, People
from fanzha.city.rhythm import HOUR, MINUTE, SECOND, Floats, Ints, Span, local_day, lognormal
from fanzha.city.world import World

CHANNEL = {name: place for place, name in enumerate(PAY_CHANNELS)}
ASKED, BOOKED, REFUSED = (STATUSES.index(name) for name in ("asked", "booked", "refused"))
_MEMOS = (
    "",
    "",
    "",
    "转账",
    "货款",
    "生活费",
    "房租",
    "还款",
    "学费",
    "红包",
    "团购",
    "押金",
    "装修",
    "工资",
    "往来款",
    "报销",
)


@dataclass(slots=True)
class Money:
    """Writes transfers; everybody's, a scammer's too, pass through `pay`."""

    world: World
    span: Span
    drafts: Drafts
    people: People
    behaviour: Behaviour
    device_of: Ints
    """Device each account is operated from; −1: none known."""
    memos: pa.Array

    def pay(
        self,
        payer: Ints,
        payee: Ints,
        fen: Ints,
        at: Ints,
        channel: str,
        rng: np.random.Generator,
        *,
        refused: float | None = None,
        incident: Ints | int = -1,
        role: Ints | int = -1,
    ) -> Ints:
        """Movements booked at `at`; returns their status. Large ones are asked for before.

        Which institutions send the question is a habit of theirs; some answers are no.
        """
        n = len(at)
        money = self.behaviour.money
        asks = (fen >= money.asked_over_yuan * 100) & (channel in ("mobile", "web"))
        asks &= self.world.accounts.bank[payer] < money.asked_institutions
        asks &= self.world.accounts.bank[payer] >= 0
        share = money.refused if refused is None else refused
        status = np.where(asks & (rng.random(n) < share), REFUSED, BOOKED)
        device = np.where(CHANNEL[channel] in (0, 1, 5), self.device_of[payer], -1)
        columns = {
            "payer": payer,
            "payee": payee,
            "payer_name": np.where(channel in ("qr", "pos", "atm"), -1, payer),
            "payee_name": np.where(channel in ("qr", "pos", "atm"), -1, payee),
            "amount_fen": fen,
            "channel": np.full(n, CHANNEL[channel]),
            "device": device,
            "ip": np.where(device >= 0, address(device, rng), -1),
        }
        memo = self.memos.take(pa.array(rng.integers(len(self.memos), size=n)))
        tags = {"incident": _full(incident, n), "role": _full(role, n)}
        self.drafts.add(at, **tags, **columns, status=status, memo=memo)
        rows = np.flatnonzero(asks)
        before = at[rows] - (lognormal(rng, len(rows), 12, 0.7, 2, 150) * SECOND).astype(np.int64)
        self.drafts.add(
            before,
            **{name: tag[rows] for name, tag in tags.items()},
            **{name: column[rows] for name, column in columns.items()},
            status=ASKED,
            memo=memo.take(pa.array(rows)),
        )
        return status


def _full(value: Ints | int, n: int) -> Ints:
    return np.full(n, value) if isinstance(value, int) else value


def memo_pool() -> pa.Array:
    return pa.array([memo or None for memo in _MEMOS], pa.string())


def everyday_money(money: Money, firms: Firms, registry: Registry) -> None:
    """All benign transfers of the stretch."""
    _shopping(money, firms)
    _wages(money, firms)
    _between_people(money)
    _bills(money, firms)
    _trade_accounts(money, firms)
    _large(money, firms, registry)


def habit(
    money: Money, name: str, rate: float, curve: str, who: Ints | None = None
) -> tuple[np.random.Generator, Ints, Ints]:
    """Payers and instants of a habit of `rate` a day and adult."""
    rng = money.world.chance(f"money.{name}")
    able = np.flatnonzero(money.people.age >= 16) if who is None else who
    rhythm = money.behaviour.rhythm(curve)
    n = int(rng.poisson(rate * len(able) * money.span.amount(rhythm))) if len(able) else 0
    payers = able[rng.integers(max(1, len(able)), size=n)] if n else np.empty(0, np.int64)
    return rng, payers, money.span.draw(rng, n, rhythm)


def fen(yuan: Floats) -> Ints:
    return np.maximum(1, np.round(yuan * 100)).astype(np.int64)


def _odd(rng: np.random.Generator, yuan: Floats, whole: float) -> Ints:
    """Sums in fen; this share of them in whole yuan, some of those round."""
    plain = rng.random(len(yuan))
    rounded = np.where(plain < whole, np.ceil(yuan), yuan)
    tens = np.where(yuan > 500, 100.0, 10.0)
    return fen(np.where(plain < whole * 0.5, np.ceil(yuan / tens) * tens, rounded))


def _shopping(money: Money, firms: Firms) -> None:
    settings, people = money.behaviour.money, money.people
    rng, who, at = habit(money, "groceries", settings.groceries, "shops")
    by_wallet = rng.random(len(who)) < 0.6
    payer = np.where(by_wallet, people.wallet[who], people.account[who])
    amount = _odd(rng, lognormal(rng, len(who), 26, 0.9, 1, 3_000), 0.4)
    shop = firms.merchants[rng.integers(len(firms.merchants), size=len(who))]
    money.pay(payer, shop, amount, at, "qr", rng)
    rng, who, at = habit(money, "tills", settings.groceries * 0.12, "shops")
    amount = _odd(rng, lognormal(rng, len(who), 160, 1.1, 5, 40_000), 0.3)
    till = firms.tills[rng.integers(len(firms.tills), size=len(who))]
    money.pay(people.account[who], till, amount, at, "pos", rng)
    rng, who, at = habit(money, "cash", settings.cash, "life")
    amount = np.ceil(lognormal(rng, len(who), 900, 0.9, 100, 20_000) / 100).astype(np.int64)
    machine = firms.machines[rng.integers(len(firms.machines), size=len(who))]
    money.pay(people.account[who], machine, amount * 10_000, at, "atm", rng)
    rng, who, at = habit(money, "refunds", settings.refunds, "life")
    amount = _odd(rng, lognormal(rng, len(who), 45, 1.0, 1, 3_000), 0.3)
    shop = firms.merchants[rng.integers(len(firms.merchants), size=len(who))]
    money.pay(shop, people.account[who], amount, at, "web", rng)
    rng, who, at = habit(money, "top-up", settings.top_up, "life")
    amount = _odd(rng, lognormal(rng, len(who), 300, 0.9, 10, 8_000), 0.9)
    money.pay(people.account[who], people.wallet[who], amount, at, "mobile", rng)
    rng, who, at = habit(money, "crypto", settings.crypto, "evening")
    amount = _odd(rng, lognormal(rng, len(who), 900, 1.2, 50, 60_000), 0.6)
    wallet = firms.wallets[rng.integers(len(firms.wallets), size=len(who))]
    money.pay(people.account[who], wallet, amount, at, "web", rng)


def _wages(money: Money, firms: Firms) -> None:
    """Employers pay on their day of the month; gigs are paid when done."""
    habits, rng = money.world.rng("money.employers"), money.world.chance("money.wages")
    people = money.people
    wages = money.behaviour.money.wages
    earning = np.flatnonzero((people.salary > 0) & (habits.random(people.n) < wages))
    employer = habits.integers(len(firms.employers), size=people.n)
    payday = habits.integers(1, 29, size=len(firms.employers))
    hour = habits.integers(8, 18, size=len(firms.employers))
    for morning in money.span.mornings():
        day = local_day(np.array([morning])).astype("datetime64[D]")
        in_month = int((day - day.astype("datetime64[M]"))[0].astype(np.int64)) + 1
        paid = earning[payday[employer[earning]] == in_month]
        at = morning + hour[employer[paid]] * HOUR + rng.integers(20 * MINUTE, size=len(paid))
        now = money.span.holds(at)
        paid, at = paid[now], at[now]
        amount = fen(
            np.round(people.salary[paid] * np.exp(0.1 * rng.standard_normal(len(paid))), 2)
        )
        money.pay(
            firms.employers[employer[paid]], people.account[paid], amount, at, "web", rng,
            refused=0.0,
        )  # fmt: skip
    workers = people.of_trade("courier", "driver", "shop")
    rng, who, at = habit(money, "gigs", money.behaviour.money.gig_pay, "evening", workers)
    amount = fen(np.round(lognormal(rng, len(who), 210, 0.5, 20, 2_000), 2))
    few = firms.employers[rng.integers(4, size=len(who))]
    money.pay(few, people.account[who], amount, at, "web", rng, refused=0.0)


def _between_people(money: Money) -> None:
    """Red packets, debts among friends, rent, group purchases, own accounts."""
    settings, people = money.behaviour.money, money.people
    festive = 1.0
    if settings.festival_days:
        hit = [d for d in settings.festival_days if d < money.span.days]
        festive += (settings.festival_factor - 1.0) * len(hit) / max(1.0, money.span.days)
    kin_line = np.full(money.world.lines.groups.count, -1)
    kin_line[people.line] = np.arange(people.n)
    for name, rate, median, spread in (
        ("red", settings.red_packets * festive, 30, 1.1),
        ("friends", settings.friends, 160, 1.3),
    ):
        rng, who, at = habit(money, name, rate, "evening")
        friend = kin_line[people.friends[who, rng.integers(FRIENDS - 2, size=len(who))]]
        keep = (friend >= 0) & (friend != who)
        who, at, friend = who[keep], at[keep], friend[keep]
        amount = _odd(rng, lognormal(rng, len(who), median, spread, 1, 60_000), 0.85)
        by_wallet = rng.random(len(who)) < (0.8 if name == "red" else 0.5)
        payer = np.where(by_wallet, people.wallet[who], people.account[who])
        payee = np.where(by_wallet, people.wallet[friend], people.account[friend])
        money.pay(payer, payee, amount, at, "mobile", rng)
    for trade, rate, median, curve in (
        ("landlord", 0.9, 1_900, "evening"),
        ("organiser", 14, 62, "evening"),
    ):
        holders = people.of_trade(trade)
        rng, owner, at = habit(money, trade, rate, curve, holders)
        payer = rng.integers(people.n, size=len(owner))
        payer = np.where(people.age[payer] >= 18, payer, people.kin[payer])
        keep = payer != owner
        amount = _odd(rng, lognormal(rng, len(owner), median, 0.4, 5, 12_000), 0.8)[keep]
        at, owner, payer = at[keep], owner[keep], payer[keep]
        money.pay(people.account[payer], people.account[owner], amount, at, "mobile", rng)
    moving = np.flatnonzero(people.second_account >= 0)
    rng, who, at = habit(money, "savings", settings.savings, "evening", moving)
    amount = _odd(rng, lognormal(rng, len(who), 2_500, 1.1, 50, 200_000), 0.8)
    back = rng.random(len(who)) < 0.5
    first, second = people.account[who], people.second_account[who]
    money.pay(
        np.where(back, second, first), np.where(back, first, second), amount, at, "mobile", rng
    )


def _bills(money: Money, firms: Firms) -> None:
    settings, people = money.behaviour.money, money.people
    kinds = {o.key: o.kind for o in money.world.organisations}
    billers = [firms.account_of[k] for k, kind in kinds.items() if kind in ("utility", "carrier")]
    schools = [firms.account_of[k] for k, kind in kinds.items() if kind in ("school", "hospital")]
    for name, rate, payees, median in (
        ("bills", settings.bills, billers, 95),
        ("fees", settings.bills * 0.12, schools, 620),
    ):
        rng, who, at = habit(money, name, rate, "life")
        amount = _odd(rng, lognormal(rng, len(who), median, 0.8, 10, 30_000), 0.4)
        payee = np.array(payees)[rng.integers(len(payees), size=len(who))]
        money.pay(people.account[who], payee, amount, at, "mobile", rng)


def _trade_accounts(money: Money, firms: Firms) -> None:
    """Accounts that collect and empty quickly for honest reasons."""
    rng = money.world.chance("money.trade")
    people = money.people
    for trade, times, median in (
        ("organiser", 1.0, 850),
        ("shop", 1.2, 1_500),
        ("driver", 0.3, 400),
    ):
        holders = people.of_trade(trade)
        local, who, at = habit(money, f"supply.{trade}", times, "evening", holders)
        amount = _odd(local, lognormal(local, len(who), median, 0.7, 50, 60_000), 0.6)
        supplier = firms.sellers[local.integers(len(firms.sellers), size=len(who))]
        money.pay(people.account[who], supplier, amount, at, "mobile", local)
    for morning in money.span.mornings():
        busy = firms.merchants[rng.random(len(firms.merchants)) < 0.7]
        at = morning + 22 * HOUR + rng.integers(110 * MINUTE, size=len(busy))
        now = money.span.holds(at)
        busy, at = busy[now], at[now]
        amount = fen(np.round(lognormal(rng, len(busy), 1_800, 0.9, 50, 80_000), 2))
        owner = firms.sellers[busy % len(firms.sellers)]
        money.pay(busy, owner, amount, at, "web", rng, refused=0.0)


def _large(money: Money, firms: Firms, registry: Registry) -> None:
    """Houses, cars, weddings, loans to relatives: much money to somebody new, asked for first."""
    rng, who, at = habit(money, "large", money.behaviour.money.large, "office")
    people = money.people
    keep = people.age[who] >= 22
    who, at = who[keep], at[keep]
    n = len(who)
    wanted = lognormal(rng, n, 18_000, 1.0, 4_000, 900_000)
    amount = fen(np.minimum(wanted, people.savings[who] * (0.3 + 0.65 * rng.random(n))))
    round_up = rng.random(n) < 0.7
    amount = np.where(round_up, np.maximum(amount // 100_000, 1) * 100_000, amount)
    payee = firms.outsiders[rng.integers(len(firms.outsiders), size=n)]
    registry.act(people.account[who], at - rng.integers(40, 900, size=n) * SECOND, "add_payee", rng)
    money.pay(people.account[who], payee, amount, at, "mobile", rng)
    again = rng.random(n) < 0.3
    later = at + (lognormal(rng, n, 60, 1.0, 3, 900) * MINUTE).astype(np.int64)
    money.pay(people.account[who][again], payee[again], amount[again], later[again], "mobile", rng)
