"""What a payment's past says of it: the customer's habits, the terminal's outcomes known by then.

All figures look backwards only. Outcomes count once they are known: `lag` seconds after their
payment, a figure a row, so that feedback may be a week late or may have stopped at some day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fanzha.detection.payment.order import DAY, ByKey, runs, typical

__all__ = ["Features", "Payments", "handbook", "of_habits", "of_outcomes"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Features = dict[str, F64]

_GAP = 14 * DAY
"""Marked payments further apart than this belong to two bursts."""
_UNLIKE = (2.5, 3.5)
"""Times the customer's typical amount from which a payment is unlike the customer."""
_EXPLAINED = 0.5
"""A fraud that habits gave this probability speaks of the customer, the others of the terminal."""


@dataclass(frozen=True, eq=False)
class Payments:
    """Rows in order of time. `at` seconds, `amount` yuan, `outcome` 1 fraud, 0 genuine, NaN not
    told. `customer` and `terminal` are codes from 0."""

    at: F64
    customer: I64
    terminal: I64
    amount: F64
    outcome: F64


def of_habits(payments: Payments) -> Features:
    """Figures that need no outcome, in yuan, days, counts and multiples of the typical amount."""
    by = ByKey.of(payments.customer, payments.at)
    amount = payments.amount
    ones = np.ones_like(amount)
    middle, low = typical(by, amount)
    times = amount / np.maximum(middle, 1e-9)
    start, now = by.first[by.place], by.until(0.0)
    past = now - start
    mean = by.sums(amount, start, now) / np.maximum(past, 1)
    variance = by.sums(amount**2, start, now) / np.maximum(past, 1) - mean**2
    found: Features = {
        "amount": amount,
        "customer_typical": middle,
        "customer_times_typical": times,
        "customer_times_low": amount / np.maximum(low, 1e-9),
        "customer_over_typical": amount - middle,
        "customer_deviation": (amount - mean) / np.sqrt(np.maximum(variance, 1e-6)),
        "customer_past": past.astype(np.float64),
    }
    for days in (1, 7, 30):
        begin = by.until(days * DAY)
        count = by.sums(ones, begin, now)
        found[f"customer_count_{days}d"] = count
        found[f"customer_mean_{days}d"] = by.sums(amount, begin, now) / np.maximum(count, 1)
    settled = np.where(np.isnan(times), 1.0, times)
    last = np.maximum(now - 1, 0)
    for bar in _UNLIKE:
        unlike = (settled >= bar).astype(np.float64)
        for days in (1, 3, 7, 14):
            found[f"unlike_{bar:g}_{days}d"] = by.sums(unlike, by.until(days * DAY), now)
        ran = runs(by, unlike, unlike, _GAP)
        for name, when in (("burst", ran.burst), ("last", ran.last)):
            since = by.at - np.where(past == 0, np.nan, when[last])
            found[f"unlike_{bar:g}_since_{name}"] = since / DAY
    return found


def of_outcomes(payments: Payments, lag: F64, expected: F64) -> Features:
    """Figures from outcomes known `lag` seconds after their payment, a figure a row.

    `expected` is the probability of fraud that habits alone gave each payment: a fraud they
    explain says little of the terminal, one they do not explain says much.
    """
    found: Features = {"expected": expected}
    told = ~np.isnan(payments.outcome)
    fraud = np.where(told, payments.outcome, 0.0)
    surprise = fraud * (1.0 - expected)
    explained = expected >= _EXPLAINED
    for name, key in (("terminal", payments.terminal), ("customer", payments.customer)):
        by = ByKey.of(key, payments.at)
        known = by.until(lag)
        for days in (1, 7, 14, 30):
            begin = by.until(lag + days * DAY)
            count = by.sums(told.astype(np.float64), begin, known)
            frauds = by.sums(fraud, begin, known)
            found[f"{name}_fraud_{days}d"] = frauds
            found[f"{name}_share_{days}d"] = frauds / np.maximum(count, 1)
            found[f"{name}_surprise_{days}d"] = by.sums(surprise, begin, known)
        elsewhere = explained if name == "terminal" else ~explained
        marked = np.where((fraud == 1.0) & elsewhere, np.nan, payments.outcome)
        ran = runs(by, marked, 1.0 - expected, _GAP)
        none = known == by.first[by.place]
        last = np.maximum(known - 1, 0)
        for field in ("begun", "before", "last", "burst"):
            when = np.where(none, np.nan, getattr(ran, field)[last])
            found[f"{name}_since_{field}"] = (by.at - when) / DAY
        for field in ("length", "weight", "clear", "burst_length"):
            found[f"{name}_{field}"] = np.where(none, 0.0, getattr(ran, field)[last])
    return found


def handbook(payments: Payments, lag: F64, *, feedback: bool) -> Features:
    """The baseline: the features of the simulator's own handbook (Le Borgne et al., Reproducible
    Machine Learning for Credit Card Fraud Detection, 2022, chapter 3). Windows include the payment
    itself, as there; without feedback, without the terminals' risk."""
    amount = payments.amount
    ones = np.ones_like(amount)
    fraud = np.nan_to_num(payments.outcome)
    day = np.floor(payments.at / DAY)
    found: Features = {
        "amount": amount,
        # 1 January 1970 was a Thursday.
        "weekend": (np.mod(day + 3, 7) >= 5).astype(np.float64),
        "night": (payments.at - day * DAY <= DAY / 4).astype(np.float64),
    }
    customers = ByKey.of(payments.customer, payments.at)
    terminals = ByKey.of(payments.terminal, payments.at)
    for days in (1, 7, 30):
        begin, end = customers.until(days * DAY), customers.place + 1
        count = customers.sums(ones, begin, end)
        found[f"customer_count_{days}d"] = count
        found[f"customer_mean_{days}d"] = customers.sums(amount, begin, end) / count
        begin, end = terminals.until(lag + days * DAY), terminals.until(lag)
        count = terminals.sums(ones, begin, end)
        found[f"terminal_count_{days}d"] = count
        if feedback:
            risk = terminals.sums(fraud, begin, end) / np.maximum(count, 1)
            found[f"terminal_risk_{days}d"] = risk
    return found
