"""Labelled sets that text v1 is measured on, never trained on: how each is read and split."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.text.v1.normal import Normaliser, NormalText

__all__ = ["SETS", "Labelled", "LabelledSet"]

_SHINGLE = 4


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """A file, what its labels mean, which of them are fraud on the reader."""

    name: str
    file: str
    real: str
    fraud: frozenset[str]
    apart: frozenset[str]
    """Labels counted neither way: illegal trade and loan adverts, fraud on the reader or not."""
    meaning: str
    restore: Callable[[str], str]


@dataclass(frozen=True, eq=False)
class Labelled:
    """One set after reading: texts without repeats, each with its label and its half."""

    of: LabelledSet
    texts: tuple[str, ...]
    labels: npt.NDArray[np.str_]
    late: npt.NDArray[np.bool_]
    """In the half kept back while building. Alike texts fall in the same half."""

    @classmethod
    def load(cls, data: Path, which: LabelledSet, normaliser: Normaliser) -> Labelled:
        """Read, put masked numbers back, drop texts that are the same in normal form."""
        table = pl.read_parquet(data / which.file)
        label = table["label"] if "label" in table.columns else table["spam"]
        texts = [which.restore(text) for text in table["text"]]
        normal = normaliser(texts)
        first: dict[str, int] = {}
        for row in range(len(normal)):
            first.setdefault(normal.row(row), row)
        rows = [row for said, row in first.items() if said]
        return cls(
            which,
            tuple(texts[row] for row in rows),
            np.array([str(label[row]) for row in rows]),
            np.array([_late(normal, row) for row in rows]),
        )

    def is_fraud(self) -> npt.NDArray[np.bool_]:
        return np.isin(self.labels, sorted(self.of.fraud))

    def is_apart(self) -> npt.NDArray[np.bool_]:
        return np.isin(self.labels, sorted(self.of.apart))


def _late(normal: NormalText, row: int) -> bool:
    """By the least hash of its stretches of four characters: alike texts mostly share it."""
    said = normal.row(row)
    shingles = {said[k : k + _SHINGLE] for k in range(max(1, len(said) - _SHINGLE + 1))}
    least = min(zlib.crc32(one.encode()) for one in shingles)
    return bool(zlib.crc32(least.to_bytes(4, "little")) & 1)


def _as_is(text: str) -> str:
    return text


_X = re.compile(r"(?<![A-Za-z])x+(?![A-Za-z])")


def _digits_for_x(text: str) -> str:
    return _X.sub(lambda found: "5" * len(found[0]), text)


_PLACEHOLDERS: Mapping[str, str] = {
    "CELLPHONE": "13800000000",
    "HOTLINE": "4008000000",
    "WECHAT": "微信ab1234",
    "PHONE": "02880000000",
    "PLACE": "江城",
    "DIGIT": "5",
    "NAME": "王",
    "BANK": "银行",
    "URL": "http://a.cn/",
    "QQ": "QQ12345678",
}
_PLACEHOLDER = re.compile("|".join(_PLACEHOLDERS) + r"(?=[^A-Z]|$)")


def _entities(text: str) -> str:
    """Stand-ins of the fake-base-station set as something a phone could have shown."""
    return _PLACEHOLDER.sub(lambda found: f" {_PLACEHOLDERS[found[0]]} ", text)


SETS: tuple[LabelledSet, ...] = (
    LabelledSet(
        "sms_zh_spam",
        "sms_zh_spam.parquet",
        "real",
        frozenset({"1"}),
        frozenset(),
        "spam means advert: a label 1 is rarely fraud on the reader",
        _digits_for_x,
    ),
    LabelledSet(
        "sms_fbs",
        "sms_fbs.parquet",
        "real",
        frozenset({"FR_Phishing(Bank)", "FR_Phishing(Other)", "FR_Financial", "FR_Other"}),
        frozenset({"IL_Gambling", "IL_Fake_ID_and_invoice", "IL_Escort_service", "AD_Loan"}),
        "texts of fake base stations: FR_ fraud, IL_ illegal goods, AD_ adverts; entities replaced",
        _entities,
    ),
    LabelledSet(
        "texts_telecom5",
        "texts_telecom5.parquet",
        "normal side real, fraud side rewritten from police cases by a language model",
        frozenset({"loan", "public_security", "customer_service", "leader_acquaintance"}),
        frozenset(),
        "normal texts against four kinds of fraud told in the caller's words",
        _as_is,
    ),
)
