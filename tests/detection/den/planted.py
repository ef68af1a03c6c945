"""A small invented town with four styles of den in it, and honest places that look like dens."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from fanzha.detection.arrays import frame_of
from fanzha.values import reserved
from tests.detection.streams import admitted

__all__ = ["Town"]

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
START = 1_795_132_800_000 - 5 * DAY
"""A Sunday, 08:00 in China."""
GATEWAY = reserved.tac(777)


class Town:
    """Records of five days. Each method plants one place and gives the numbers of its cards."""

    def __init__(self, seed: int = 1) -> None:
        self.rng = np.random.default_rng(seed)
        self.calls: list[dict[str, Any]] = []
        self.texts: list[dict[str, Any]] = []
        self.lines: list[dict[str, Any]] = []
        self._number = self._event = 0
        self._imei = 0

    def numbers(self, count: int) -> list[str]:
        self._number += count
        return [reserved.mobile(n) for n in range(self._number - count, self._number)]

    def stranger(self) -> str:
        return reserved.mobile(50_000_000 + int(self.rng.integers(0, 900_000)))

    def device(self, tac: str | None = None) -> str:
        """One handset, far from the serials of others; of a type when that is given."""
        self._imei += 1
        return reserved.imei((7_919 * self._imei) % 900_000, tac or reserved.tac(self._imei % 40))

    def call(self, at: float, caller: str, callee: str, talk_s: float, **columns: Any) -> None:
        self._event += 1
        ended = START + int(at) + int(1000 * talk_s)
        self.calls.append(
            {"event_id": self._event, "source": "town", "at": _when(ended), "phase": "end",
             "call_id": self._event, "caller": caller, "callee": callee, "talk_s": talk_s,
             "ring_s": 0.0, "answered": talk_s > 0, **columns}
        )  # fmt: skip

    def text(self, at: float, sender: str, recipient: str, body: str, **columns: Any) -> None:
        self._event += 1
        self.texts.append(
            {"event_id": self._event, "source": "town", "at": _when(START + int(at)),
             "sender": sender, "recipient": recipient, "body": body, "channel": "sms", **columns}
        )  # fmt: skip

    def opened(self, at: float, number: str, outlet: str, product: str = "phone") -> None:
        self._event += 1
        self.lines.append(
            {"event_id": self._event, "source": "town", "at": _when(START + int(at)),
             "number": number, "action": "activate", "outlet": outlet, "product": product}
        )  # fmt: skip

    # -- dens

    def goip(self, cell: int, ports: int = 4, cards: int = 4) -> list[str]:
        """A gateway: ports with serials in a row, each changing its cards; strangers, by day."""
        mine = self.numbers(ports * cards)
        devices = [reserved.imei(1_000 * cell + p, GATEWAY) for p in range(ports)]
        for n, number in enumerate(mine):
            self.opened(-3 * DAY + n * MINUTE, number, f"outlet-{cell}")
        for day in range(3):
            for port in range(ports):
                at = float(day * DAY + HOUR + port * 7_000)
                for n in range(12 * cards):
                    number = mine[port * cards + n // 12]
                    talk = float(self.rng.uniform(8, 70))
                    self.call(at, number, self.stranger(), talk, caller_cell=self.near(cell),
                              caller_imei=devices[port])  # fmt: skip
                    at += 1000 * talk + self.rng.uniform(2_000, 9_000)
        return mine

    def sim_box(self, cells: tuple[int, ...], cards: int = 16) -> list[str]:
        """A box that takes its cards through the same cells, a forged device each, one at a time,
        and has them ring each other."""
        mine = self.numbers(cards)
        devices = [self.device() for _ in mine]
        for day in range(3):
            at = float(day * DAY)
            for hour in range(6):
                where = reserved.cell(1, cells[(6 * day + hour) % len(cells)])
                for n in range(3 * cards):
                    card = n % cards
                    here = {"caller_cell": where, "caller_imei": devices[card]}
                    talk = float(self.rng.uniform(5, 40))
                    self.call(at, mine[card], self.stranger(), talk, **here)
                    at += 1000 * talk + 4_000
                    if n % 12 == 0:
                        sister = mine[(card + 5) % cards]
                        self.call(at, mine[card], sister, 6.0, callee_cell=where, **here)
                        at += 9_000
                at = day * DAY + (hour + 1) * 1.5 * HOUR
        return mine

    def modem_pool(self, cell: int | None, cards: int = 12) -> list[str]:
        """Cards that take codes for others; a voice code now and then tells where they are."""
        mine = self.numbers(cards)
        for n, number in enumerate(mine):
            self.opened(-9 * DAY + 2 * n * MINUTE, number, "outlet-pool")
        for day in range(3):
            for wave in range(14):
                sender = reserved.port(int(self.rng.integers(0, 12)))
                at = day * DAY + wave * 40 * MINUTE
                for n, number in enumerate(mine):
                    body = f"【某某网】验证码 {self.rng.integers(1000, 999999):06d}，请勿告诉他人"
                    self.text(at + 3_000 * n, sender, number, body)
                if cell is not None:
                    self.call(at + 10 * MINUTE, reserved.service(40), mine[wave % cards], 20.0,
                              callee_cell=self.near(cell))  # fmt: skip
        return mine

    def phone_bridge(self, cell: int) -> list[str]:
        """Two phones and a cable: one is called from abroad, the other calls people here."""
        bridge, caller = self.numbers(2)
        handset = {"caller_imei": self.device(), "caller_cell": reserved.cell(1, cell)}
        for day in range(3):
            for spell in range(4):
                at = day * DAY + (1 + 2 * spell) * HOUR
                self.call(at, reserved.overseas(900 + day), bridge, 1_200.0,
                          callee_cell=reserved.cell(1, cell))  # fmt: skip
                for n in range(4):
                    talk = float(self.rng.uniform(60, 220))
                    self.call(at + (20 + 290 * n) * 1000, caller, self.stranger(), talk, **handset)
        return [bridge, caller]

    def hidden(self, cell: int, cards: int = 12, gap_s: tuple[float, float] = (4, 16)) -> list[str]:
        """Cards in forged devices of many makes, opened here and there, taken up in no order; some
        of the people called call back, and advertisers write."""
        mine = self.numbers(cards)
        devices = [self.device() for _ in mine]
        for n, number in enumerate(mine):
            self.opened(-60 * DAY + 3 * n * DAY, number, f"outlet-{cell}-{n}")
            at = float(self.rng.uniform(0, DAY))
            for spell in range(4):
                for _ in range(int(self.rng.integers(7, 13))):
                    talk, who = float(self.rng.uniform(5, 90)), self.stranger()
                    self.call(at, number, who, talk, caller_cell=self.near(cell),
                              caller_imei=devices[n])  # fmt: skip
                    if self.rng.random() < 0.05:
                        self.call(at + HOUR, who, number, 0.0)
                    at += 1000 * (talk + self.rng.uniform(*gap_s))
                at = spell * 0.7 * DAY + float(self.rng.uniform(0.3, 1) * DAY)
            self.text(at, reserved.port(900), number, "周末特惠，全场八折")
        return mine

    # -- honest places

    def residents(self, count: int, cells: int = 60) -> list[str]:
        """People between home and work who call and write to whom they know."""
        mine = self.numbers(count)
        homes, works = self.rng.integers(1_000, 1_000 + cells, (2, count))
        for n, number in enumerate(mine):
            device = self.device()
            for _ in range(int(self.rng.integers(6, 26))):
                at = self.rng.uniform(0, 3 * DAY)
                cell = (works if self.rng.random() < 0.5 else homes)[n]
                friend = mine[(n + int(self.rng.integers(1, 9))) % count]
                self.call(at, number, friend, float(self.rng.exponential(80)), caller_imei=device,
                          caller_cell=reserved.cell(1, int(cell)))  # fmt: skip
                self.text(at + HOUR, friend, number, "晚上一起吃饭吗")
        return mine

    def taxis(self, cars: int = 14) -> list[str]:
        """Phones bought together, serials in a row, opened in one hour: they call riders, are
        called by riders, and move."""
        mine = self.numbers(cars)
        for n, number in enumerate(mine):
            self.opened(-5 * DAY + n * MINUTE, number, "outlet-taxi")
            for ride in range(40):
                at, rider = ride * 1.5 * HOUR + n * MINUTE, self.stranger()
                cell = reserved.cell(1, 2_000 + int(self.rng.integers(0, 80)))
                self.call(at, number, rider, float(self.rng.uniform(8, 30)), caller_cell=cell,
                          caller_imei=reserved.imei(400_000 + n, reserved.tac(50)))  # fmt: skip
                if ride % 4 == 0:
                    self.call(at + 3 * MINUTE, rider, number, 12.0, callee_cell=cell)
        return mine

    def school(self, cell: int, teachers: int = 20) -> list[str]:
        """Teachers in one cell who call parents, and whom parents call and write to."""
        mine = self.numbers(teachers)
        for n, number in enumerate(mine):
            device = self.device()
            for parent in range(30):
                at, who = (
                    self.rng.uniform(0, 3 * DAY),
                    reserved.mobile(60_000_000 + 40 * n + parent),
                )
                self.call(at, number, who, float(self.rng.uniform(30, 200)), caller_imei=device,
                          caller_cell=reserved.cell(1, cell))  # fmt: skip
                if parent % 3 == 0:
                    self.call(at + HOUR, who, number, 90.0, callee_cell=reserved.cell(1, cell))
                self.text(at + 2 * HOUR, who, number, "老师好，孩子今天请假")
        return mine

    def dormitory(self, cell: int, students: int = 40) -> list[str]:
        """Students whose cards were opened at one counter in one hour; they hardly call."""
        mine = self.numbers(students)
        for n, number in enumerate(mine):
            self.opened(-20 * DAY + n * 30_000, number, "outlet-campus")
            for k in range(6):
                at = self.rng.uniform(0, 3 * DAY)
                here = {"caller_imei": self.device(), "caller_cell": reserved.cell(1, cell)}
                self.call(at, number, mine[(n + k + 1) % students], 50.0, **here)
                sender = reserved.port(100 + k)
                self.text(at, sender, number, f"验证码 {self.rng.integers(1000, 9999)}")
        return mine

    def filed_centre(self, lines: int = 10) -> list[str]:
        """A call centre that shows its filed service numbers."""
        mine = [reserved.service(n) for n in range(20, 20 + lines)]
        for number in mine:
            for n in range(60):
                self.call(n * 9 * MINUTE, number, self.stranger(), 25.0)
        return mine

    def sales_office(self, cell: int, desks: int = 10) -> list[str]:
        """Mobiles on desks that call people never met, but are called back and written to."""
        mine = self.numbers(desks)
        for number in mine:
            device = self.device()
            for n in range(60):
                at, who = n * 25 * MINUTE + self.rng.uniform(0, HOUR), self.stranger()
                self.call(at, number, who, float(self.rng.uniform(20, 300)), caller_imei=device,
                          caller_cell=reserved.cell(1, cell))  # fmt: skip
                if n % 7 == 0:
                    self.call(at + HOUR, who, number, 120.0, callee_cell=reserved.cell(1, cell))
                    self.text(at + HOUR, who, number, "请把报价发给我")
        return mine

    def cold_callers(self, cell: int, desks: int = 10) -> list[str]:
        """A firm whose people only call out, and whom hardly anybody calls back or writes to."""
        mine = self.numbers(desks)
        for number in mine:
            device = self.device()
            for day in range(3):
                at = day * DAY + HOUR + self.rng.uniform(0, HOUR)
                for n in range(40):
                    talk, who = float(self.rng.uniform(15, 150)), self.stranger()
                    self.call(at, number, who, talk, caller_imei=device,
                              caller_cell=reserved.cell(1, cell))  # fmt: skip
                    if n % 20 == 0:
                        self.call(at + HOUR, who, number, 60.0)
                    at += 1000 * (talk + self.rng.uniform(20, 400))
        return mine

    def meters(self, cell: int, count: int = 50) -> list[str]:
        """Meters of one make on one gateway that report to one port."""
        mine = [reserved.iot(1_000 * cell + n) for n in range(count)]
        for n, number in enumerate(mine):
            self.opened(-30 * DAY + n * 20_000, number, "outlet-water", "iot")
            for day in range(3):
                self.text(day * DAY + n * 1_000, number, reserved.port(5), "0042", sender_imei=
                          reserved.imei(600_000 + n, reserved.tac(60)),
                          sender_cell=reserved.cell(1, cell))  # fmt: skip
                self.call(day * DAY + n * 1_000, number, reserved.fixed(9), 3.0,
                          caller_cell=reserved.cell(1, cell))  # fmt: skip
        return mine

    def family(self, cell: int) -> list[str]:
        """Five cards that pass through one old handset at home."""
        mine, device = self.numbers(5), self.device()
        for n, number in enumerate(mine):
            for k in range(12):
                who = mine[(n + 1) % 5] if k % 2 else reserved.mobile(70_000_000 + k)
                self.call(k * 5 * HOUR + n * HOUR, number, who, 100.0, caller_imei=device,
                          caller_cell=reserved.cell(1, cell))  # fmt: skip
        return mine

    def couriers(self, count: int = 8) -> list[str]:
        """From door to door: strangers all day, short, and called back."""
        mine = self.numbers(count)
        for number in mine:
            device = self.device()
            for n in range(70):
                at, who = n * 12 * MINUTE, self.stranger()
                cell = reserved.cell(1, 3_000 + n // 4)
                self.call(at, number, who, float(self.rng.uniform(5, 30)), caller_cell=cell,
                          caller_imei=device)  # fmt: skip
                if n % 6 == 0:
                    self.call(at + 5 * MINUTE, who, number, 15.0, callee_cell=cell)
        return mine

    # -- records

    def near(self, cell: int) -> str:
        """The cell, or now and then one of its two neighbours."""
        return reserved.cell(1, cell + int(self.rng.choice([0, 0, 0, 0, 1, 2])))

    def frames(
        self, *without: str
    ) -> tuple[pl.DataFrame, pl.DataFrame | None, pl.DataFrame | None]:
        """Calls, lines, texts as the door admits them; columns named in `without` left out."""

        def made(stream: str, rows: list[dict[str, Any]]) -> pl.DataFrame | None:
            kept = [{k: v for k, v in row.items() if k not in without} for row in rows]
            return frame_of(admitted(stream, kept)) if kept else None

        calls = made("call", self.calls)
        assert calls is not None
        return calls, made("line", self.lines), made("text", self.texts)


def _when(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
