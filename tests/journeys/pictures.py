"""Takes the README's pictures in Chromium, from the demo on a frozen day: `make pictures`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, sync_playwright

from tests.conftest import CHROMIUM_ARGUMENTS
from tests.journeys.served import served
from webapp.demo.stage import Stage
from webapp.demo.worker import working

FOLDER: Final = Path(__file__).parents[2] / "webapp" / "docs"
WIDTH, HEIGHT = 1200, 1300
"""Pixels; a page that is shorter makes a shorter picture."""
ADDRESS: Final = "leitung@kita-bernsteinkinder.example"
"""Whose mail is shown."""
MOST_BYTES: Final = 300_000


def portal(page: Page, at: Stage) -> None:
    """The search list."""
    page.goto("/?q=&alter=5&ort=17489&umkreis=20")


def offer(page: Page, at: Stage) -> None:
    """An offer with its facts."""
    page.goto("/?q=Taschenlampe")
    page.get_by_role("main").get_by_role("heading", level=3).first.get_by_role("link").click()


def mail(page: Page, at: Stage) -> None:
    """The weekly mail as a mail program shows it."""
    page.goto("/outbox/")
    page.get_by_role("listitem").filter(has_text=ADDRESS).get_by_role("link").first.click()
    page.goto(f"{page.url}/html")


def desk(page: Page, at: Stage) -> None:
    """What is held: everything that waits for a coordinator, with evidence."""
    sign_in(page, at)
    page.goto("/desk/offen?art=new_offer")


def preview(page: Page, at: Stage) -> None:
    """What was understood of an address before it is a source."""
    sign_in(page, at)
    page.goto("/desk/quellen/mv_beispiel_museum")
    page.get_by_role("button", name="Vorschau lesen").click()
    page.get_by_role("heading", name="Was verstanden wurde").wait_for(timeout=60_000)


def sign_in(page: Page, at: Stage) -> None:
    """Become the example coordinator."""
    page.goto(at.desk_url())
    page.get_by_role("button", name="Anmelden").click()


PICTURES: Final = (portal, offer, mail, desk, preview)


def take(folder: Path) -> Iterator[Path]:
    """Take all pictures into `folder`; each path once it is there."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("no Chromium found: apt-get install --no-install-recommends chromium")
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as place,
        served(Path(place)) as at,
        working(at),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        for picture in PICTURES:
            page = browser.new_context(
                viewport={"width": WIDTH, "height": 600}, locale="de-DE", base_url=at.settings.base_url
            ).new_page()
            picture(page, at)
            height = min(HEIGHT, int(page.evaluate("document.documentElement.scrollHeight")))
            path = folder / f"{picture.__name__}.png"
            page.screenshot(path=path, full_page=True, clip={"x": 0, "y": 0, "width": WIDTH, "height": height})
            yield path
        browser.close()


if __name__ == "__main__":
    for taken in take(FOLDER):
        size = taken.stat().st_size
        print(f"{taken.relative_to(FOLDER.parents[1])}: {size // 1000} kB")
        if size > MOST_BYTES:
            sys.exit(f"{taken} is larger than {MOST_BYTES // 1000} kB")
