"""A condition's grammar: parsed, and typed as it is parsed, without anything being run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fanzha.detection.rules.measure import LITERAL_UNITS, Kind, Measure, Type
from fanzha.detection.rules.names import Channel
from fanzha.detection.rules.tokens import Part, RuleRefused, Token, cut, refused

__all__ = ["FUNCTIONS", "Condition", "parse"]

_DEPTH_MOST = 24
_LIST_MOST = 100
_TRUTH, _TEXT, _BARE = Type(Kind.TRUTH), Type(Kind.TEXT), Type(Kind.NUMBER)
_COMPARED = ("=", "!=", "<>", "<", "<=", ">", ">=")

FUNCTIONS: dict[str, tuple[str, str]] = {
    "abs": ("绝对值", "absolute value"),
    "round": ("四舍五入", "rounded to whole"),
    "floor": ("向下取整", "rounded down"),
    "ceil": ("向上取整", "rounded up"),
    "least": ("最小的一个", "the least of them"),
    "greatest": ("最大的一个", "the greatest of them"),
    "coalesce": ("第一个不缺的", "the first that is there"),
    "length": ("字数", "number of characters"),
    "lower": ("转为小写", "in lower case"),
    "starts_with": ("以…开头", "begins with"),
    "ends_with": ("以…结尾", "ends with"),
}
"""The only functions there are, with what they give."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that fits its channel: `sql` is what is run, every unit already reckoned in."""

    text: str
    sql: str
    names: tuple[str, ...]
    tokens: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class _Typed:
    sql: str
    type: Type
    at: int


def parse(text: str, channel: Channel) -> Condition:
    """Check syntax, names, types and units. RuleRefused says what is wrong, where."""
    parser = _Parser(cut(text), channel)
    whole = parser.either()
    rest = parser.now
    if rest.part is not Part.END:
        raise refused(
            "rule_syntax", "条件在这里应当结束", "the condition should end here", rest.start
        )
    if whole.type.kind is not Kind.TRUTH:
        raise _wrong(whole, _TRUTH)
    if not parser.names:
        raise refused("rule_no_name", "条件没有用到任何特征", "the condition uses no feature", 0)
    return Condition(text, whole.sql, tuple(parser.names), tuple(parser.tokens[:-1]))


class _Parser:
    """Recursive descent; each method takes one level of precedence, loosest first."""

    def __init__(self, tokens: list[Token], channel: Channel) -> None:
        self.tokens = tokens
        self.names: dict[str, None] = {}
        self._channel = channel
        self._at = 0
        self._depth = 0

    @property
    def now(self) -> Token:
        return self.tokens[self._at]

    def _take(self, *texts: str) -> Token | None:
        token = self.now
        if token.part in (Part.KEYWORD, Part.SIGN) and token.text in texts:
            self._at += 1
            return token
        return None

    def _need(self, text: str) -> Token:
        found = self._take(text)
        if found is None:
            zh, en = f"这里应当是 {text.upper()}", f"{text.upper()} is expected here"
            raise refused("rule_syntax", zh, en, self.now.start)
        return found

    def _deeper(self, at: int) -> None:
        """One level down. What is not bounded here would be bounded by the interpreter's stack."""
        self._depth += 1
        if self._depth > _DEPTH_MOST:
            raise refused("rule_too_deep", "嵌套过深", "nested too deeply", at)

    def either(self) -> _Typed:
        self._deeper(self.now.start)
        found = self._joined("or", self._both)
        self._depth -= 1
        return found

    def _both(self) -> _Typed:
        return self._joined("and", self._negated)

    def _joined(self, word: str, side: Callable[[], _Typed]) -> _Typed:
        """Sides in one row: the engine takes many side by side, and few inside each other."""
        sides = [side()]
        while self._take(word):
            sides.append(side())
        if len(sides) == 1:
            return sides[0]
        for one in sides:
            if one.type.kind is not Kind.TRUTH:
                raise _wrong(one, _TRUTH)
        sql = f" {word.upper()} ".join(one.sql for one in sides)
        return _Typed(f"({sql})", _TRUTH, sides[0].at)

    def _negated(self) -> _Typed:
        token = self._take("not")
        if token is None:
            return self._compared()
        self._deeper(token.start)
        inner = self._negated()
        self._depth -= 1
        if inner.type.kind is not Kind.TRUTH:
            raise _wrong(inner, _TRUTH)
        return _Typed(f"(NOT {inner.sql})", _TRUTH, token.start)

    def _compared(self) -> _Typed:
        left = self._sum()
        if found := self._take(*_COMPARED):
            right = self._sum()
            _same(left, right)
            if left.type.kind is Kind.TRUTH and found.text not in ("=", "!=", "<>"):
                raise _wrong(left, _BARE)
            sign = "<>" if found.text == "!=" else found.text
            return _Typed(f"({left.sql} {sign} {right.sql})", _TRUTH, left.at)
        if self._take("is"):
            word = "IS NOT NULL" if self._take("not") else "IS NULL"
            self._need("null")
            return _Typed(f"({left.sql} {word})", _TRUTH, left.at)
        negated = "NOT " if self._take("not") else ""
        if self._take("in"):
            return self._listed(left, negated)
        if self._take("between"):
            low = self._sum()
            self._need("and")
            high = self._sum()
            _same(left, low)
            _same(left, high)
            if left.type.kind is not Kind.NUMBER:
                raise _wrong(left, _BARE)
            inside = f"({left.sql} >= {low.sql} AND {left.sql} <= {high.sql})"
            return _Typed(f"({negated}{inside})", _TRUTH, left.at)
        if self._take("like"):
            return self._likened(left, negated)
        if negated:
            raise refused(
                "rule_syntax", "NOT 后应当是 IN、BETWEEN 或 LIKE",
                "IN, BETWEEN or LIKE is expected after NOT", self.now.start,
            )  # fmt: skip
        return left

    def _listed(self, left: _Typed, negated: str) -> _Typed:
        self._need("(")
        values = [self._sum()]
        while self._take(","):
            values.append(self._sum())
            if len(values) > _LIST_MOST:
                raise refused("rule_too_long", "列表过长", "the list is too long", left.at)
        self._need(")")
        for value in values:
            _same(left, value)
        inside = ", ".join(v.sql for v in values)
        return _Typed(f"({left.sql} {negated}IN ({inside}))", _TRUTH, left.at)

    def _likened(self, left: _Typed, negated: str) -> _Typed:
        pattern = self.now
        if left.type.kind is not Kind.TEXT:
            raise _wrong(left, _TEXT)
        if pattern.part is not Part.TEXT or len(pattern.text) > 66:
            raise refused(
                "rule_syntax", "LIKE 后应当是 64 个字符以内的文字",
                "a text of at most 64 characters is expected after LIKE", pattern.start,
            )  # fmt: skip
        self._at += 1
        return _Typed(f"({left.sql} {negated}LIKE {pattern.text})", _TRUTH, left.at)

    def _sum(self) -> _Typed:
        return self._worked(("+", "-"), self._product)

    def _product(self) -> _Typed:
        return self._worked(("*", "/"), self._signed)

    def _worked(self, signs: tuple[str, str], side: Callable[[], _Typed]) -> _Typed:
        """Signs of one strength, from left to right, in one row as `_joined` writes them. Worked
        out as double floats throughout: whole numbers would wrap at 2^63 without a word."""
        left = side()
        many = False
        while found := self._take(*signs):
            if not many:
                left = _Typed(_as_double(left.sql), left.type, left.at)
            right, many = side(), True
            for one in (left, right):
                if one.type.kind is not Kind.NUMBER:
                    raise _wrong(one, _BARE)
            sql = f"{left.sql} {found.text} {right.sql}"
            left = _Typed(sql, Type(Kind.NUMBER, _measure(found.text, left, right)), left.at)
        return _Typed(f"({left.sql})", left.type, left.at) if many else left

    def _signed(self) -> _Typed:
        token = self._take("-")
        value = self._value()
        if token is None:
            return value
        if value.type.kind is not Kind.NUMBER:
            raise _wrong(value, _BARE)
        sql = value.sql if value.sql.isdecimal() else _as_double(value.sql)
        return _Typed(f"(-{sql})", value.type, token.start)

    def _value(self) -> _Typed:
        token = self.now
        if self._take("("):
            inner = self.either()
            self._need(")")
            return _Typed(inner.sql, inner.type, token.start)
        if found := self._take("true", "false"):
            return _Typed(found.text.upper(), _TRUTH, found.start)
        self._at += 1
        match token.part:
            case Part.NUMBER:
                return self._number(token)
            case Part.TEXT:
                return _Typed(token.text, _TEXT, token.start)
            case Part.NAME:
                if self._take("("):
                    return self._called(token)
                return self._named(token)
        raise refused(
            "rule_syntax",
            "这里应当是特征名或数值",
            "a name or a value is expected here",
            token.start,
        )

    def _number(self, token: Token) -> _Typed:
        unit = self.now
        if unit.part is not Part.UNIT:
            return _Typed(_double(float(token.text)), _BARE, token.start)
        self._at += 1
        measure, factor = LITERAL_UNITS[unit.text]
        return _Typed(_double(float(token.text) * factor), Type(Kind.NUMBER, measure), token.start)

    def _named(self, token: Token) -> _Typed:
        known = self._channel.names.get(token.text)
        if known is None:
            near = self._channel.near(token.text)
            raise refused(
                "rule_name_unknown",
                f"没有名为 {token.text[:40]} 的特征"
                + (f"，是否指 {'、'.join(near)}" if near else ""),
                f"there is no feature {token.text[:40]}"
                + (f"; did you mean {', '.join(near)}" if near else ""),
                token.start,
                near,
            )
        self.names[token.text] = None
        # Words of a closed list are compared as words: a value not on the list is no failure.
        sql = f"CAST({token.text} AS VARCHAR)" if known.type.kind is Kind.TEXT else token.text
        return _Typed(sql, known.type, token.start)

    def _called(self, name: Token) -> _Typed:
        if name.text not in FUNCTIONS:
            raise refused(
                "rule_function",
                f"规则里只能用这些函数：{'、'.join(FUNCTIONS)}",
                f"rules may only call: {', '.join(FUNCTIONS)}",
                name.start,
            )
        self._deeper(name.start)
        given = [self._sum()]
        while self._take(","):
            given.append(self._sum())
        self._need(")")
        self._depth -= 1
        return _call(name, given)


def _double(value: float) -> str:
    """A number as it is run: whole where it is, else a float and never a decimal."""
    exact = round(value, 9)
    return str(int(exact)) if exact == int(exact) else f"CAST({exact:.9f} AS DOUBLE)"


def _as_double(sql: str) -> str:
    return f"CAST({sql} AS DOUBLE)"


def _call(name: Token, given: list[_Typed]) -> _Typed:
    """The function's value; its arguments are of the number and type it takes."""
    function, first = name.text, given[0]
    inside = _as_double(first.sql) if function == "abs" else ", ".join(g.sql for g in given)
    sql = f"{function.upper()}({inside})"
    if function in ("least", "greatest", "coalesce"):
        for one in given[1:]:
            _same(first, one)
        if function != "coalesce" and first.type.kind is not Kind.NUMBER:
            raise _wrong(first, _BARE)
        measure = next((g.type.measure for g in given if g.type.measure), None)
        return _Typed(sql, Type(first.type.kind, measure), name.start)
    wanted = 2 if function in ("starts_with", "ends_with") else 1
    if len(given) != wanted:
        raise refused(
            "rule_syntax", f"{function} 需要 {wanted} 个参数",
            f"{function} takes {wanted} argument(s)", name.start,
        )  # fmt: skip
    kind = Kind.TEXT if function in ("length", "lower", "starts_with", "ends_with") else Kind.NUMBER
    for one in given:
        if one.type.kind is not kind:
            raise _wrong(one, Type(kind))
    match function:
        case "length":
            return _Typed(sql, Type(Kind.NUMBER, Measure.COUNT), name.start)
        case "starts_with" | "ends_with":
            return _Typed(sql, _TRUTH, name.start)
    return _Typed(sql, first.type, name.start)


def _same(left: _Typed, right: _Typed) -> None:
    """Refuse to let two things meet that are not of one kind and measure."""
    if left.type.kind is not right.type.kind:
        raise _wrong(right, left.type)
    a, b = left.type.measure, right.type.measure
    if a is not None and b is not None and not a.meets(b):
        raise refused(
            "rule_units",
            f"单位不同：左边是{a.words[0]}，右边是{b.words[0]}",
            f"the units differ: {a.words[1]} on the left, {b.words[1]} on the right",
            right.at,
        )


def _measure(sign: str, left: _Typed, right: _Typed) -> Measure | None:
    """What the result counts. RuleRefused where the two may not meet by this sign."""
    if sign == "*":
        return _times(left, right)
    if sign == "/":
        return _per(left, right)
    _same(left, right)
    return left.type.measure or right.type.measure


def _times(left: _Typed, right: _Typed) -> Measure | None:
    a, b = left.type.measure, right.type.measure
    if a is None or b is None:
        return a or b
    for one, other in ((a, b), (b, a)):
        if other in (Measure.SHARE, Measure.SCORE, Measure.RATIO, Measure.COUNT):
            return one
    raise refused(
        "rule_units",
        f"{a.words[0]}与{b.words[0]}不能相乘",
        f"{a.words[1]} cannot be multiplied by {b.words[1]}",
        right.at,
    )


def _per(left: _Typed, right: _Typed) -> Measure | None:
    a, b = left.type.measure, right.type.measure
    if b is None:
        return a
    if a is None:
        return None
    if a.meets(b):
        return Measure.RATIO
    if b in (Measure.SHARE, Measure.SCORE, Measure.RATIO, Measure.COUNT):
        return a
    raise refused(
        "rule_units",
        f"{a.words[0]}不能除以{b.words[0]}",
        f"{a.words[1]} cannot be divided by {b.words[1]}",
        right.at,
    )


def _wrong(found: _Typed, wanted: Type) -> RuleRefused:
    return refused(
        "rule_type",
        f"这里应当是{wanted.words[0]}，写的是{found.type.words[0]}",
        f"{wanted.words[1]} is expected here, not {found.type.words[1]}",
        found.at,
    )
