"""What only sounds like a key word of scams is read as it; what is a word of its own stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fanzha.detection.text.v1.evidence import Reader
from fanzha.detection.text.v1.normal import VARIANTS_FILE, Normaliser
from fanzha.detection.text.v1.policy import READING_FILE, ReadingPolicy
from fanzha.detection.text.v1.sounds import SOUNDS_FILE, Sounds
from fanzha.errors import Misconfigured

TEXT = Path(__file__).parents[3] / "policies" / "text"
NORMALISER = Normaliser.load(TEXT / VARIANTS_FILE)
DATA: dict[str, Any] = yaml.load(
    (TEXT / SOUNDS_FILE).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
)
SYLLABLE = {char: name for name, of in DATA["syllables"].items() for char in of}
WRITTEN = {
    "安荃账户": "安全账户", "公鮟局": "公安局", "转帐": "转账", "徽信": "微信", "冲值": "充值",
    "保正金": "保证金", "银航": "银行", "保证今": "保证金", "手续废": "手续费", "验正码": "验证码",
    "客付": "客服", "礼赔": "理赔", "退宽": "退款", "公按局": "公安局", "贷歀": "贷款",
    "点攒": "点赞", "返俐": "返利", "洗黑浅": "洗黑钱", "彩漂": "彩票", "支附宝": "支付宝",
}  # fmt: skip
ORDINARY = [
    "方案全部通过", "专长是画画", "这道题很严正", "咽炎症状好转", "克服困难", "维新路口",
    "体现价值",
    "夏款女装", "房款已经付清", "我转张图给你", "检察员宣读起诉书", "更快地完成",
    "取下在充电的手机",
    "行家银杏", "尽快滴水", "确保正常供电", "法援中心", "随心用流量", "宝核心", "全带开走",
]  # fmt: skip
HAN = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5)


def plain(text: str) -> str:
    return NORMALISER([text]).row(0)


@pytest.mark.parametrize(("written", "meant"), WRITTEN.items())
def test_a_key_word_written_by_its_sound_is_read_as_meant(written: str, meant: str) -> None:
    assert plain(f"请问{written}呢") == f"请问{meant}呢"


@pytest.mark.parametrize("said", ORDINARY)
def test_words_of_their_own_stay_as_they_are(said: str) -> None:
    assert plain(said) == said


def test_a_rare_character_is_a_disguise_even_where_the_word_is_split() -> None:
    assert plain("安 荃.账-户") == "安全账户"
    assert plain("按 时，全部到账") == "按时全部到账"


def test_it_leads_back_to_what_was_written() -> None:
    said = NORMALISER(["把钱转入安荃账户"])
    at = said.row(0).index("安全")
    assert said.original(0, at, at + 2) == "安荃"


@given(st.lists(st.one_of(HAN, st.sampled_from("，。a1 ")), max_size=30).map("".join))
def test_only_characters_of_the_same_sound_are_put_in_place(text: str) -> None:
    without = Normaliser(
        NORMALISER.table, NORMALISER.spread, NORMALISER.numeral & np.uint8(3), NORMALISER.pairs,
        NORMALISER.sounds,
    )  # fmt: skip
    before, after = without([text]).row(0), plain(text)
    assert len(before) == len(after)
    for a, b in zip(before, after, strict=True):
        assert a == b or SYLLABLE[a] == SYLLABLE[b]


@given(st.sampled_from(DATA["terms"]), st.data())
def test_key_words_themselves_are_left_alone(term: str, data: st.DataObject) -> None:
    assert plain(term) == term
    char = data.draw(st.sampled_from(term))
    rare = [c for c in DATA["syllables"][SYLLABLE[char]] if NORMALISER.sounds.rare[ord(c)]]
    if rare:
        disguised = term.replace(char, data.draw(st.sampled_from(rare)), 1)
        assert [SYLLABLE.get(c, c) for c in plain(disguised)] == [SYLLABLE[c] for c in term]


def test_a_scam_written_by_sound_scores_as_one_written_plainly() -> None:
    reader = Reader.load(TEXT.parent, ReadingPolicy.load(TEXT / READING_FILE).prior)
    plainly = "您涉嫌洗钱，请配合公安局把存款转入安全账户核查，保证金验证后退款"
    disguised = "您涉县洗浅，请配合公鮟局把存款转入安荃帐户核查，保正金验正后退宽"
    scores = reader.read([plainly, disguised]).score
    assert scores[0] >= 0.5
    assert scores[1] >= 0.5


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"terms": ["龘靐"]}, "龘靐"),
        ({"terms": ["安"]}, "安"),
        ({"syllables": {"an": "安", "e": "安"}}, "syllables"),
        ({"words": {"安全": "全"}}, "words"),
        ({"more": 1}, "x.yaml"),
        ({"terms": "安全"}, "x.yaml"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, change: dict[str, Any], field: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(yaml.safe_dump({**DATA, **change}, allow_unicode=True), encoding="utf-8")
    with pytest.raises(Misconfigured) as told:
        Sounds.load(path)
    assert told.value.field == field
