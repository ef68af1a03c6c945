"""Takes the pictures of the documents: `python -m tests.browser.pictures` renews docs/pictures.

A centre of invented people is staged over an embedded database, as the tests do; what is on the
pictures is what the console shows.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from fanzha.adapters.postgres import counters, place
from fanzha.adapters.postgres.database import Database
from fanzha.adapters.postgres.embedded import EmbeddedPostgres
from fanzha.adapters.postgres.migrate import migrate
from fanzha.adapters.postgres.office import PostgresOffice
from fanzha.adapters.postgres.operators import Operators
from fanzha.adapters.postgres.service_user import temporary
from fanzha.adapters.sealing.keyring import Keyring
from fanzha.lifecycles.actor import NATION
from tests import fixtures
from tests.browser import staged
from tests.browser.centre import Served, centre_over, serve
from tools import build_web

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
DESKTOP = (1440, 900)
PHONE = (390, 844)
_FEEDS = ("call", "text", "visit", "app", "transfer")


def main() -> None:
    """All pictures, in both languages."""
    build_web.main()
    FOLDER.mkdir(exist_ok=True)
    with _centre() as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for language in ("zh", "en"):
            with _screen(browser, served, language, DESKTOP) as page:
                _desktop(page, served, language)
        with _screen(browser, served, "zh", PHONE) as page:
            page.wait_for_timeout(800)
            page.screenshot(path=FOLDER / "queue-phone.zh.png")
        browser.close()


def _desktop(page: Page, served: Served, language: str) -> None:
    def shot(name: str) -> None:
        page.wait_for_timeout(900)
        page.screenshot(path=FOLDER / f"{name}.{language}.png")

    page.locator("tr[data-id]", has_text="186,000").click()
    shot("queue")
    page.keyboard.press("o")
    page.locator(".tl svg").wait_for()
    shot("warning")
    page.goto(f"{served.url}/situation")
    page.locator(".mins svg").wait_for()
    shot("board")
    page.goto(served.url)
    page.locator("tr[data-id]").nth(1 if language == "zh" else 2).click()
    page.locator(".pv .bt.p").click()
    page.locator(".sp2").nth(2).click()
    page.locator(".chk input").first.check()
    page.locator(".line").click()
    shot("call")


@contextlib.contextmanager
def _screen(
    browser: Browser, served: Served, language: str, size: tuple[int, int]
) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    context.add_init_script(f"localStorage.setItem('fanzha.language', '{language}')")
    page = context.new_page()
    page.goto(served.url)
    page.locator(".door-demo button", has_text="陈静").click()
    page.locator("tr[data-id]").first.wait_for()
    yield page
    context.close()


@contextlib.contextmanager
def _centre() -> Iterator[Served]:
    """A night's work: warnings over the last hour, some delivered, one person warned before."""
    with (
        temporary("fanzha-pictures-") as folder,
        EmbeddedPostgres(folder) as postgres,
    ):
        migrate(postgres.url(), app_password=postgres.password("fanzha_app"))
        database = Database(postgres.url("fanzha_app"))
        with database.transaction(NATION) as connection:
            place.store_units(connection, fixtures.UNITS)
        keyring = Keyring.create()
        centre = centre_over(
            fixtures.Installed(
                admin_url=postgres.url(),
                url=postgres.url("fanzha_app"),
                database=database,
                keyring=keyring,
                office=PostgresOffice(database, keyring),
                operators=Operators(database, fixtures.UNITS),
            )
        )
        office, policies = centre.office, centre.policies
        now = datetime.now(UTC)
        for n, ago in enumerate((55, 41, 36, 22, 9, 4)):
            people = staged.OTHERS[n % 3 + 1 :]
            staged.stage(office, policies, people, now - timedelta(minutes=ago), first=100 + 20 * n)
        staged.stage(office, policies, staged.OTHERS[:1], now - timedelta(seconds=34), first=50)
        staged.stage(office, policies, [staged.AUTHORITY], now - timedelta(seconds=12), first=1)
        with office.work(NATION) as work:
            for message in work.outbox.take(100, now):
                work.outbox.settle(message.id, "accept", now)
                work.outbox.settle(message.id, "deliver", now)
        ended = threading.Event()

        def feed() -> None:
            while not ended.wait(2):
                at = datetime.now(UTC)
                with centre.database.transaction(NATION) as connection:
                    marks = [counters.FeedMark(s, at, at) for s in _FEEDS]
                    counters.mark_feeds(connection, marks)

        feeding = threading.Thread(target=feed)
        feeding.start()
        with serve(centre) as served:
            yield served
        ended.set()
        feeding.join()
        database.close()


if __name__ == "__main__":
    main()
