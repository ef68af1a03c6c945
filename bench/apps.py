"""APKs read and judged a second, one after another, each in a process of its own with limits."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from androguard.core.apk import APK
from androguard.core.dex import DEX
from loguru import logger

from bench.running.figure import Figure
from bench.running.machine import on_one_core
from fanzha.adapters.apk.reader import ApkReader
from fanzha.detection.app.static.channel import StaticApps, Verdict
from fanzha.detection.app.static.facts import facts_of
from tests.adapters.apk.building import LABEL, apk, dex, key, manifest, resources

POLICIES = Path(__file__).resolve().parent.parent / "policies" / "detection"
FILES, STRINGS, ROWS = 6, 5_000, 2_000


def run(*, quick: bool = False) -> Figure:
    """Files in, verdicts out; beside it rows of facts in, verdicts out."""
    core = on_one_core()
    logger.remove()
    apps = StaticApps(POLICIES)
    files, rows = (4, 1_000) if quick else (FILES, ROWS)
    with tempfile.TemporaryDirectory() as folder, ApkReader() as reader:
        paths = _made(Path(folder), files, STRINGS // 20 if quick else STRINGS)
        reader.read(paths[0])
        facts = [facts_of(reader.read(path)) for path in paths]
        many = [facts[n % len(facts)] for n in range(rows)]
        ours, theirs, judged = [], [], []
        for _ in range(3):
            ours.append(_rate(files, lambda: [_ours(reader, apps, path) for path in paths]))
            theirs.append(_rate(files, lambda: [_theirs(path) for path in paths]))
            judged.append(_rate(rows, lambda: apps.judge(many)))
    return Figure(
        name="apps",
        ours=statistics.median(ours),
        unit="APKs/s",
        peers={"androguard in this process: label, strings of code": statistics.median(theirs)},
        also={"rows_of_facts_per_second": statistics.median(judged)},
        settings={
            "core": f"one ({core})",
            "files": f"{files} made ones, signed, {STRINGS:,} strings of code, a resource table",
            "clock": "time passed, as the work is in another process",
            "peer": "no limits, no verdict, certificates not read",
        },
    )


def _made(folder: Path, files: int, strings: int) -> list[Path]:
    signer = key()
    out = []
    for n in range(files):
        package = f"com.xinyi.bench{n}"
        code = dex([_string(i, n) for i in range(strings)])
        held = {
            "classes.dex": code,
            "resources.arsc": resources(package, {"": "Bench", "zh": "样例"}),
        }
        path = folder / f"{n}.apk"
        path.write_bytes(apk(manifest(package, LABEL), held, v1=signer, v2=signer))
        out.append(path)
    return out


def _string(i: int, n: int) -> str:
    """Addresses, names of classes and other texts, as code has them."""
    if i % 9 == 0:
        return f"https://h{i % 50}.example/{i}"
    return f"Lcom/a{i % 200}/b/C{i};" if i % 2 else f"some text number {i} of {n}"


def _ours(reader: ApkReader, apps: StaticApps, path: Path) -> list[Verdict]:
    return apps.judge([facts_of(reader.read(path))])


def _theirs(path: Path) -> list[object]:
    held = APK(str(path))
    strings = [DEX(code).get_strings() for code in held.get_all_dex()]
    return [held.get_app_name(), held.get_permissions(), *strings]


def _rate(items: int, work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return items / (time.perf_counter() - begun)
