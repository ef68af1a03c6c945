"""What a warning text may hold: the rules of the 12381 warning texts, as checks.

A warning carries no link, no number that could be dialled, no account to write to and asks for no
reply, so that nobody can imitate it to lead people anywhere; it says who sends it, in front. The
checks look at the text as a person reads it: full-width, circled and Chinese digits are digits,
blanks and invisible characters hide nothing. They are stricter than the rule: "no need to reply"
is refused as well, because a reader in a hurry sees the verb.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

from fanzha.errors import Refused
from fanzha.lifecycles.message.segments import split


class ContentRule(StrEnum):
    """The rules by name; the code of a refusal is `content_` and the name."""

    SIGNATURE = "signature"
    LINK = "link"
    NUMBER = "number"
    CONTACT = "contact"
    REPLY = "reply"
    CHARACTERS = "characters"
    LENGTH = "length"


_WORDS = {
    ContentRule.SIGNATURE: ("须以一个签名开头", "must begin with one signature"),
    ContentRule.LINK: ("不得含链接或网址", "must hold no link or site name"),
    ContentRule.NUMBER: ("不得含可拨打的号码", "must hold no number that could be dialled"),
    ContentRule.CONTACT: ("不得含社交账号或邮箱", "must hold no account to write to"),
    ContentRule.REPLY: ("不得要求回复或回电", "must not ask for a reply or a call"),
    ContentRule.CHARACTERS: ("不得含控制字符或不可见字符", "must hold no invisible characters"),
    ContentRule.LENGTH: ("超出允许的条数", "is longer than the parts allowed"),
}

_SIGNATURE = re.compile(r"【[^【】\[\]]{2,20}】|\[[^【】\[\]]{2,40}\] ")
_MARKS = re.compile(r"[【】\[\]]")
_LINK = re.compile(
    r"https?|hxxp|://|//|www|\w\.\w|[a-z0-9]\s*[。]\s*[a-z]{2}"
    r"|[\w-]\s*(?:\.|\[\.\]|点)\s*(?:com|cn|net|org|top|xyz|vip|cc|io|me|info|app|site|club|shop)(?![a-z])"
)
# In these, only Latin letters make a word: "加qq" holds the word qq.
_CONTACT = re.compile(
    r"@|微信|威信|薇信|[vwｖ]信|\bvx\b|wechat|whatsapp|telegram|\bqq\b|扣扣|企鹅号|加群|加好友"
    r"|电报群|纸飞机|\be-?mail\b|邮箱",
    re.ASCII,
)
_REPLY_ZH = re.compile(
    r"回复|回覆|回復|答复|回信|回电|回電|回拨|回撥|致电|致電|拨打|撥打|拨通|来电咨询|联系我们"
    r"|咨询电话|热线|退订|退訂|回[a-z]\b|发送至|编辑短信",
    re.ASCII,
)
_REPLY_EN = re.compile(
    r"\b(?:repl(?:y|ies|ying)|respond|answer this|text (?:us|me|back)|write (?:to )?(?:us|back)"
    r"|(?:call|phone|ring) (?:us|me|back|now|this|the|our|your|on|at)|dial|contact us|hotline"
    r"|unsubscribe|opt out)\b",
    re.ASCII,
)
_NUMERALS = frozenset("零〇○一二三四五六七八九幺两壹贰叁肆伍陆柒捌玖貳參陸")
_BETWEEN = frozenset(" -–—.,，、/()·*_~:：'\"|\t")
_SPELLED = re.compile(
    r"(?:\b(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)\b[\s,.-]*){3}",
    re.ASCII,
)
_DIGITS_MAX = 2


class NotSendable(Refused):
    """The text breaks a content rule."""

    def __init__(self, rule: ContentRule) -> None:
        zh, en = _WORDS[rule]
        super().__init__(
            f"content_{rule.value}",
            zh=f"预警短信{zh}",
            en=f"a warning text {en}",
            field="text",
        )
        self.rule = rule


def check(text: str, parts_max: int) -> None:
    """NotSendable with the first rule that the text breaks; `parts_max` counts short messages."""
    if any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Cn"} for c in text):
        raise NotSendable(ContentRule.CHARACTERS)
    signature = _SIGNATURE.match(text)
    if signature is None or _MARKS.search(text, signature.end()) or not text[signature.end() :]:
        raise NotSendable(ContentRule.SIGNATURE)
    read = unicodedata.normalize("NFKC", text).casefold()
    tight = re.sub(r"\s+", "", read)
    # Inside the signature's marks nothing differs: a name may not smuggle a number either.
    if _LINK.search(read) or _LINK.search(_unspaced(read)):
        raise NotSendable(ContentRule.LINK)
    if _longest_digits(read) > _DIGITS_MAX or _SPELLED.search(read):
        raise NotSendable(ContentRule.NUMBER)
    if _CONTACT.search(read) or _CONTACT.search(tight):
        raise NotSendable(ContentRule.CONTACT)
    if _REPLY_ZH.search(tight) or _REPLY_EN.search(re.sub(r"\s+", " ", read)):
        raise NotSendable(ContentRule.REPLY)
    if len(split(text).parts) > parts_max:
        raise NotSendable(ContentRule.LENGTH)


def check_notice(text: str, parts_max: int) -> None:
    """The same for the notice of a measure, which must name code and remedy: a number to call and
    the words for it may stand there, a link or an account to write to may not."""
    if any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Cn"} for c in text):
        raise NotSendable(ContentRule.CHARACTERS)
    signature = _SIGNATURE.match(text)
    if signature is None or _MARKS.search(text, signature.end()) or not text[signature.end() :]:
        raise NotSendable(ContentRule.SIGNATURE)
    read = unicodedata.normalize("NFKC", text).casefold()
    if _LINK.search(read) or _LINK.search(_unspaced(read)):
        raise NotSendable(ContentRule.LINK)
    if _CONTACT.search(read) or _CONTACT.search(re.sub(r"\s+", "", read)):
        raise NotSendable(ContentRule.CONTACT)
    if len(split(text).parts) > parts_max:
        raise NotSendable(ContentRule.LENGTH)


def _unspaced(read: str) -> str:
    """Without the blanks before a dot, so that `a .cn` is seen; a sentence's end stays one."""
    return re.sub(r"\s+(?=\.)", "", read)


def _longest_digits(read: str) -> int:
    """The longest run of digits, whatever stands between them to break it up."""
    longest = run = 0
    for character in read:
        if character in _NUMERALS or unicodedata.digit(character, None) is not None:
            run += 1
            longest = max(longest, run)
        elif character not in _BETWEEN:
            run = 0
    return longest
