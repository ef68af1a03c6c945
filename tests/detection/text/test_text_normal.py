"""Normal form: whatever is written never fails, maps back, and undoes the known evasions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.detection.text.v1.normal import VARIANTS_FILE, Normaliser
from fanzha.errors import Misconfigured

POLICIES = Path(__file__).parents[3] / "policies"
NORMALISER = Normaliser.load(POLICIES / "text" / VARIANTS_FILE)
EVERYTHING = st.text(st.characters(), max_size=80)
"""Any code points, halves of surrogate pairs among them."""


@given(st.lists(st.one_of(EVERYTHING, st.none()), max_size=6))
@settings(max_examples=150, deadline=None)
def test_any_text_has_a_normal_form_that_maps_back(texts: list[str | None]) -> None:
    normal = NORMALISER(texts)
    assert len(normal) == len(texts)
    for row in range(len(texts)):
        base, last = normal.ends[row], normal.ends[row + 1]
        places = normal.source[base:last]
        assert "\u202e" in (texts[row] or "") or np.all(np.diff(places) >= 0)
        assert np.all((places >= 0) & (places < len(normal.bytes_of(row))))
        assert normal.row(row) == normal.row(row).strip()
        normal.original(row, 0, int(last - base))


@given(st.lists(st.binary(max_size=60), max_size=5))
@settings(max_examples=150, deadline=None)
def test_bytes_that_are_no_text_have_one_too(rows: list[bytes]) -> None:
    normal = NORMALISER(rows)
    said = [normal.row(row) for row in range(len(normal))]
    again = NORMALISER(pa.array(rows, pa.binary()))
    assert [again.row(row) for row in range(len(again))] == said


@given(st.lists(EVERYTHING, min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_a_row_is_read_the_same_alone_and_among_others(texts: list[str]) -> None:
    together = NORMALISER(texts)
    alone = [NORMALISER([text]).row(0) for text in texts]
    assert [together.row(row) for row in range(len(texts))] == alone


@given(st.lists(st.text(max_size=20), min_size=4, max_size=8), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_slices_and_chunks_of_arrow_columns_are_read_in_place(texts: list[str], cut: int) -> None:
    clean = [text.encode("utf-8", "replace").decode() for text in texts]
    whole = pa.array(clean, pa.string())
    for column in (
        whole.slice(cut),
        pa.chunked_array([whole.slice(cut, 1), whole.slice(cut + 1)]),
        whole.slice(cut).dictionary_encode(),
        whole.slice(cut).cast(pa.large_string()),
    ):
        normal = NORMALISER(column)
        assert [normal.row(r) for r in range(len(normal))] == [
            NORMALISER([text]).row(0) for text in clean[cut:]
        ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("加ＷＸ：ａｂｃ１２３", "加微信abc123"),
        ("加 薇 信", "加微信"),
        ("刷*单", "刷单"),
        ("兼❤职", "兼职"),
        ("貸款", "贷款"),
        ("微\u200b信", "微信"),
        ("点①⑧⑧", "点188"),
        ("转💰", "转钱"),
        ("ｈttp：／／ａ．ｃｎ", "http://a.cn"),
        ("一三八零零一三八零零零", "13800138000"),
    ],
)
def test_ways_around_a_filter_read_as_what_is_meant(written: str, meant: str) -> None:
    said, plain = NORMALISER([written]).row(0), NORMALISER([meant]).row(0)
    assert said == plain


@given(st.text("刷单返利佣金贷款投资", min_size=2, max_size=12), st.data())
@settings(max_examples=60, deadline=None)
def test_signs_between_characters_change_nothing(text: str, data: st.DataObject) -> None:
    signs = st.text(" *-._、❤\u200b~|", max_size=2)
    split = "".join(char + data.draw(signs) for char in text)
    assert NORMALISER([split]).row(0) == NORMALISER([text]).row(0)


def test_marks_stand_for_numbers_and_addresses() -> None:
    said = NORMALISER(["请在3天内访问http://a.cn/x?id=1或致电13800138000"]).row(0)
    assert said == "请在#天内访问@或致电%"


def test_the_way_back_leads_to_what_was_written() -> None:
    normal = NORMALISER(["您好，加薇-信abc领红包"])
    begin = normal.row(0).index("微信")
    assert normal.original(0, begin, begin + 2) == "薇-信"


def test_an_unknown_key_in_the_list_is_refused(tmp_path: Path) -> None:
    text = (POLICIES / "text" / VARIANTS_FILE).read_text(encoding="utf-8")
    (tmp_path / "v.yaml").write_text(text + "\nmore: {}\n", encoding="utf-8")
    with pytest.raises(Misconfigured):
        Normaliser.load(tmp_path / "v.yaml")


SCAM = "我是北京市公安局的民警您涉嫌洗钱请转入安全账户"
NOTICE = "【ETC】您的ETC账户已停用，请点击 http://etc-gov.cc 更新认证，否则将冻结"


@pytest.mark.parametrize(
    "laced",
    [
        "a".join(SCAM),
        "".join(c + str(k % 10) for k, c in enumerate(SCAM[:-1])) + SCAM[-1],
        "\u3164".join(SCAM),
        "\u115f".join(SCAM),
        "\u202e" + SCAM[::-1],
        SCAM[:5] + "\u202e" + SCAM[:4:-1] + "\u202c",
    ],
)
def test_what_stands_between_all_characters_and_what_is_turned_around_is_undone(laced: str) -> None:
    normal = NORMALISER([laced])
    assert normal.row(0) == SCAM


@pytest.mark.parametrize("sign", [" ", "·", "\n", "😀", "\U000e0061", "\u3164"])
def test_an_address_split_character_by_character_is_an_address(sign: str) -> None:
    assert NORMALISER([sign.join(NOTICE)]).row(0) == NORMALISER([NOTICE]).row(0)


def test_a_phrase_written_backwards_is_quoted_forwards() -> None:
    normal = NORMALISER(["您好\u202e" + SCAM[::-1]])
    assert normal.original(0, 2, 8) == SCAM[:6]


@pytest.mark.parametrize(
    ("honest", "meant"),
    [
        ("A座1单元2楼3室，B座", "a座#单元#楼#室b座"),
        ("京A12345和沪B99", "京a#和沪b#"),
        ("a股b股c股d股e股", "a股b股c股d股e股"),
        ("用Word写，PPT讲，K歌，A轮B轮C轮", "用word写ppt讲k歌a轮b轮c轮"),
        ("见 a b c d e f 六项", "见a b c d e f六项"),
    ],
)
def test_letters_and_digits_among_characters_stay(honest: str, meant: str) -> None:
    assert NORMALISER([honest]).row(0) == meant
