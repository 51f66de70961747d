"""A coordinator goes through the held list in Chromium with JavaScript off: decides, in bulk too, and takes back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from schemas.db import Database
from schemas.offer import Suitability
from schemas.store.suggestions import suggest
from schemas.vocabulary import Verdict
from tests.factories import make_source, make_source_offer
from tests.journeys.served import free_port
from tests.webapp.site import COORDINATOR, REGION, Site
from webapp.duplicates import ask_about_duplicates
from webapp.links import DeskLink

NEW = make_source("mv_neu", trust="hold", title="Neue Quelle")
TEXT = "Wir graben nach Knochen der Urzeit und gießen gemeinsam einen Ammoniten aus Gips für die Kita."
TOUR = {"title": "Dinosaurier im Museum entdecken", "description": TEXT}
UNSURE = Suitability(verdict=Verdict.UNSURE, probability=0.5, reasons=("nennt nur Familien",))


@pytest.fixture
def address(sqlite_database: Database, tmp_path: Path) -> Iterator[tuple[Site, str]]:
    """A site on a free port, on which something of several kinds waits."""
    port = free_port()
    here = f"http://127.0.0.1:{port}"
    regions = tmp_path / "installation" / "regions"
    regions.mkdir(parents=True)
    (regions / "a.toml").write_text(REGION.replace("http://kitalotse.example", here), encoding="utf-8")
    site = Site(sqlite_database, tmp_path / "installation")
    (museum,) = site.harvest(make_source_offer(**TOUR))
    site.harvest(
        make_source_offer("dino", source=NEW.name, **(TOUR | {"title": "Dinosaurier entdecken im Museum"})),
        make_source_offer("wald", source=NEW.name, title="Waldmorgen", summary=None, description="Moos und Käfer."),
        make_source_offer(
            "ritter", source=NEW.name, title="Ritter", summary=None, description="Helme.", kita_suitability=UNSURE
        ),
        source=NEW,
    )
    with site.database.begin() as session:
        suggest(session, museum, field="price", words="kostet jetzt 3 €", now=site.now)
    ask_about_duplicates(site.database, site.now)
    server = make_server("127.0.0.1", port, site.app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield site, here
    server.shutdown()
    thread.join()
    server.server_close()


def waiting(page: Page) -> int:
    return page.locator("ol.held > li:has(h2)").count()


@pytest.mark.parametrize("width", [390, 1280])
def test_a_coordinator_works_through_the_list_without_javascript(
    browser: Browser, address: tuple[Site, str], width: int
) -> None:
    site, here = address
    context = browser.new_context(
        viewport={"width": width, "height": 900}, locale="de-DE", base_url=here, java_script_enabled=False
    )
    page = context.new_page()
    page.goto(f"/desk/anmelden/{site.links.desk(DeskLink('13075', COORDINATOR), now=site.now)}")
    page.get_by_role("button", name="Anmelden").click()

    page.goto("/desk/offen")
    expect(page.get_by_text("nennt nur Familien")).to_be_visible()
    assert waiting(page) == 5
    # two at once, and back
    page.get_by_label("Auswählen: Waldmorgen").check()
    page.get_by_label("Auswählen: Ritter").check()
    page.get_by_role("button", name="Ausgewählte annehmen").click()
    expect(page.get_by_role("status")).to_contain_text("2 Angebote angenommen.")
    assert waiting(page) == 3
    page.get_by_role("button", name="Rückgängig machen").click()
    assert waiting(page) == 5
    # the same offer in two sources
    page.get_by_role("link", name="vielleicht doppelt").click()
    assert waiting(page) == 1
    page.get_by_role("button", name="Dasselbe: zusammenführen").click()
    expect(page.get_by_role("status")).to_contain_text("jetzt ein Angebot")
    # what a visitor said, and the rest of the source
    page.goto("/desk/offen?art=suggestion")
    page.get_by_role("button", name="Erledigt").click()
    page.goto("/desk/offen?quelle=mv_neu")
    page.get_by_role("button", name="Alle 1 klaren dieser Quelle annehmen").click()
    assert waiting(page) == 1  # what is unsure is accepted by itself
    page.get_by_role("button", name=re.compile("^Annehmen")).click()
    expect(page.get_by_text("Nichts, was zu diesem Filter passt.")).to_be_visible()
    page.get_by_role("button", name="Dieser Quelle vertrauen").click()
    expect(page.get_by_role("status")).to_contain_text("Dieser Quelle wird vertraut")
    page.goto("/")
    expect(page.get_by_role("link", name="Waldmorgen")).to_be_visible()
    context.close()
