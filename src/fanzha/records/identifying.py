"""Identifier columns at the door: each distinct text is read once; normal form, key, kind."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fanzha.errors import Refused
from fanzha.records.casts import Mask, mask_of, nulls_of
from fanzha.records.keying import keys_of
from fanzha.records.schemas import KINDED, Identifier
from fanzha.values import account, cell, citizen_id, imei, imsi, organisation_code, url
from fanzha.values.account import AccountKind
from fanzha.values.phone_number import ANONYMOUS, NumberKind, read
from fanzha.values.writing import fold, tight

#: Kinds of every identifier that has them; their place is their code in the dictionary column.
#: `alias` is a sender that is a name; `account` is a line known by its account, not its number.
KINDS: Final[tuple[str, ...]] = (*NumberKind, "alias", "account", *AccountKind)
_KIND_CODE = {kind: np.int8(code) for code, kind in enumerate(KINDS)}
_KIND_VALUES = pa.array([str(kind) for kind in KINDS], pa.string())
#: Distinct texts remembered per identifier between batches.
_REMEMBERED = 1 << 17
#: What an identifier that cannot be read keeps of the text, where the row is taken nevertheless.
_KEPT = 64

#: What one text came to: normal form, kind ("" where there are none), the refusal if refused.
Reading = tuple[str, str, Refused | None]


@dataclass(frozen=True, slots=True)
class Identified:
    """One identifier column, row by row. `failures` says which rows were refused by which rule."""

    normals: pa.Array
    keys: npt.NDArray[np.uint64]
    kinds: pa.Array | None
    failures: list[tuple[Mask, Refused]]


def identify(array: pa.Array, identifier: Identifier, *, lenient: bool) -> Identified:
    """Reads a column of texts. `lenient` takes what cannot be read as it is, cleaned and cut:
    equipment and callers present themselves, and a false one is a finding, not a broken row."""
    if array.null_count == len(array):
        empty = np.ones(len(array), bool)
        keys = np.zeros(len(array), np.uint64)
        return Identified(array, keys, _kind_column(keys.astype(np.int8), empty, identifier), [])
    encoded = array.dictionary_encode()
    places = encoded.indices
    normals, codes, failed = _read_distinct(encoded.dictionary, identifier, lenient)
    empty = nulls_of(places)
    taken = places.fill_null(0).to_numpy(zero_copy_only=False)
    keys = _keys(normals, codes, identifier)[taken]
    keys[empty] = 0
    failures = [(np.isin(taken, which) & ~empty, failed[which[0]]) for which in _by_rule(failed)]
    return Identified(
        normals.take(places), keys, _kind_column(codes[taken], empty, identifier), failures
    )


def _by_rule(failed: dict[int, Refused]) -> list[list[int]]:
    """Places in the dictionary that broke one rule, a list for each rule."""
    groups: dict[str, list[int]] = {}
    for place, error in failed.items():
        groups.setdefault(error.code, []).append(place)
    return list(groups.values())


def _kind_column(
    codes: npt.NDArray[np.int8], empty: Mask, identifier: Identifier
) -> pa.Array | None:
    if identifier not in KINDED:
        return None
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=empty), _KIND_VALUES)


def _keys(
    normals: pa.Array, codes: npt.NDArray[np.int8], identifier: Identifier
) -> npt.NDArray[np.uint64]:
    """Numbers share one key space in whatever column they stand, so that streams join on them."""
    if identifier not in _SPACES:
        return keys_of(identifier.value, normals)
    keys = keys_of(_SPACES[identifier], normals)
    others = (codes == _KIND_CODE["alias"]) | (codes == _KIND_CODE["account"])
    if others.any():
        keys = np.where(others, keys_of(identifier.value, normals), keys)
    withheld = codes == _KIND_CODE[NumberKind.MALFORMED]
    if withheld.any():
        keys[withheld & mask_of(pc.equal(normals, ANONYMOUS))] = 0
    return keys


_SPACES = {
    Identifier.NUMBER: "number",
    Identifier.SUBSCRIBER: "number",
    Identifier.SENDER: "number",
}


def _read_distinct(
    distinct: pa.Array, identifier: Identifier, lenient: bool
) -> tuple[pa.Array, npt.NDArray[np.int8], dict[int, Refused]]:
    """Plain forms by pattern over the whole column, the rest one by one through a cache."""
    plain, normals, codes = _plain_forms(distinct, identifier)
    rest = np.flatnonzero(~plain)
    failed: dict[int, Refused] = {}
    if not len(rest):
        return normals, codes, failed
    reader = _READERS[identifier]
    texts = []
    for place, text in zip(
        rest.tolist(), distinct.filter(pa.array(~plain)).to_pylist(), strict=True
    ):
        normal, kind, error = reader(text)
        if error is not None and not lenient:
            failed[place] = error
        texts.append(normal)
        codes[place] = _KIND_CODE.get(kind, 0)
    if len(rest) == len(distinct):
        return pa.array(texts, pa.string()), codes, failed
    normals = pc.replace_with_mask(normals, pa.array(~plain), pa.array(texts, pa.string()))
    return normals, codes, failed


_MOBILE = r"^(?:\+?86|0086)?1[3-9][0-9]{9}$"
#: Texts of these forms are their own normal form.
_NORMAL_FORMS = {
    Identifier.IMSI: r"^46[01][0-9]{12}$",
    Identifier.CELL: r"^[0-9]{3}-[0-9]{2,3}-(?:0|[1-9][0-9]{0,6})-(?:0|[1-9][0-9]{0,9})$",
    Identifier.ACCOUNT: r"^[0-9]{12}:[0-9]{1,64}$",
    Identifier.DISTRICT: r"^[1-9][0-9]{5}$",
    Identifier.TOKEN: r"^[0-9A-Za-z_.-]{1,64}$",
    Identifier.IMEI: r"^[0-9]{15}$",
}


def _plain_forms(
    distinct: pa.Array, identifier: Identifier
) -> tuple[Mask, pa.Array, npt.NDArray[np.int8]]:
    codes = np.zeros(len(distinct), np.int8)
    if identifier in _SPACES:
        plain = mask_of(pc.match_substring_regex(distinct, _MOBILE))
        prefix = pa.scalar("+86")
        digits = pc.utf8_slice_codeunits(distinct, -11)
        normals = pc.binary_join_element_wise(prefix, digits, "")
        iot = pc.or_(pc.starts_with(digits, "146"), pc.starts_with(digits, "148"))
        codes[mask_of(iot)] = _KIND_CODE[NumberKind.IOT]
        return plain, normals, codes
    form = _NORMAL_FORMS.get(identifier)
    if form is None:
        return np.zeros(len(distinct), bool), distinct, codes
    plain = mask_of(pc.match_substring_regex(distinct, form))
    if identifier is Identifier.IMEI:
        plain = _with_check_digit(distinct, plain)
    if identifier is Identifier.ACCOUNT:
        codes[:] = _KIND_CODE[AccountKind.BANK]
    return plain, distinct, codes


_DOUBLED = np.array([0, 2, 4, 6, 8, 1, 3, 5, 7, 9], np.int16)


def _with_check_digit(distinct: pa.Array, plain: Mask) -> Mask:
    """Which of the 15-digit texts carry the right Luhn digit, all at once."""
    texts = pc.filter(distinct, pa.array(plain)).to_numpy(zero_copy_only=False).astype("S15")
    if not len(texts):
        return plain
    digits = (texts.view(np.uint8).reshape(-1, 15) - 48).astype(np.int16)
    total = digits[:, 0:14:2].sum(1) + _DOUBLED[digits[:, 1:14:2]].sum(1)
    right = (digits[:, 14] == -total % 10) & digits[:, :14].any(1)
    out = plain.copy()
    out[plain] = right
    return out


def _kept(text: str) -> str:
    """An identifier that cannot be read, as far as it is kept."""
    return tight(text, _KEPT)


def _remembered(reader: Callable[[str], Reading]) -> Callable[[str], Reading]:
    return functools.lru_cache(maxsize=_REMEMBERED)(reader)


@_remembered
def _read_number(text: str) -> Reading:
    normal, kind, _ = read(text)
    return normal, kind, _NOT_A_NUMBER if kind is NumberKind.MALFORMED else None


@_remembered
def _read_sender(text: str) -> Reading:
    normal, kind, _ = read(text)
    if kind is NumberKind.MALFORMED and normal != ANONYMOUS and any(map(str.isalpha, normal)):
        return _kept(text), "alias", None
    return normal, kind, None


@_remembered
def _read_subscriber(text: str) -> Reading:
    normal, kind, _ = read(text)
    if kind is not NumberKind.MALFORMED:
        return normal, kind, None
    kept = _kept(text)
    return kept, "account", None if kept else _EMPTY


@_remembered
def _read_account(text: str) -> Reading:
    try:
        parsed = account.parse(text)
    except Refused as error:
        return _kept(text), AccountKind.BANK, _bare(error)
    return parsed.normal, parsed.kind, None


@_remembered
def _read_holder(text: str) -> Reading:
    """A citizen id or an organisation code; passports and permits stay as they are, in capitals."""
    for parse in (citizen_id.parse, organisation_code.parse):
        try:
            return parse(text).normal, "", None
        except Refused:
            continue
    kept = _kept(text).upper()
    return kept, "", None if kept else _EMPTY


@_remembered
def _read_name(text: str) -> Reading:
    """A name as it is written, in one width and without blanks at its ends or doubled."""
    return " ".join(fold(text).split()) or text, "", None


@_remembered
def _read_token(text: str) -> Reading:
    kept = fold(text)
    return kept, "", None if 0 < len(kept) <= 128 and kept.isprintable() else _EMPTY


@_remembered
def _read_district(text: str) -> Reading:
    kept = _kept(text)
    fits = len(kept) == 6 and kept.isascii() and kept.isdigit() and kept[0] != "0"
    return kept, "", None if fits else _NOT_A_DISTRICT


def _by_parser(
    parse: Callable[[str], imsi.Imsi | imei.Imei | cell.Cell | url.Url],
) -> Callable[[str], Reading]:
    @_remembered
    def reader(text: str) -> Reading:
        try:
            return parse(text).normal, "", None
        except Refused as error:
            return _kept(text), "", _bare(error)

    return reader


def _bare(error: Refused) -> Refused:
    """The refusal without its traceback, which would keep frames alive in the cache."""
    return Refused(error.code, zh=error.zh, en=error.en, field=error.field)


_EMPTY = Refused("identifier_empty", zh="标识为空", en="the identifier is empty")
_NOT_A_DISTRICT = Refused(
    "district_form", zh="行政区划须为 6 位代码", en="a district is a code of six digits"
)
_NOT_A_NUMBER = Refused(
    "number_malformed",
    zh="不是有效的电话号码：须为国内号码、服务号码或带国际前缀的境外号码",
    en="not a phone number: give a domestic, a service or a prefixed international number",
)
_READERS: Final[dict[Identifier, Callable[[str], Reading]]] = {
    Identifier.NUMBER: _read_number,
    Identifier.SENDER: _read_sender,
    Identifier.SUBSCRIBER: _read_subscriber,
    Identifier.ACCOUNT: _read_account,
    Identifier.HOLDER: _read_holder,
    Identifier.NAME: _read_name,
    Identifier.TOKEN: _read_token,
    Identifier.DISTRICT: _read_district,
    Identifier.IMSI: _by_parser(imsi.parse),
    Identifier.IMEI: _by_parser(imei.parse),
    Identifier.CELL: _by_parser(cell.parse),
    Identifier.URL: _by_parser(url.parse),
}
