"""The docs hold: links lead somewhere, and what the code offers is named where one looks for it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pyarrow as pa
import pytest
import typer

from fanzha.adapters.nats.intake import Intake
from fanzha.adapters.nats.log import LogSettings
from fanzha.adapters.nats.server import USER, NatsServer
from fanzha.entrypoints.api.health import _METRICS
from fanzha.entrypoints.cli.main import app
from fanzha.records.schemas import STREAMS
from fanzha.settings import Settings
from tools.openapi import described

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    p.relative_to(ROOT)
    for where in (
        ".",
        "docs",
        "docs/decisions",
        "docs/wires",
        "bench",
        "deploy/kamailio",
        "src/fanzha/adapters/smpp",
        "src/fanzha/adapters/dns",
        "src/fanzha/adapters/sip",
    )
    for p in (ROOT / where).glob("*.md")
)
_LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)|src=\"([^\"]+)\"")
_CODE = re.compile(r"`([^`\n]+)`")
_OURS = re.compile(r"(?:src|docs|policies|tests|tools|bench|web|requirements)/[\w./-]+")


def read(page: str | Path) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_and_paths_lead_somewhere(page: Path) -> None:
    text = read(page)
    for link, source in _LINK.findall(text):
        target = link or source
        if not re.match(r"[a-z]+:", target):
            assert (ROOT / page.parent / target).exists(), target
    for code in _CODE.findall(text):
        if _OURS.fullmatch(code):
            assert (ROOT / code).exists(), code


def test_every_setting_has_its_line() -> None:
    text = read("docs/operate.md")
    named = set(re.findall(r"`(FANZHA_[A-Z_]+)`", text))
    assert named == {f"FANZHA_{name}".upper() for name in Settings.model_fields}


def commands() -> Iterator[str]:
    def below(group: click.Command, words: tuple[str, ...]) -> Iterator[str]:
        if isinstance(group, click.Group) or hasattr(group, "commands"):
            for name, command in group.commands.items():
                yield from below(command, (*words, name))
        else:
            yield " ".join(words)

    return below(typer.main.get_command(app), ("fanzha",))


def test_every_command_is_named() -> None:
    text = read("docs/operate.md") + read("README.md")
    found = list(commands())
    assert {"fanzha up", "fanzha keys retire", "fanzha city score"} <= set(found)
    assert [c for c in found if not re.search(rf"{c}\b", text)] == []


def test_every_metric_is_named() -> None:
    named = set(re.findall(r"`(fanzha_\w+_total)\{(\w+)\}`", read("docs/operate.md")))
    assert named == {(f"{name}_total", label) for name, _, label in _METRICS.values()}


def test_every_address_of_the_api_is_named() -> None:
    text = read("docs/console-api.md")
    paths = re.findall(r'^  "(/[^"]*)": \{', described(), re.M)
    assert "/v1/warnings/{id}" in paths
    assert [p for p in paths if f"{p}`" not in text and f"{p}?" not in text] == []


def test_every_stream_is_named() -> None:
    text = read("docs/streams.md")
    assert [s for s in STREAMS if f"`{s}`" not in text] == []


def test_the_words_of_the_glossary_are_in_the_code() -> None:
    folders = ("src/fanzha", "policies", "web/src")
    kinds = ("*.py", "*.sql", "*.yaml", "*.ts", "*.tsx")
    tree = "\n".join(
        p.read_text(encoding="utf-8")
        for folder in folders
        for kind in kinds
        for p in (ROOT / folder).rglob(kind)
    )
    rows = [row.split("|")[3] for row in read("docs/glossary.md").splitlines() if "|" in row]
    words = {w for row in rows for code in _CODE.findall(row) for w in re.findall(r"\w{3,}", code)}
    assert {"WarningGrade", "hand_up"} <= words
    assert sorted(w for w in words if w not in tree) == []


def test_a_feeder_sends_as_the_page_says(tmp_path: Path) -> None:
    [snippet] = re.findall(r"```python\n(.*?)```", read("docs/streams.md"), re.S)
    with NatsServer(tmp_path / "nats") as server:
        snippet = snippet.replace("nats://127.0.0.1:4222", server.url)
        snippet = snippet.replace('"…"', repr(server.add_feeder("carrier-a")))
        names: dict[str, object] = {}
        exec(snippet, names)
        batch = pa.RecordBatch.from_pydict({"event_id": [1, 2]})

        async def sent_and_read() -> list[tuple[str, str, int]]:
            intake = Intake(LogSettings(server.url, USER, server.password))
            await intake.start()
            await asyncio.wait_for(names["send"](batch, "first"), 20)  # type: ignore[operator]
            parcel = await anext(intake.read())
            await intake.close()
            return [(parcel.stream, parcel.sender, parcel.open().num_rows)]

        assert asyncio.run(sent_and_read()) == [("call", "carrier-a", 2)]
