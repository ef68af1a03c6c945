"""What is wrong with a request's fields, in plain words of both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WORDS: dict[str, tuple[str, str]] = {
    "missing": ("不能缺少", "must be given"),
    "extra_forbidden": ("不是这里的字段", "is not a field of this request"),
    "string_type": ("须为文本", "must be text"),
    "string_unicode": ("含有无法保存的字符", "holds a sign that cannot be stored"),
    "string_too_short": ("至少 {min_length} 个字符", "must have {min_length} characters or more"),
    "string_too_long": ("最长 {max_length} 个字符", "must have {max_length} characters or fewer"),
    "too_short": ("至少 {min_length} 项", "must have {min_length} entries or more"),
    "too_long": ("最多 {max_length} 项", "must have {max_length} entries or fewer"),
    "literal_error": ("须为以下之一：{expected}", "must be one of: {expected}"),
    "greater_than": ("须大于 {gt}", "must be greater than {gt}"),
    "greater_than_equal": ("不得小于 {ge}", "must be {ge} or more"),
    "less_than": ("须小于 {lt}", "must be less than {lt}"),
    "less_than_equal": ("不得大于 {le}", "must be {le} or less"),
    "list_type": ("须为列表", "must be a list"),
    "timezone_aware": ("须带时区，如 +08:00", "must carry a time zone, such as +08:00"),
}
_FAMILIES: tuple[tuple[str, tuple[str, str]], ...] = (
    ("int_", ("须为整数", "must be a whole number")),
    ("float_", ("须为数字", "must be a number")),
    ("bool_", ("须为 true 或 false", "must be true or false")),
    ("uuid_", ("不是有效的编号", "is not a valid id")),
    ("datetime_", ("须为 ISO 8601 时间", "must be a time in ISO 8601")),
    ("date_", ("须为 ISO 8601 日期", "must be a date in ISO 8601")),
    ("dict_", ("须为 JSON 对象", "must be a JSON object")),
    ("model_", ("须为 JSON 对象", "must be a JSON object")),
)
"""By how the kind of a complaint begins: pydantic tells apart what a person need not."""
_OTHER = ("不符合要求", "is not valid")
_NO_JSON = ("不是有效的 JSON", "is not valid JSON")
_BODY = ("请求内容", "the request body")


def complaint(error: Mapping[str, Any]) -> tuple[str, str, str]:
    """One complaint of pydantic's: the field (dotted; `body` for the whole), and the words."""
    kind = str(error["type"])
    if kind == "json_invalid":  # its place is a byte of the body, not a field
        return "body", _BODY[0] + _NO_JSON[0], f"{_BODY[1]} {_NO_JSON[1]}"
    where, *inner = (str(part) for part in error["loc"])
    name = ".".join(inner) or where
    zh, en = _filled(_words_of(kind), error.get("ctx") or {})
    if inner:
        return name, f"字段 {name} {zh}", f"the field {name} {en}"
    return name, f"{_BODY[0]}{zh}", f"{_BODY[1]} {en}"


def _words_of(kind: str) -> tuple[str, str]:
    family = (words for head, words in _FAMILIES if kind.startswith(head))
    return _WORDS.get(kind) or next(family, _OTHER)


def _filled(words: tuple[str, str], context: Mapping[str, Any]) -> tuple[str, str]:
    values = dict(context)
    if "expected" in values:  # "'high' or 'low'"
        values["expected"] = str(values["expected"]).replace("'", "").replace(" or ", ", ")
    try:
        return words[0].format_map(values), words[1].format_map(values)
    except KeyError:
        return _OTHER
