"""Links: what standard tools reach and what ours reach on the same rows, nothing seen before.

`python -m bench.quality.links --data DIR --standin FILE` (FILE: `debian.txt` of `links_harvest`).
Rows are split by registered name, a fifth held out, the same fold for a name in every set. The
baseline is TF-IDF over runs of 2–5 characters with logistic regression (scikit-learn). Listed
organisations' own names are left out of what is measured, since our policies name them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.link.ranking.columns import host_keys, name_keys, path_keys
from fanzha.detection.link.ranking.measure import ranking
from fanzha.detection.link.ranking.model import Ranker
from fanzha.detection.link.ranking.standins import package_paths
from fanzha.detection.link.ranking.train import train
from fanzha.detection.link.v1.address import CODE, FLAGS, HOST, HOST_END, VALID
from fanzha.detection.link.v1.names import Addresses
from fanzha.detection.link.v1.sets import ORDINARY, SCAM, fingerprint, part_of, read_column
from fanzha.detection.link.v1.tables import POLICIES, Tables, load_tables
from fanzha.detection.model_file import ModelFile, write_model

Bools = npt.NDArray[np.bool_]
F64 = npt.NDArray[np.float64]
_HELD_OUT_FROM = 8
_FULL_A_SITE = 3


@dataclass(frozen=True, eq=False)
class Rows:
    """Addresses with what they are, where from, and whether they are held out."""

    urls: list[str]
    addresses: Addresses
    scam: Bools
    source: npt.NDArray[np.str_]
    held_out: Bools

    def of(self, rows: npt.NDArray[np.intp], tables: Tables) -> Rows:
        urls = [self.urls[row] for row in rows.tolist()]
        return Rows(
            urls, tables.names.take_apart(urls), self.scam[rows], self.source[rows],
            self.held_out[rows],
        )  # fmt: skip


def read(data: Path, tables: Tables) -> Rows:
    """All rows of all sets, each address of a set once."""
    urls: list[str] = []
    source: list[str] = []
    for key, one in (*ORDINARY.items(), *SCAM.items()):
        found = list(dict.fromkeys(read_column(data, one)))
        urls += found
        source += [key] * len(found)
    addresses = tables.names.take_apart(urls)
    kept = np.flatnonzero(addresses.parts[:, FLAGS] & VALID)
    names = name_keys(addresses.data, addresses.offsets, addresses.parts)
    part = np.array([part_of(str(key)) for key in names.tolist()])
    scam = np.isin(source, list(SCAM))
    whole = Rows(urls, addresses, scam, np.array(source), part >= _HELD_OUT_FROM)
    return whole.of(kept, tables)


def hosts(rows: Rows) -> list[str]:
    """What the baseline reads of a name: the host without a leading `www.`."""
    taken = rows.addresses
    found = (taken.text(row, HOST, HOST_END) for row in range(len(taken)))
    return [host.removeprefix("www.") for host in found]


def each_host_once(rows: Rows) -> npt.NDArray[np.intp]:
    """First rows of hosts that stand on one side only."""
    taken = rows.addresses
    keys = host_keys(taken.data, taken.offsets, taken.parts)
    unique, first, place = np.unique(keys, return_index=True, return_inverse=True)
    scams, many = np.bincount(place, weights=rows.scam), np.bincount(place)
    return np.sort(first[(unique != 0) & ((scams == 0) | (scams == many))])


def baseline(train_on: Sequence[str], scam: Bools, ask: Sequence[str]) -> F64:
    """Scores of `ask`."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    runs = TfidfVectorizer(
        analyzer="char", ngram_range=(2, 5), min_df=3, sublinear_tf=True, max_features=400_000,
        dtype=np.float32,
    )  # fmt: skip
    model = LogisticRegression(C=4.0, solver="liblinear", max_iter=30)
    model.fit(runs.fit_transform(train_on), scam)
    scores: F64 = model.decision_function(runs.transform(ask))
    return scores


def full_addresses(rows: Rows, standin: Path, tables: Tables) -> tuple[list[str], Bools]:
    """OpenPhish addresses with a path, held out, against ordinary ones with a path, a few a site.
    Ordinary ones whose path the shipped list has are left out."""
    taken = rows.addresses
    path = path_keys(taken.data, taken.offsets, taken.parts) != 0
    scam = [rows.urls[r] for r in np.flatnonzero(path & rows.held_out & rows.scam).tolist()]
    known = set(package_paths())
    ordinary = standin.read_text(encoding="utf-8").split()
    ordinary = [
        url for url in ordinary if url.split("/", 3)[3].partition("#")[0][:160] not in known
    ]
    out: list[str] = []
    for urls in (scam, ordinary):
        found = tables.names.take_apart(urls)
        names = name_keys(found.data, found.offsets, found.parts)
        has = path_keys(found.data, found.offsets, found.parts) != 0
        frame = pl.DataFrame({"name": names, "url": urls}).filter(has)
        few = frame.group_by("name", maintain_order=True).head(_FULL_A_SITE)["url"].to_list()
        out += few
        if urls is scam:
            many = len(few)
    return out, np.arange(len(out)) < many


def ship(data: Path, rows: Rows, tables: Tables) -> ModelFile:
    """The model that ships: of the sets whose terms allow it, a fifth of their names held out."""
    allowed = {k: s for k, s in (*SCAM.items(), *ORDINARY.items()) if s.may_train}
    kept = ~rows.held_out & np.isin(rows.source, list(allowed))
    trained = rows.of(np.flatnonzero(kept), tables)
    made = train(trained.addresses, trained.scam, tables)
    about = {
        **made.about,
        "command": "python -m bench.quality.links --data DIR --ship FILE",
        "sets_sha256": {one.file: fingerprint(data / one.file) for one in allowed.values()},
    }
    return ModelFile(made.kind, about, made.arrays, made.texts)


def measure(data: Path, standin: Path, keep: Path | None) -> dict[str, Any]:
    """Figures by row and by who scored."""
    tables = load_tables(POLICIES)
    rows = read(data, tables)
    training = rows.of(np.flatnonzero(~rows.held_out), tables)
    _say(f"{len(training.urls):,} rows to train on")
    user = train(training.addresses, training.scam, tables)
    shipped = ship(data, rows, tables)
    for name, model in (("user", user), ("shipped", shipped)):
        if keep:
            write_model(keep / f"{name}.model", model)
    _say("trained")
    names = rows.of(each_host_once(rows), tables)
    names_train = names.of(np.flatnonzero(~names.held_out), tables)
    unlisted = names.addresses.parts[:, CODE] <= 0
    test = names.of(np.flatnonzero(names.held_out & unlisted), tables)
    out: dict[str, Any] = {"names": {}, "full": {}, "path_presence": {}}
    theirs = baseline(hosts(names_train), names_train.scam, hosts(test))
    rankers = {"user": _ranker(user, tables), "shipped": _ranker(shipped, tables)}
    out["names"]["baseline"] = _by_source(theirs, test)
    for name, ranker in rankers.items():
        out["names"][name] = _by_source(ranker.score(test.addresses).score, test)
    urls, scam = full_addresses(rows, standin, tables)
    bare = [url.split("://")[-1] for url in training.urls]
    out["full"]["baseline"] = _figures(
        baseline(bare, training.scam, [u.split("://")[-1] for u in urls]), scam
    )
    taken = tables.names.take_apart(urls)
    for name, ranker in rankers.items():
        ranked = ranker.score(taken)
        out["full"][name] = _figures(ranked.score, scam)
        fresh = ~ranker.seen(taken)
        out["full"][f"{name}, names never trained on"] = _figures(ranked.score[fresh], scam[fresh])
        out["full"][f"{name}, name alone"] = _figures(ranked.name.astype(np.float64), scam)
        out["full"][f"{name}, path alone"] = _figures(ranked.path.astype(np.float64), scam)
    ordinary = [urls[row] for row in np.flatnonzero(~scam).tolist()]
    alone = [url.split("/")[2] for url in ordinary]
    for name, ranker in rankers.items():
        pairs = tables.names.take_apart(alone + ordinary)
        with_path = np.arange(2 * len(ordinary)) >= len(ordinary)
        out["path_presence"][name] = _figures(ranker.score(pairs).score, with_path)
    return out


def _ranker(model: ModelFile, tables: Tables) -> Ranker:
    return Ranker.of(model, tables, POLICIES)


def _by_source(scores: F64, rows: Rows) -> dict[str, Any]:
    out = {"all": _figures(scores, rows.scam)}
    for source in SCAM:
        kept = ~rows.scam | (rows.source == source)
        out[source] = _figures(scores[kept], rows.scam[kept])
    return out


def _figures(scores: F64, scam: Bools) -> dict[str, Any] | None:
    found = ranking(scores, scam)
    return found.as_json() if found else None


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--standin", type=Path, help="ordinary full addresses")
    parser.add_argument("--ship", type=Path, help="only train the model that ships, write it here")
    parser.add_argument("--keep", type=Path, help="folder to keep the two models in")
    asked = parser.parse_args()
    if asked.ship:
        tables = load_tables(POLICIES)
        write_model(asked.ship, ship(asked.data, read(asked.data, tables), tables))
        return
    if not asked.standin:
        parser.error("--standin or --ship")
    if asked.keep:
        asked.keep.mkdir(parents=True, exist_ok=True)
    found = measure(asked.data, asked.standin, asked.keep)
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
