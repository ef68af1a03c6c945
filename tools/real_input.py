"""Real sets through `fanzha run`, beside their labels: the report of docs/real-input.md.

    .venv/bin/python -m tools.real_input --data ../shared/data --write docs/real-input.md

The texts and addresses are real; who sent and who received them is not known, so invented numbers
stand in. Nothing of a set is written into the report: mistakes are described.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from fanzha.detection.rate import Rate
from fanzha.values import reserved
from tools.steps import ROOT

_AT = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp() * 1000)
_WORST = 10
_SEED = 7


@dataclass(frozen=True)
class Given:
    """A set as records: one row an entry, with its label beside it."""

    name: str
    stream: str
    rows: pl.DataFrame
    scam: np.ndarray[tuple[int], np.dtype[np.bool_]]
    says: str


def main() -> None:
    """Make the records, run them, mark the findings, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--write", type=Path, default=None)
    parser.add_argument("--rows", type=int, default=40_000, help="of each URL set, at most")
    asked = parser.parse_args()
    page = [_HEAD]
    for given in (_texts(asked.data), _addresses(asked.data, asked.rows)):
        page.append(_section(given))
        print(page[-1], flush=True)
    if asked.write is not None:
        asked.write.write_text("\n".join(page), encoding="utf-8")


def _texts(data: Path) -> Given:
    frame = pl.read_parquet(data / "sms_zh_spam.parquet").unique("text", maintain_order=True)
    n = frame.height
    rows = pl.DataFrame(
        {
            "event_id": np.arange(1, n + 1, dtype=np.uint64),
            "at": _AT + np.arange(n, dtype=np.int64) * 5,
            "sender": [reserved.port(i) for i in range(n)],
            "recipient": [reserved.mobile(i) for i in range(n)],
            "body": frame["text"],
            "channel": ["sms"] * n,
        }
    )
    return Given(
        "sms_zh_spam",
        "texts",
        rows,
        (frame["spam"] == "1").to_numpy(),
        "Chinese SMS, **real**, digits masked by its publishers. Its label says *advert*, a\n"
        "finding says *fraud*: most adverts are no fraud, so recall ought to be low. What counts\n"
        "is how rarely an ordinary message is told, and that what is told is fraud.",
    )


def _addresses(data: Path, most: int) -> Given:
    rng = np.random.default_rng(_SEED)

    def some(file: str, column: str) -> list[str]:
        found = pl.read_parquet(data / file)[column].drop_nulls().unique(maintain_order=True)
        return found[np.sort(rng.permutation(len(found))[:most])].to_list()

    scam = [
        *some("urls_openphish.parquet", "url"),
        *some("domains_phishing_database.parquet", "domain"),
        *some("sites_tw165.parquet", "site"),
    ]
    ordinary = some("domains_top100k_benign.parquet", "domain")
    urls = [*scam, *ordinary]
    label = np.arange(len(urls)) < len(scam)
    order = rng.permutation(len(urls))
    n = len(urls)
    rows = pl.DataFrame(
        {
            "event_id": np.arange(1, n + 1, dtype=np.uint64),
            "at": _AT + np.arange(n, dtype=np.int64) * 5,
            "subscriber": [reserved.mobile(i) for i in range(n)],
            "url": [urls[k] for k in order],
        }
    )
    return Given(
        "openphish, phishing_database, tw165 against top100k",
        "visits",
        rows,
        label[order],
        "Phishing URLs and names, **real**, against popular names of 2016, **real**. Parts of two\n"
        "of the phishing sets trained the model, so recall here is kinder than on names it never\n"
        "saw: those figures, per set and shape against shape, are in docs/detection.md.",
    )


def _section(given: Given) -> str:
    with tempfile.TemporaryDirectory(prefix="fanzha-real-") as folder:
        records, out = Path(folder) / "rows.parquet", Path(folder) / "findings.ndjson"
        given.rows.write_parquet(records)
        begun = time.monotonic()
        done = subprocess.run(
            [
                str(ROOT / ".venv/bin/fanzha"), "run", f"--{given.stream}", str(records),
                "--findings", str(out), "--refused", str(Path(folder) / "refused.ndjson"),
            ],
            cwd=folder, stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        seconds = time.monotonic() - begun
        score, reasons = _told(out, len(given.rows))
    told = score > 0
    rates = {
        "precision": Rate(int((told & given.scam).sum()), int(told.sum())),
        "recall": Rate(int((told & given.scam).sum()), int(given.scam.sum())),
        "told among the rest": Rate(int((told & ~given.scam).sum()), int((~given.scam).sum())),
    }
    lines = [
        f"## {given.name}", "", given.says, "",
        f"    fanzha run --{given.stream} rows.parquet --findings findings.ndjson", "",
        "| figure | share | 95 % (Wilson) | of |", "|---|---|---|---|",
        *(f"| {name} | {_percent(r)} | {r.hits:,} of {r.of:,} |" for name, r in rates.items()),
        "", f"The whole command took {seconds:.0f} s. It printed:", "",
        *(f"    {line}" for line in done.stdout.strip().splitlines()), "",
        "The ten worst mistakes, described:", "",
        *_mistakes(given, score, reasons), "",
    ]  # fmt: skip
    return "\n".join(lines)


def _told(file: Path, n: int) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], list[str]]:
    """Highest score of an entry's findings, and the codes of its reasons."""
    score, reasons = np.zeros(n), [""] * n
    for line in file.read_text(encoding="utf-8").splitlines():
        finding = json.loads(line)
        place = finding["event_ids"][0] - 1
        if finding["score"] > score[place]:
            score[place] = finding["score"]
            reasons[place] = ", ".join(f"`{r['code']}`" for r in finding["reasons"][:4])
    return score, reasons


def _mistakes(
    given: Given, score: np.ndarray[tuple[int], np.dtype[np.float64]], reasons: Sequence[str]
) -> list[str]:
    """The surest false alarms, and misses by chance: a miss has no score to be sorted by."""
    rng = np.random.default_rng(_SEED)
    alarms = np.flatnonzero((score > 0) & ~given.scam)
    alarms = alarms[np.argsort(-score[alarms], kind="stable")][: _WORST // 2]
    misses = rng.permutation(np.flatnonzero((score == 0) & given.scam))[: _WORST - len(alarms)]
    column = "body" if given.stream == "texts" else "url"
    shape: Callable[[str], str] = _text_shape if given.stream == "texts" else _address_shape
    said = given.rows[column]
    lines = [
        f"{k}. false alarm, score {score[row]:.2f}; {shape(said[row])}; reasons {reasons[row]}"
        for k, row in enumerate(alarms.tolist(), 1)
    ]
    lines += [
        f"{k}. missed; {shape(said[row])}" for k, row in enumerate(misses.tolist(), len(alarms) + 1)
    ]
    return lines


def _text_shape(text: str) -> str:
    digits = sum(c.isdigit() or c == "x" for c in text)
    link = "with an address" if "http" in text or "www" in text else "without an address"
    return f"{len(text)} characters, {digits} digits or masks, {link}"


def _address_shape(url: str) -> str:
    rest = url.partition("://")[2] or url
    host, _, path = rest.partition("/")
    deep = f"path of {len(path)} characters" if path else "no path"
    last = host.rpartition(".")[2]
    return f"{host.count('.') + 1} labels under .{last}, {len(host)} characters, {deep}"


def _percent(rate: Rate) -> str:
    low, high = rate.interval
    digits = 1 if rate.share >= 0.02 else 3
    return f"{100 * rate.share:.{digits}f} % | {100 * low:.{digits}f} – {100 * high:.{digits}f} %"


_HEAD = """# Real input

Real sets through the whole road of `fanzha run`: reader, door, event log, engine, database. Made by

    .venv/bin/python -m tools.real_input --data ../shared/data --write docs/real-input.md

The texts and addresses are **real**; senders, recipients and subscribers are invented, one a row,
because the sets do not say who they were. So few warnings are to be expected: a warning is about
what happens to one person. Nothing here is quoted from a set. What each channel was trained on, and
figures per set, stand in docs/detection.md.
"""


if __name__ == "__main__":
    main()
