"""`fanzha features`: what is known of each row, what it means, how it is counted, who reads it."""

from __future__ import annotations

import csv
import difflib
import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fanzha.errors import Refused
from fanzha.settings import load

if TYPE_CHECKING:
    from fanzha.detection.catalogue import Catalogued

features = typer.Typer(help="特征目录。The catalogue of features.", no_args_is_help=True)


class Format(StrEnum):
    """How the list is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


class Lang(StrEnum):
    """In which language features are described."""

    ZH = "zh"
    EN = "en"


Stream = Annotated[
    str | None, typer.Option(help="只列该数据流或通道 of this stream, channel or rows only")
]
Key = Annotated[
    str | None,
    typer.Option(help="只列该键（如 caller、imei）的 over this key only, as caller, imei"),
]
FormatOption = Annotated[Format, typer.Option("--format", help="输出格式 format of the output")]
LangOption = Annotated[Lang, typer.Option(help="语言 language of the words")]
NameArgument = Annotated[str, typer.Argument(help="特征名 name of the feature")]


@features.command("list")
def listed(
    stream: Stream = None,
    key: Key = None,
    format: FormatOption = Format.TABLE,
    lang: LangOption = Lang.ZH,
) -> None:
    """列出特征。Every feature: name, what it means, unit, key, span and pane, source, readers."""
    chosen = [one for one in _all() if _of(one, stream) and _over(one, key)]
    if not chosen:
        raise Refused(
            "features_none", zh="没有这样的特征", en="there is no such feature",
            field="key" if key else "stream",
        )  # fmt: skip
    match format:
        case Format.JSON:
            for one in chosen:
                print(json.dumps(plain(one), ensure_ascii=False))
        case Format.CSV:
            rows = [plain(one) for one in chosen]
            writer = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows({k: _cell(v) for k, v in row.items()} for row in rows)
        case Format.MARKDOWN:
            print(markdown(chosen, lang))
        case Format.TABLE:
            _table(chosen, lang)


@features.command()
def show(name: NameArgument) -> None:
    """说明一个特征。All that is known of one feature, in both languages."""
    found = [one for one in _all() if one.name == name]
    if not found:
        near = difflib.get_close_matches(name, sorted({one.name for one in _all()}), n=3)
        raise Refused(
            "feature_unknown",
            zh=f"没有特征 {name[:60]}"
            + (f"；相近的有：{'、'.join(near)}" if near else "")
            + "；全部见 fanzha features list",
            en=f"there is no feature {name[:60]}"
            + (f"; near it: {', '.join(near)}" if near else "")
            + "; fanzha features list names all",
        )
    for place, one in enumerate(found):
        if place:
            print()
        print(f"{one.name}  ({one.channel}, {one.standing})")
        print(f"  {one.meaning.zh}\n  {one.meaning.en}")
        for label, value in plain(one).items():
            if value not in ("", [], None) and label not in _TOLD:
                print(f"  {label + ':':<11} {_cell(value)}")


_TOLD = ("name", "zh", "en", "channel", "standing")


def plain(one: Catalogued) -> dict[str, Any]:
    """One feature as plain data, in the order in which the columns stand."""
    window, feature = one.window, one.feature
    where = " AND ".join(
        part for part in (window and window.where, feature and feature.where) if part
    )
    return {
        "name": one.name,
        "zh": one.meaning.zh,
        "en": one.meaning.en,
        "unit": one.meaning.unit,
        "channel": one.channel,
        "rows": list(one.rows),
        "standing": str(one.standing),
        "stream": one.stream,
        "key": list(one.key),
        "over": window.over if window is not None else "",
        "step": window.step if window is not None else "",
        "kind": str(feature.kind) if feature is not None else "",
        "of": (feature.of or "") if feature is not None else "",
        "where": where,
        "made": one.made,
        "source": one.meaning.source,
        "cut_by": one.meaning.cut_by,
        "readers": [f"{r.rows}:{r.code}" for r in one.readers],
    }


def markdown(chosen: Sequence[Catalogued], lang: Lang = Lang.EN) -> str:
    """The list as tables, one a channel and standing; the page of features holds it."""
    parts: list[str] = []
    for channel in dict.fromkeys(one.channel for one in chosen):
        for standing in dict.fromkeys(one.standing for one in chosen if one.channel == channel):
            mine = [o for o in chosen if o.channel == channel and o.standing == standing]
            parts += [
                f"**{channel}, {standing}** ({len(mine)})",
                "",
                "| feature | what it is | unit | counted | source | read by |",
                "|---|---|---|---|---|---|",
                *(_row(one, lang) for one in mine),
                "",
            ]
    return "\n".join(parts).rstrip()


def _row(one: Catalogued, lang: Lang) -> str:
    words = one.meaning.zh if lang is Lang.ZH else f"{one.meaning.zh} · {one.meaning.en}"
    readers = ", ".join(dict.fromkeys(r.code for r in one.readers))
    cells = (f"`{one.name}`", words, one.meaning.unit, _counted(one), one.meaning.source, readers)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _counted(one: Catalogued) -> str:
    """Key, span and pane; or how it is made."""
    if one.window is None or one.feature is None:
        return one.made
    keys = " × ".join(key.removesuffix("_key") for key in one.key)
    if one.feature.kind in ("since", "last", "trail"):
        return f"{one.feature.kind}, {keys}"
    return f"{one.feature.kind}, {keys}, {one.window.over}/{one.window.step}"


def _table(chosen: Sequence[Catalogued], lang: Lang) -> None:
    """Name, unit, how it is counted, words: a line each."""
    for one in chosen:
        words = one.meaning.zh if lang is Lang.ZH else one.meaning.en
        mark = {"live": " ", "inner": "·", "catalogued": "○"}[one.standing]
        print(f"{mark} {one.name:<24} {one.meaning.unit:<8} {_counted(one):<40} {words}")
    print(f"{len(chosen)} · 供其他特征用 made into others  ○ 未实时计算 not counted live",
          file=sys.stderr)  # fmt: skip


def _all() -> tuple[Catalogued, ...]:
    from fanzha.detection.catalogue import catalogue

    return catalogue(_policies())


def _policies() -> Path:
    return load().policies


def _of(one: Catalogued, stream: str | None) -> bool:
    return stream is None or stream in (one.stream, one.channel, *one.rows)


def _over(one: Catalogued, key: str | None) -> bool:
    if key == "pair":
        return len(one.key) > 1
    return key is None or key.removesuffix("_key") in {k.removesuffix("_key") for k in one.key}


def _cell(value: Any) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)
