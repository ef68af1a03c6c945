"""The rules a row can break, in words of both languages."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from fanzha.records.schemas import Column


@dataclass(frozen=True, slots=True)
class Rule:
    """One broken rule: its stable code, the column, and what to do about it."""

    code: str
    field: str | None
    zh: str
    en: str


# A space stands between Chinese and what is not; these words follow a Chinese one.
_TYPE_WORDS = {
    pa.uint64(): (" 0 至 2^64-1 的整数", "a whole number from 0 to 2^64-1"),
    pa.int64(): ("整数", "a whole number"),
    pa.int32(): ("整数", "a whole number"),
    pa.int16(): ("整数", "a whole number"),
    pa.float32(): ("数字", "a number"),
    pa.bool_(): (" true 或 false", "true or false"),
    pa.string(): (" UTF-8 文本", "text in UTF-8"),
}
_INSTANT_WORDS = (" ISO 8601 时间或毫秒数", "a time in ISO 8601 or epoch milliseconds")


def words(code: str, column: Column) -> Rule:
    """The rule `code` as it applies to `column`."""
    zh, en = _WORDS[code]
    type_zh, type_en = _TYPE_WORDS.get(column.type, _INSTANT_WORDS)
    bounds = (_bound(column.minimum), _bound(column.maximum))
    filled = {
        "name": column.name,
        "type_zh": type_zh,
        "type_en": type_en,
        "values": ", ".join(column.values),
        "low": bounds[0] or "−∞",
        "high": bounds[1] or "∞",
        "longest": str(column.longest),
    }
    return Rule(code, column.name, zh.format(**filled), en.format(**filled))


def _bound(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


_WORDS = {
    "missing": ("{name} 不能缺少", "{name} must be given"),
    "type": ("{name} 须为{type_zh}", "{name} must be {type_en}"),
    "encoding": ("{name} 的数据已损坏", "the data of {name} is damaged"),
    "enumeration": ("{name} 须为以下之一：{values}", "{name} must be one of: {values}"),
    "range": ("{name} 须在 {low} 至 {high} 之间", "{name} must lie between {low} and {high}"),
    "length": ("{name} 最长 {longest} 个字符", "{name} has at most {longest} characters"),
    "time_past": ("{name} 早于 2000 年", "{name} lies before the year 2000"),
    "time_future": ("{name} 晚于当前时间 10 分钟以上", "{name} lies more than 10 minutes ahead"),
    "source_foreign": ("{name} 不是发送方自己的名称", "{name} is not the sender's own name"),
    "lawful_basis": (
        "聊天与转写文本须写明 lawful_basis（合法依据）",
        "chats and transcripts need a lawful_basis",
    ),
}
