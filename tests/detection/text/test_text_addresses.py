"""Addresses in messages are found however they are hidden, and nothing else is taken for one."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from bodies import one_way
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.detection.text.v1.addresses import addresses
from fanzha.detection.text.v1.channel import TextChannel
from fanzha.detection.text.v1.normal import VARIANTS_FILE, Normaliser
from fanzha.values import url

POLICIES = Path(__file__).parents[3] / "policies"
NORMALISER = Normaliser.load(POLICIES / "text" / VARIANTS_FILE)


def read(*bodies: str) -> list[list[str]]:
    column = pl.Series("body", bodies, dtype=pl.String)
    rows, names = addresses(column, NORMALISER(column.to_arrow()))
    out: list[list[str]] = [[] for _ in bodies]
    for row, name in zip(rows.tolist(), names, strict=True):
        out[row].append(name)
    return out


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("请登录http://abc.example.cn/x?y=1办理", ["http://abc.example.cn/x?y=1"]),
        ("请登录ｈｔｔｐ：／／ａｂｃ．ｃｎ办理", ["http://abc.cn/"]),
        ("访问abc。top领取", ["abc.top"]),
        ("访问 abc点com 领取", ["abc.com"]),
        ("看看 a[.]vip 哦", ["a.vip"]),
        ("登录 w w w . icbcx . top 升级", ["www.icbcx.top"]),
        ("点hxxp://bad.site/a", ["http://bad.site/a"]),
        ("两个www.a.cn和www.b.cn都行", ["www.a.cn", "www.b.cn"]),
        ("发到a1@example.com", []),
        ("涨了3.5元，版本1.2.3", []),
        ("今天2026.11.05晚上8.30见", []),
        ("快点come on", []),
        ("", []),
    ],
)
def test_what_is_an_address(body: str, wanted: list[str]) -> None:
    assert read(body) == [wanted]


@given(st.lists(st.text(max_size=60), max_size=5))
@settings(max_examples=150, deadline=None)
def test_whatever_stands_there_what_is_found_is_an_address(bodies: list[str]) -> None:
    clean = [body.encode("utf-8", "replace").decode() for body in bodies]
    for names in read(*clean):
        for name in names:
            assert url.parse(name).normal == name


def test_the_channel_gives_rows_ascending_with_their_addresses() -> None:
    channel = TextChannel(POLICIES)
    rows, names = channel.urls(one_way(["无", "见www.a.cn", "无", "见www.b.cn和www.c.cn"]))
    assert rows.tolist() == [1, 3, 3]
    assert names == ["www.a.cn", "www.b.cn", "www.c.cn"]
