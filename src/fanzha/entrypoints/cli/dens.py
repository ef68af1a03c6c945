"""`fanzha score dens`: places of GoIP gateways, SIM boxes, modem pools and bridged phones."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fanzha.errors import Refused

if TYPE_CHECKING:
    import polars as pl

    from fanzha.detection.den.find import Den
    from fanzha.detection.den.leads import JoinedLeads, Lead
    from fanzha.entrypoints.cli.rows import Progress

__all__ = ["score"]

Calls = Annotated[Path, typer.Option(help="通话记录 call records; - = stdin")]
Lines = Annotated[Path | None, typer.Option(help="号卡记录 line records")]
Texts = Annotated[Path | None, typer.Option(help="短信记录 text records")]
Leads = Annotated[Path | None, typer.Option(help="线索核查 lead checks: lead, number, address …")]
Model = Annotated[
    Path | None, typer.Option(help="自定 den-v1*.yaml 的目录 folder of den-v1*.yaml of your own")
]
Out = Annotated[str, typer.Option(help="结果 answers: JSONL, Parquet; - = stdout")]


def score(
    calls: Calls,
    lines: Lines = None,
    texts: Texts = None,
    leads: Leads = None,
    out: Out = "-",
    model: Model = None,
) -> None:
    """窝点：成员、类型、基站范围与依据，按急缓排序。Dens located, with reasons, ranked."""
    import polars as pl

    from fanzha.detection.call.filed import load_filed_numbers
    from fanzha.detection.den.find import Dens
    from fanzha.detection.den.leads import join_leads
    from fanzha.entrypoints.cli.admitted import admitted
    from fanzha.entrypoints.cli.rows import Progress, Writer, told
    from fanzha.entrypoints.cli.whole import apart, once
    from fanzha.settings import load

    once(calls, lines, texts, leads)
    apart(out, calls, lines, texts, leads)
    folder = load().policies / "detection"
    dens = Dens.load(model or folder)
    filed = load_filed_numbers(folder / "filed-numbers.yaml")
    told(f"{dens.signals.detector} {dens.signals.version}")
    progress = Progress("记录", "records")
    faults: list[dict[str, Any]] = []
    frames: dict[str, pl.DataFrame | None] = {}
    for stream, path in {"call": calls, "line": lines, "text": texts}.items():
        frames[stream] = None if path is None else admitted(path, stream, faults, progress)
    call = frames["call"]
    assert call is not None
    found = dens.find(call, frames["line"], frames["text"], filed=filed.holds(pl.col("number")))
    checks = [] if leads is None else _leads(leads, faults, progress)
    joined = join_leads(checks, found, measures=dens.measures)
    with Writer(out) as writer:
        writer.write(_answers(found, joined, faults))
    progress.done()
    spots = sum(den.place.known for den in found)
    said = f"窝点 dens {len(found):,}，可定位 located {spots:,}"
    typer.echo(f"{said}；坏行 bad rows {len(faults):,}", err=True)


def _leads(path: Path, faults: list[dict[str, Any]], progress: Progress) -> list[Lead]:
    """Lead checks with their identifiers in normal form; one that cannot be read is a fault."""
    import polars as pl

    from fanzha.detection.den.leads import Lead
    from fanzha.entrypoints.cli.rows import read_rows
    from fanzha.values import cell, imei, phone_number

    text = ("lead", "number", "at", "address", "cell", "imei")
    kinds: dict[str, Any] = {**dict.fromkeys(text, pl.String), "linked": pl.List(pl.String)}
    found = []
    for part in read_rows(str(path), kinds):
        progress.add(part.frame.height + len(part.faults))
        for line, zh, en in part.faults:
            faults.append({"file": path.name, "line": line, "error": f"{zh} {en}"})
        for line, row in zip(part.lines, part.frame.to_dicts(), strict=True):
            try:
                found.append(
                    Lead(
                        lead=row["lead"] or str(line),
                        number=phone_number.parse(row["number"] or "").normal,
                        at=_instant(row["at"]),
                        address=_address(row["address"]),
                        cell=cell.parse(row["cell"]).normal if row["cell"] else None,
                        imei=imei.parse(row["imei"]).normal if row["imei"] else None,
                        linked=tuple(
                            phone_number.parse(one).normal for one in row["linked"] or () if one
                        ),
                    )
                )
            except Refused as refusal:
                said = f"{refusal.zh} {refusal.en}"
                faults.append({"file": path.name, "line": line, "error": said})
    return found


def _address(text: str | None) -> str | None:
    """As it came. `Refused` where it is no address by its length."""
    from fanzha.detection.den.leads import ADDRESS_MOST

    if text is not None and len(text) > ADDRESS_MOST:
        raise Refused(
            "address_long",
            zh=f"地址最长 {ADDRESS_MOST} 个字符",
            en=f"an address has at most {ADDRESS_MOST} characters",
            field="address",
        )
    return text


def _instant(text: str | None) -> int:
    """ISO 8601 or ms as ms UTC; 0 where absent."""
    if not text:
        return 0
    if text.isascii() and text.isdigit() and len(text) <= 15:
        return int(text)
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused(
            "instant_malformed", zh="时间须为 ISO 8601", en="give the time as ISO 8601", field="at"
        ) from error
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)


def _answers(
    found: list[Den], joined: list[JoinedLeads], faults: list[dict[str, Any]]
) -> pl.DataFrame:
    """Dens in their order, then groups of leads, then the rows that could not be read."""
    import polars as pl

    text, number = pl.String, pl.Float64
    reason = pl.Struct({"code": text, "zh": text, "en": text, "part": number})
    kinds: dict[str, Any] = {
        "rank": pl.Int64, "what": text, "kind": text, "kind_zh": text, "kind_en": text,
        "score": number, "urgency": number, "members": pl.List(text), "devices": pl.List(text),
        "cells": pl.List(pl.Struct({"cell": text, "probability": number})),
        "area": pl.List(text), "area_holds": number, "located": pl.Boolean,
        "latest_cell": text,
        "first_seen": pl.Datetime("ms", "UTC"), "last_seen": pl.Datetime("ms", "UTC"),
        "reached": pl.Int64, "reasons": pl.List(reason), "missing": pl.List(text),
        "leads": pl.List(text), "dens": pl.List(pl.Int64), "addresses": pl.List(text),
        "file": text, "line": pl.Int64, "error": text,
    }  # fmt: skip
    by_den = {n: one.leads for one in joined for n in one.dens}
    rows = [_den_row(rank, den, by_den.get(rank - 1, ())) for rank, den in enumerate(found, 1)]
    rows += [
        {
            "what": "leads",
            "leads": list(one.leads),
            "dens": [n + 1 for n in one.dens],
            "addresses": list(one.addresses),
            "area": list(one.cells),
            "reasons": [{"code": c, "zh": zh, "en": en, "part": None} for c, zh, en in one.why],
        }
        for one in joined
    ]
    return pl.DataFrame([*rows, *faults], schema=kinds)


def _den_row(rank: int, den: Den, leads: tuple[str, ...]) -> dict[str, Any]:
    return {
        "rank": rank,
        "what": "den",
        "kind": den.kind.value,
        "kind_zh": den.kind.zh,
        "kind_en": den.kind.en,
        "score": den.score,
        "urgency": den.urgency,
        "members": list(den.members),
        "devices": list(den.devices),
        "cells": [{"cell": c, "probability": p} for c, p in den.place.cells],
        "area": list(den.place.area),
        "area_holds": den.place.area_holds,
        "located": den.place.known,
        "latest_cell": den.place.latest,
        "first_seen": datetime.fromtimestamp(den.first_seen / 1000, UTC),
        "last_seen": datetime.fromtimestamp(den.last_seen / 1000, UTC),
        "reached": den.reached,
        "reasons": [{"code": r.code, "zh": r.zh, "en": r.en, "part": r.part} for r in den.reasons],
        "missing": list(den.missing),
        "leads": list(leads),
    }
