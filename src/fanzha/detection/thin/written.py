"""Conditions over a few rows without a query engine: the same answers, at a hundredth of the wait.

A live stream brings a row or two at a time, and planning a query over forty conditions costs more
than the rows do. Here the expressions are written out as one Python function. Whatever is not known
here stays with the engine: nothing is approximated.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from fanzha.detection.thin.values import LARGEST, SPACE

__all__ = ["THIN", "Thin", "thin"]

THIN = 48
"""Rows up to which it is worth while."""
_SMALL = 2**24
"""Whole numbers up to here are single floats too."""

Schema = Mapping[str, pl.DataType]
Code = tuple[str, str]
"""Python for a value, and its kind: `b`ool, `i`nt, other `w`hole number, small `c`onstant, `f`loat,
sin`g`le float, `d`ecimal number, `s`tring, other `t`ype, `n`ull."""

_FLOATS = (pl.Float64, pl.Float32)
_COMPARED = {"Eq": "==", "NotEq": "!=", "Lt": "<", "LtEq": "<=", "Gt": ">", "GtEq": ">="}
_WORKED = {"Plus": "+", "Add": "+", "Minus": "-", "Sub": "-", "Multiply": "*", "Mul": "*"}
_DIVIDED = ("TrueDivide", "Div", "Divide")


class _Unknown(Exception):
    """An expression that is left to the query engine."""


class Thin:
    """Expressions over frames of one schema: `derived` add columns, `asked` are yes or no."""

    def __init__(
        self,
        schema: Schema,
        derived: Sequence[tuple[str, pl.Expr]],
        asked: Sequence[pl.Expr],
    ) -> None:
        """Raises `_Unknown` where an expression is not known here; `thin` gives None then."""
        kinds = dict(schema)
        received = frozenset(kinds)
        probe = pl.DataFrame(schema=kinds)
        self._derived: list[tuple[str, pl.DataType | pl.Expr]] = []
        lines: list[str] = []
        writer = _Writer(kinds)
        for name, expression in derived:
            probe = probe.with_columns(expression.alias(name))
            dtype = kinds[name] = probe.schema[name]
            try:
                code, kind = writer.value(_tree(expression))
            except _Unknown:
                if not set(expression.meta.root_names()) <= received:
                    raise
                self._derived.append((name, expression.alias(name)))  # the engine's part
                continue
            if kind not in _KINDS.get(dtype.base_type(), ""):
                raise _Unknown
            lines.append(f"{writer.column(name)[0]} = {code}")
            self._derived.append((name, dtype))
        truths = [writer.truth(_tree(expression)) for expression in asked]
        made = [name for name, kind in self._derived if not isinstance(kind, pl.Expr)]
        self._read = [name for name in writer.names if name not in made]
        if not set(self._read) <= received:  # what the engine derives is not read here
            raise _Unknown
        self._types = [kinds[name].base_type() for name in self._read]
        arguments = ", ".join(writer.names[name] for name in self._read)
        told = "".join(f"{writer.names[name]}, " for name in made)
        body = "\n    ".join([*lines, f"return ({told}), ({''.join(f'{t}, ' for t in truths)})"])
        space: dict[str, Any] = {**SPACE, **writer.constants}
        exec(f"def row({arguments}):\n    {body}", space)  # noqa: S102 of what `_Writer` writes alone
        self._row: Callable[..., tuple[tuple[Any, ...], tuple[bool, ...]]] = space["row"]

    def answers(self, frame: pl.DataFrame) -> tuple[list[pl.Series], list[tuple[bool, ...]]] | None:
        """The derived columns, and by row what was asked; null is no. None where a column is of
        another type than it was made for."""
        read = [frame.get_column(name) for name in self._read]
        if [type(column.dtype) for column in read] != self._types:
            return None
        columns = [column.to_list() for column in read]
        rows = zip(*columns, strict=True) if columns else [()] * frame.height
        try:
            told = [self._row(*row) for row in rows]
        except OverflowError:  # whole numbers beyond what a column holds
            return None
        values = iter(zip(*(derived for derived, _ in told), strict=True))
        made = [
            frame.select(kind).to_series()
            if isinstance(kind, pl.Expr)
            else pl.Series(name, next(values), dtype=kind)
            for name, kind in self._derived
        ]
        return made, [asked for _, asked in told]


def thin(
    schema: Schema, derived: Sequence[tuple[str, pl.Expr]], asked: Sequence[pl.Expr]
) -> Thin | None:
    """The same for a few rows; None where an expression is of a kind that is not known here."""
    try:
        return Thin(schema, derived, asked)
    except (_Unknown, pl.exceptions.PolarsError, RecursionError):
        return None


_KINDS: Mapping[type[pl.DataType], str] = {
    pl.Boolean: "b", pl.Float64: "f", pl.Int64: "i", pl.String: "s",
}  # fmt: skip
"""Types of derived columns, and the kind that gives each."""


class _Writer:
    """Writes an expression tree as Python over local variables, one a column."""

    def __init__(self, kinds: Schema) -> None:
        self._kinds = kinds
        self.names: dict[str, str] = {}
        self.constants: dict[str, Any] = {}

    def column(self, name: str) -> Code:
        """The variable of a column."""
        dtype = self._kinds[name]
        variable = self.names.setdefault(name, f"v{len(self.names)}")
        if dtype == pl.Boolean:
            return variable, "b"
        if dtype == pl.String:
            return variable, "s"
        if dtype in _FLOATS:
            return variable, "f" if dtype == pl.Float64 else "g"
        if dtype == pl.Int64:
            return variable, "i"
        return variable, "w" if dtype.is_integer() else "t"

    def value(self, tree: Any) -> Code:
        """Python that gives the value, None where it is null."""
        name, inner = _node(tree)
        if name == "Column":
            return self.column(inner)
        if name == "Literal":
            return self._literal(inner)
        if name == "BinaryExpr":
            if inner["op"] in _WORKED or inner["op"] in _DIVIDED:
                return self._worked(inner["op"], inner["left"], inner["right"])
            return self._both(tree), "b"
        if name == "Function":
            found = self._function_value(inner)
            return found if found is not None else (self._both(tree), "b")
        if name == "Ternary":
            yes, no = self.value(inner["truthy"]), self.value(inner["falsy"])
            kind = _common({yes[1], no[1]})
            return f"({yes[0]} if {self.truth(inner['predicate'])} else {no[0]})", kind
        if name == "Cast" and inner["dtype"] == {"Literal": "Boolean"}:
            code, kind = self.value(inner["expr"])
            if kind == "b":
                return code, kind
        if name == "Cast" and inner["dtype"] == {"Literal": "Float64"}:
            code, kind = self.value(inner["expr"])
            if kind in "iwcfg":
                return f"_float({code})", "f"
        raise _Unknown

    def _both(self, tree: Any) -> str:
        """A yes-or-no expression as True, False or None."""
        return f"(True if {self.truth(tree)} else False if {self.falsehood(tree)} else None)"

    def truth(self, tree: Any) -> str:
        """Python that says whether it is known to hold."""
        return self._known(tree, True)

    def falsehood(self, tree: Any) -> str:
        """Python that says whether it is known not to hold."""
        return self._known(tree, False)

    def _known(self, tree: Any, holds: bool) -> str:
        name, inner = _node(tree)
        if name == "BinaryExpr" and inner["op"] in ("And", "Or"):
            left, right = self._known(inner["left"], holds), self._known(inner["right"], holds)
            # Not both is not one or not the other, also where something is not known.
            joined = "and" if (inner["op"] == "And") is holds else "or"
            return f"({left} {joined} {right})"
        if name == "BinaryExpr" and inner["op"] in _COMPARED:
            return self._compared(inner["op"], inner["left"], inner["right"], holds)
        if name == "Function":
            match inner["function"]:
                case {"Boolean": "Not"}:
                    return self._known(inner["input"][0], not holds)
                case {"Boolean": "IsNull"}:
                    return f"({self.value(inner['input'][0])[0]} is {'' if holds else 'not '}None)"
                case {"Boolean": "IsNotNull"}:
                    return f"({self.value(inner['input'][0])[0]} is {'not ' if holds else ''}None)"
                case {"Sql": {"Binary": op}} if op in _COMPARED:
                    left, right = inner["input"]
                    return self._compared(op, left, right, holds)
                case {"Sql": {"IsIn": _}} | {"Boolean": {"IsIn": _}}:
                    return self._among(inner["input"], holds)
                case "FillNull" | "Coalesce":
                    pass
                case _:
                    raise _Unknown
        code, kind = self.value(tree)
        if kind not in "bn":
            raise _Unknown
        return f"({code} is {holds})"

    def _compared(self, op: str, left: Any, right: Any, holds: bool) -> str:
        (a, first), (b, second) = self.value(left), self.value(right)
        if "n" in (first, second):
            return "False"
        pair = {first, second}
        if ("f" in pair and pair <= {"f", "d", "i", "w", "c"}) or pair == {"g", "c"}:
            return f"_{op}({a}, {b}) is {holds}"
        if pair <= {"i", "c"} or pair in ({"s"}, {"b"}, {"w", "c"}):
            return f"_{op}i({a}, {b}) is {holds}"
        raise _Unknown

    def _among(self, inputs: Any, holds: bool) -> str:
        code, kind = self.value(inputs[0])
        name, inner = _node(inputs[1])
        if kind != "s" or name != "Literal" or not isinstance(inner, dict):
            raise _Unknown
        values = _texts(inner)
        constant = self._constant(frozenset(values))
        return f"({code} is not None and {code} {'' if holds else 'not '}in {constant})"

    def _function_value(self, inner: Any) -> Code | None:
        """A function that gives more than yes or no; None for the others."""
        match inner["function"]:
            case {"Sql": {"Binary": op}} if op in _WORKED or op in _DIVIDED:
                return self._worked(op, *inner["input"])
            case "MaxHorizontal" | "MinHorizontal":
                parts = [self.value(one) for one in inner["input"]]
                kind = _common({kind for _, kind in parts})
                if kind not in "fi":
                    raise _Unknown
                which = "_greatest" if inner["function"] == "MaxHorizontal" else "_least"
                whole = "i" if kind == "i" else ""
                return f"{which}{whole}({', '.join(code for code, _ in parts)})", kind
            case "FillNull" | "Coalesce":
                parts = [self.value(one) for one in inner["input"]]
                kind = _common({kind for _, kind in parts})
                return f"_first({', '.join(code for code, _ in parts)})", kind
            case _:
                return None

    def _worked(self, op: str, left: Any, right: Any) -> Code:
        (a, first), (b, second) = self.value(left), self.value(right)
        pair = {first, second}
        if op not in _DIVIDED and "i" in pair and pair <= {"i", "c"}:
            return f"_whole({a}, {b}, {_WORKED[op]!r})", "i"
        if op in ("Mul", "Multiply") and pair == {"d", "i"}:
            number, constant = (a, right) if first == "i" else (b, left)
            match constant:
                case {"Literal": {"Scalar": {"Decimal": [digits, _, scale]}}}:
                    return f"_scaled({number}, {digits}, {10**scale})", "d"
        if "f" not in pair or pair - {"f", "d", "i", "c"}:
            raise _Unknown
        if op in _DIVIDED:
            return f"_divided({a}, {b})", "f"
        return f"_worked({a}, {b}, {_WORKED[op]!r})", "f"

    def _constant(self, value: Any) -> str:
        """The name of a constant: written out, Python would warn of `5 is None`."""
        name = f"c{len(self.constants)}"
        self.constants[name] = value
        return name

    def _literal(self, inner: Any) -> Code:
        match inner:
            case {"Dyn": {"Int": int(number)}} if abs(number) < LARGEST:
                return self._constant(number), "c" if abs(number) < _SMALL else "i"
            case {"Dyn": {"Float": float(number)}} if math.isfinite(number):
                return self._constant(number), "f"
            case {"Scalar": {"Boolean": bool(truth)}}:
                return repr(truth), "b"
            case {"Scalar": {"String": str(text)}}:
                return self._constant(text), "s"
            case {"Scalar": {"Float64": float(number)}} if math.isfinite(number):
                return self._constant(number), "f"
            case {"Scalar": {"Decimal": [int(digits), int(_), int(scale)]}} if digits < LARGEST:
                return self._constant(digits / 10**scale), "d"
            case {"Scalar": "Null"} | {"Scalar": {"Null": _}}:
                return "None", "n"
            case _:
                raise _Unknown


def _common(kinds: set[str]) -> str:
    """The kind of one of several values; constants are of the others' kind."""
    kinds = kinds - {"n"}
    if kinds in ({"b"}, {"s"}, {"f"}, {"i"}):
        return next(iter(kinds))
    if "f" in kinds and kinds <= {"f", "d", "c"}:
        return "f"
    if kinds == {"i", "c"}:
        return "i"
    raise _Unknown


def _tree(expression: pl.Expr) -> Any:
    return json.loads(expression.meta.serialize(format="json"))


def _node(tree: Any) -> tuple[str, Any]:
    if not isinstance(tree, dict) or len(tree) != 1:
        raise _Unknown
    return next(iter(tree.items()))


def _texts(literal: Mapping[str, Any]) -> list[str]:
    """The values of a list literal, which is written as an Arrow stream."""
    try:
        table = pa.ipc.open_stream(bytes(literal["Series"])).read_all()
    except (KeyError, pa.ArrowInvalid) as error:
        raise _Unknown from error
    values: list[Any] = table.column(0).to_pylist()
    if len(values) == 1 and isinstance(values[0], list):
        values = values[0]
    if not all(isinstance(value, str) for value in values):
        raise _Unknown
    return values
