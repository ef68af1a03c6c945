"""The closed vocabularies that the API names in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from fanzha.entrypoints.api.schemas import Coded, Words
from fanzha.features.catalogue import load_features
from fanzha.lifecycles.warning.states import WARNING
from fanzha.settings import load

Vocabulary = Mapping[str, tuple[str, str]]

SOURCES: Vocabulary = {
    "call": ("通话", "Calls"),
    "text": ("短信", "Texts"),
    "visit": ("网址", "Sites"),
    "app": ("应用", "Apps"),
    "transfer": ("银行", "Bank"),
    "line": ("号卡", "Lines"),
    "account": ("账户", "Accounts"),
    "subject": ("登记", "Registry"),
}
DETECTORS: Vocabulary = {
    "call": ("通话规则", "Call rules"),
    "text": ("文本判定", "Text detector"),
    "link": ("网址判定", "Link detector"),
    "account": ("账户与转账规则", "Account and transfer rules"),
    "app": ("应用规则", "App rules"),
    "person": ("人员融合", "Person fusion"),
}
OBJECTS: Vocabulary = {
    "number": ("号码", "Number"),
    "account": ("账户", "Account"),
    "dns_name": ("网址", "Site"),
    "app": ("应用", "App"),
    "person": ("人员", "Person"),
}
CHANNELS: Vocabulary = {
    "sms": ("短信", "SMS"),
    "flash": ("闪信", "Flash SMS"),
    "call": ("电话", "Call"),
    "visit": ("上门", "Visit"),
}
PURPOSES: Vocabulary = {
    "contact": ("劝阻联系", "Contact for dissuasion"),
    "visit": ("上门见面", "Visit"),
    "stop": ("止付核对", "Check for a stop order"),
    "document": ("文书制作", "Document"),
    "appeal": ("申诉办理", "Appeal"),
    "other": ("其他并写明", "Other, stated"),
}
FIELDS: Vocabulary = {
    "number": ("手机", "Phone number"),
    "account": ("账户", "Account"),
    "name": ("姓名", "Name"),
    "related": ("关联对象", "Related objects"),
}
COLUMNS: Vocabulary = {
    "asserted_caller": ("主叫自报的号码", "the number the caller shows"),
    "balance_fen": ("账户余额", "the account's balance"),
    "caller_cell": ("主叫所在基站", "the caller's cell"),
    "caller_imei": ("主叫设备号", "the caller's handset"),
    "caller_imsi": ("主叫卡号", "the caller's SIM"),
    "channel": ("交易渠道", "by which channel it was made"),
    "device": ("操作所用设备", "the device used"),
    "end_cause": ("通话结束原因", "how the call ended"),
    "ip": ("操作所用网络地址", "the network address used"),
    "label": ("应用名称", "the app's name"),
    "memo": ("附言", "the memo"),
    "payee_name": ("收款人姓名", "the payee's name"),
    "payer_balance_fen": ("付款账户余额", "the payer's balance"),
    "ring_s": ("振铃时长", "how long it rang"),
    "sender_cell": ("短信发自哪个基站", "the cell the text came from"),
    "sender_kind": ("发送方号码类型", "the kind of sender"),
    "sentence_encoder": ("句子编码器（第二级）", "the sentence encoder (second stage)"),
    "thread_id": ("会话编号", "which conversation it belongs to"),
    "trunk": ("来话中继（是否来自境外）", "the trunk (whether from abroad)"),
    "url": ("网址", "the address"),
}
"""Received columns by what they say, for the line that tells what a grade had to do without."""
VERBS: Vocabulary = {
    "issue": ("生成", "Issued"),
    "grade": ("定级", "Graded"),
    "push": ("推送", "Pushed"),
    "note": ("备注", "Note"),
    "reveal": ("查看原文", "Revealed"),
    "undo": ("撤回", "Undone"),
    **{r.verb: (r.zh, r.en) for r in WARNING.rules},
}
RIGHTS = Words(
    zh="预警用于劝阻，不限制本人任何权利。本人可向本中心查询、更正或要求删除误报记录"
    "（反电信网络诈骗法第三十二条、个人信息保护法第四十五至四十七条）。",
    en="A warning serves dissuasion and limits no right of the person, who may ask this centre for"
    " access, correction, or deletion of a false alarm (ATNFL art. 32, PIPL art. 45–47).",
)


def coded(vocabulary: Vocabulary, code: str) -> Coded:
    """A code with its words; an unknown code stands for itself."""
    zh, en = vocabulary.get(code, (code, code))
    return Coded(code=code, zh=zh, en=en)


@lru_cache(maxsize=1)
def _features() -> Vocabulary:
    files = load_features(load().policies / "features").values()
    found = [m for file in files for rows in file.rows for m in file.on(rows).values()]
    return {meaning.name: (meaning.zh, meaning.en) for meaning in found}


def column(code: str) -> Words:
    """A received column; a feature, in the words that the catalogue has for it."""
    return words(COLUMNS if code in COLUMNS else _features(), code)


def words(vocabulary: Vocabulary, code: str) -> Words:
    """The words alone."""
    zh, en = vocabulary.get(code, (code, code))
    return Words(zh=zh, en=en)
