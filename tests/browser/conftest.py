"""The console in Chromium over a real API: what every test of the pages stands on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from fanzha.lifecycles.warning.model import FraudWarning
from tests import fixtures
from tests.browser import staged
from tests.browser.centre import Served, centre_over, serve
from tools import build_web

WORDS = Path(__file__).parents[2] / "web" / "src" / "words"
# Not a claim about speed: a machine that is busy with other tests is given time.
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, with the console built as it stands.

    Ended with its file: Playwright keeps an event loop running, which other tests must not meet.
    """
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("needs Chromium")
    build_web.main()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def served(installed: fixtures.Installed) -> Iterator[Served]:
    """The API and console over a fresh database with its people, and no warning yet."""
    with serve(centre_over(installed)) as found:
        yield found


@dataclass(frozen=True)
class Visitor:
    """Somebody at a screen: their page, and the words of their language."""

    page: Page
    base: str
    language: str

    def say(self, word: str, **values: object) -> str:
        """A text of the console's catalogue."""
        text: str = json.loads((WORDS / f"{self.language}.json").read_text("utf-8"))[word]
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", str(value))
        return text

    def sign_in(self, name: str) -> None:
        """Through the door, by one press on a demo account."""
        self.page.goto(self.base)
        self.page.locator(".door-demo button", has_text=name).click()
        self.page.locator(".rail").wait_for()

    def go(self, path: str) -> None:
        self.page.goto(self.base + path)

    def row(self, warning: FraudWarning) -> Any:
        """The row of a warning in the queue."""
        return self.page.locator(f'tr[data-id="{warning.id}"]')

    def order(self) -> list[str]:
        """The ids of the rows as they stand."""
        found: list[str] = self.page.eval_on_selector_all(
            "tr[data-id]", "rows => rows.map(r => r.dataset.id)"
        )
        return found


@pytest.fixture
def visit(chromium: Browser, served: Served) -> Iterator[Callable[..., Visitor]]:
    """Opens a screen. Afterwards: nothing failed in it, and nobody outside was asked."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []
    outside: list[str] = []

    def open_one(language: str = "zh", width: int = 1440, height: int = 900) -> Visitor:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            locale="zh-CN" if language == "zh" else "en-GB",
            # Not Shanghai: the screen shows Shanghai's time wherever it stands.
            timezone_id="Europe/Lisbon",
            reduced_motion="reduce",
        )
        contexts.append(context)
        context.add_init_script(f"localStorage.setItem('fanzha.language', '{language}')")
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda m: errors.append(m.text) if m.type == "error" and _ours(m.text) else None,
        )
        page.on(
            "request",
            lambda r: (
                outside.append(r.url) if not r.url.startswith((served.url, "data:")) else None
            ),
        )
        return Visitor(page, served.url, language)

    yield open_one
    for context in contexts:
        context.close()
    assert errors == []
    assert outside == []


def _ours(text: str) -> bool:
    """Chromium notes every answer that is not 2xx; those are what some tests ask for."""
    return not text.startswith("Failed to load resource")


@pytest.fixture
def warnings(served: Served) -> list[FraudWarning]:
    """One warning of each kind, just issued; the first is critical."""
    return stage(served, staged.EVERYBODY)


def stage(served: Served, people: Any, first: int = 1) -> list[FraudWarning]:
    """Issue warnings by the use case, now."""
    centre = served.centre
    return staged.stage(centre.office, centre.policies, people, datetime.now(UTC), first=first)


def state_of(served: Served, warning: FraudWarning) -> FraudWarning:
    """The warning as it is stored now."""
    [found] = served.centre.desk.rows(fixtures.BY_CODE["86"].scope, [warning.id])
    return found
