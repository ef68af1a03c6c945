"""What is fuzzed among the readers of texts: identifiers, addresses, messages, policy files."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

from fanzha.detection.link.v1.address import FLAGS, HOST, HOST_END, PORT, VALID
from fanzha.detection.link.v1.names import names_table
from fanzha.detection.text.v1.normal import Normaliser
from fanzha.errors import Misconfigured, Refused
from fanzha.values import (
    account,
    bank_card,
    cell,
    citizen_id,
    dns_name,
    imei,
    imsi,
    instant,
    money,
    organisation_code,
    phone_number,
    reserved,
    url,
    wallet,
)
from tools.soak.mutate import broken, like, text
from tools.steps import ROOT

Case = Callable[[Random], None]
POLICIES = ROOT / "policies"

_PARSERS: dict[str, Callable[[str], Any]] = {
    "account": account.parse,
    "bank_card": bank_card.parse,
    "cell": cell.parse,
    "citizen_id": citizen_id.parse,
    "dns_name": dns_name.parse,
    "imei": imei.parse,
    "imsi": imsi.parse,
    "instant": instant.parse,
    "money": money.parse,
    "organisation_code": organisation_code.parse,
    "phone_number": phone_number.parse,
    "cli": phone_number.parse_cli,
    "url": url.parse,
    "wallet": wallet.parse,
}


def _good(chance: Random) -> str:
    """Something one of the parsers takes."""
    n = chance.randrange(499)
    bank = chance.choice(list(reserved.BANKS))
    return chance.choice(
        (
            reserved.mobile(n), reserved.overseas(n), reserved.port(n), reserved.imsi(n),
            reserved.imei(n, reserved.tac(1)), reserved.bank_account(n, bank),
            reserved.citizen_id(n, date(1970, 3, 1), "F", "470102"), reserved.cell(1, n),
            reserved.dns_name("a"), f"https://me@{reserved.dns_name('b')}:8443/a?b=c#d",
            "2026-11-20T02:13:49.120Z", "2026-11-20 10:13:49+08:00", "1790000000000",
            "¥12,345.67", "人民币壹万贰仟叁佰元陆角柒分", "TJRyWwFs9wTFGZg3JbrVriFbNfCug5tDeC",
            "0x52908400098527886E0F7030069857D2E4169EE7", "http://[::1]:80/", "xn--55qx5d.cn",
        )
    )  # fmt: skip


@contextmanager
def identifiers() -> Iterator[Case]:
    """Each parser refuses, without telling digits, or gives a normal form that is its own."""

    def case(chance: Random) -> None:
        parse = _PARSERS[chance.choice(list(_PARSERS))]
        given = like(chance, _good(chance)) if chance.random() < 0.6 else text(chance)
        try:
            value = parse(given)
        except Refused as error:
            said = error.zh + error.en
            assert said
            secrets = [p for p in given.split() if len(p) >= 6 and p.isdigit()]
            assert not any(p in said for p in secrets), "a refusal repeats the value"
            return
        assert parse(value.normal) == value, "the normal form is another value"
        assert isinstance(value.mask, str)

    yield case


@contextmanager
def addresses() -> Iterator[Case]:
    """The fast reader takes any text, and agrees with the value type on what the door lets in."""
    table = names_table(["platform.example"], {})

    def case(chance: Random) -> None:
        given = [
            like(chance, _good(chance)) if chance.random() < 0.7 else text(chance)
            for _ in range(20)
        ]
        assert len(table.take_apart(given)) == len(given)
        read = []
        for words in given:
            with contextlib.suppress(Refused):
                read.append(url.parse(words))
        taken = table.take_apart([one.normal for one in read])
        for row, one in enumerate(read):
            part = taken.parts[row]
            assert part[FLAGS] & VALID, f"row {row}: only the value type takes it"
            assert taken.text(row, HOST, HOST_END).strip("[]") == one.host, f"row {row}: host"
            assert one.port is None or part[PORT] == one.port, f"row {row}: port"

    yield case


@contextmanager
def messages() -> Iterator[Case]:
    """A text's normal form does not depend on its neighbours and points into the original."""
    normalise = Normaliser.load(POLICIES / "text" / "variants.yaml")

    def case(chance: Random) -> None:
        given: list[bytes] = [text(chance, 120).encode() for _ in range(12)]
        if chance.random() < 0.3:
            given[0] = broken(chance, given[0])  # the door lets no such bytes in; still no crash
        found = normalise(given)
        alone = normalise(given[-1:])
        assert len(found) == len(given)
        assert found.row(len(given) - 1) == alone.row(0), "it depends on its neighbours"
        for row in range(len(given)):
            found.original(row, 0, chance.randint(0, 10))

    yield case


@contextmanager
def policy_files() -> Iterator[Case]:
    """Every policy with its bytes broken loads, or is Misconfigured with words."""
    files = sorted(p.relative_to(POLICIES) for p in POLICIES.rglob("*.yaml"))
    with tempfile.TemporaryDirectory(prefix="fanzha-soak-") as place:
        folder = Path(place) / "policies"
        shutil.copytree(POLICIES, folder)
        loaders = policy_loaders(folder)
        files = [f for f in files if str(f) in loaders]
        whole = {f: (POLICIES / f).read_bytes() for f in files}

        def case(chance: Random) -> None:
            file = chance.choice(files)
            (folder / file).write_bytes(broken(chance, whole[file], 2))
            try:
                with contextlib.suppress(Misconfigured):
                    loaders[str(file)]()
            finally:
                (folder / file).write_bytes(whole[file])

        yield case


def policy_loaders(folder: Path) -> dict[str, Callable[[], object]]:
    """Who reads which file."""
    from fanzha.city.behaviour import load_behaviour
    from fanzha.detection.app.v1.channel import AppChannel
    from fanzha.detection.app.v1.kinds import load_app_kinds
    from fanzha.detection.call.filed import load_filed_numbers
    from fanzha.detection.call.v1.channel import CallChannel
    from fanzha.detection.link.v1.organisations import load_lists, load_organisations
    from fanzha.detection.person.v1.limits import load_limits
    from fanzha.detection.taxonomy import load_taxonomy
    from fanzha.detection.text.v1.policy import ReadingPolicy
    from fanzha.detection.text.v1.steps import Steps
    from fanzha.lifecycles.warning.policy import load_clocks, load_grades
    from fanzha.usecases.dissuasion.script import load as load_scripts
    from fanzha.usecases.warning.tiers import load_units
    from fanzha.usecases.warning.wording import Wording

    taxonomy = load_taxonomy(folder / "taxonomy.yaml")
    signals = folder / "detection"
    organisations = signals / "link-organisations.yaml"
    return {
        "city/default.yaml": lambda: load_behaviour(folder / "city/default.yaml"),
        "taxonomy.yaml": lambda: load_taxonomy(folder / "taxonomy.yaml"),
        "wording/warning_sms.yaml": lambda: Wording.load(folder / "wording/warning_sms.yaml"),
        "text/variants.yaml": lambda: Normaliser.load(folder / "text/variants.yaml"),
        "text/reading.yaml": lambda: ReadingPolicy.load(folder / "text/reading.yaml"),
        "text/steps.yaml": lambda: Steps.load(folder / "text/steps.yaml", taxonomy),
        "units/qinglan.yaml": lambda: load_units(folder / "units/qinglan.yaml"),
        "scripts/dissuasion.yaml": lambda: load_scripts(folder / "scripts/dissuasion.yaml"),
        "warning/grading.yaml": lambda: load_grades(folder / "warning/grading.yaml"),
        "warning/clocks.yaml": lambda: load_clocks(folder / "warning/clocks.yaml"),
        "detection/call-v1-caller.yaml": lambda: CallChannel(signals),
        "detection/call-v1-callee.yaml": lambda: CallChannel(signals),
        "detection/call-v1-measures.yaml": lambda: CallChannel(signals),
        "detection/app-v1.yaml": lambda: AppChannel(signals),
        "detection/app-kinds.yaml": lambda: load_app_kinds(signals / "app-kinds.yaml"),
        "detection/person-v1-limits.yaml": lambda: load_limits(signals / "person-v1-limits.yaml"),
        "detection/link-organisations.yaml": lambda: load_organisations([organisations]),
        "detection/link-lists.yaml": lambda: load_lists(signals / "link-lists.yaml"),
        "detection/filed-numbers.yaml": lambda: load_filed_numbers(signals / "filed-numbers.yaml"),
    }
