"""A coordinator pastes an address in a real browser: preview, activation, harvest, held, accepted, on the portal.

A worker does in the background what the pages put on the list; the pages themselves read no address.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.harvesters.leaflets import picture
from tests.harvesters.loopback import Site, running_site
from tests.harvesters.portal import FIGURES, resource, show
from tests.journeys.served import free_port
from webapp.demo import stage as demo
from webapp.demo.stage import Stage
from webapp.demo.worker import working
from webapp.settings import read_settings

KITA = "Für Kita-Gruppen ab 4 Jahren. Jedes Kind zahlt 2 Euro. Dauer: 60 Minuten. Ort: Hafenstraße 1, 17489 Greifswald."
ADULTS = "Weinprobe für Erwachsene ab 18 Jahren."
SOON_MS = 45_000
"""Longest wait for a preview or a first harvest; pages and robots.txt are asked for a second apart."""


def event(name: str, text: str) -> str:
    data = {"@context": "https://schema.org", "@type": "Event", "name": name, "description": text}
    return f'<script type="application/ld+json">{json.dumps(data | {"startDate": "2099-12-01T10:00"})}</script>'


def page_of(body: str) -> str:
    return f"<!doctype html><html><head><title>Hafenmuseum</title></head><body><main>{body}</main></body></html>"


@pytest.fixture(scope="module")
def house() -> Iterator[Site]:
    """A provider's web site on this machine: a listing, two offers, and all kinds of pages that are none."""
    with running_site() as site:
        site.put("/robots.txt", "User-agent: *\nDisallow: /geheim\n")
        site.put(
            "/kita", page_of('<ul class="angebote"><li><a href="kita/1">1</a></li><li><a href="kita/2">2</a></li></ul>')
        )
        site.put("/kita/1", page_of(event("Schiffe bauen", KITA)))
        site.put("/kita/2", page_of(event("Knoten lernen", KITA)))
        site.put("/geheim", page_of(event("Geheim", KITA)))
        site.put("/programm.pdf", picture(), **{"Content-Type": "application/pdf"})
        site.put("/leer", "")
        site.put("/abend", page_of(event("Weinprobe", ADULTS)))
        file = resource(site.put("/kurse.csv", f"Titel;Beschreibung\nSegel setzen;{KITA}\n"))
        show(site, file, title="Angebote im Hafen", license_id="odc-odbl", license_url=None)
        figures = resource(site.put("/zahlen.csv", FIGURES))
        show(site, figures, id="zahlen", name="zahlen", title="Einwohner nach Stadtteilen")
        yield site


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The demo's portal with nothing harvested, and a worker."""
    folder: Path = tmp_path_factory.mktemp("paste")
    port = free_port()
    settings = read_settings({"KITALOTSE_DATA_DIR": str(folder)})
    with demo.stage(settings, folder / "demo", port) as at, demo.serving(at, port), working(at):
        yield at


@pytest.fixture
def page(browser: Browser, portal: Stage) -> Iterator[Page]:
    """A signed-in coordinator's window."""
    context = browser.new_context(
        viewport={"width": 390, "height": 800}, locale="de-DE", base_url=portal.settings.base_url
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.goto(portal.desk_url())
    page.get_by_role("button", name="Anmelden").click()
    yield page
    context.close()


def paste(page: Page, text: str) -> None:
    page.goto("/desk/quellen")
    page.get_by_label("Internetadressen").fill(text)
    page.get_by_role("button", name="Vorschau lesen").click()


def fits(page: Page) -> None:
    """Nothing sticks out to the right of the window."""
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.timeout(240)
def test_from_a_pasted_address_to_the_portal_and_away_again(page: Page, house: Site) -> None:
    paste(page, f"Schauen Sie mal: {house.base}/kita (vom Hafenmuseum)")
    expect(page.get_by_role("heading", name="2 Angebote gefunden")).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_text("ab 4 Jahren").first).to_be_visible()
    fits(page)

    page.get_by_label("Name der Quelle").fill("Hafenmuseum Greifswald")
    page.get_by_role("button", name="Aktivieren").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hafenmuseum Greifswald")
    source = page.url
    for _ in range(60):
        page.reload()
        if page.get_by_text("2 Angebote gelesen").count():
            break
        page.wait_for_timeout(500)
    expect(page.get_by_text("2 Angebote gelesen (2 neu)")).to_be_visible()
    fits(page)

    page.goto("/desk/offen")
    expect(page.get_by_role("link", name="Schiffe bauen", exact=True)).to_be_visible()
    assert visible(page, "Schiffe bauen") is False
    page.goto("/desk/offen")
    page.get_by_role("button", name=re.compile("^Annehmen.*Schiffe bauen")).click()
    assert visible(page, "Schiffe bauen")
    assert visible(page, "Knoten lernen") is False

    page.goto(source)
    page.get_by_role("button", name="Klare Ja-Angebote ohne Klick veröffentlichen").click()
    expect(page.get_by_role("button", name="Wieder jedes Angebot erst ansehen")).to_be_visible()
    assert visible(page, "Knoten lernen")
    page.goto(source)
    page.get_by_role("button", name="Pausieren").click()
    expect(page.get_by_text("Pausiert.")).to_be_visible()
    assert visible(page, "Knoten lernen")

    page.goto(source)
    page.get_by_role("link", name="Löschen").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("löschen?")
    page.get_by_role("button", name="Endgültig löschen").click()
    expect(page.get_by_text("2 Angebote wurden zurückgezogen.")).to_be_visible()
    assert visible(page, "Knoten lernen") is False


def visible(page: Page, title: str) -> bool:
    """Whether the portal shows an offer of that title."""
    page.goto(f"/?q={title.replace(' ', '+')}")
    return page.locator("main a[href*='/angebote/']", has_text=title).count() > 0


@pytest.mark.timeout(180)
def test_a_dataset_of_an_open_data_portal_brings_its_rights_with_it(page: Page, house: Site) -> None:
    paste(page, f"{house.base}/dataset/kurse")
    expect(page.get_by_role("heading", name="1 Angebot gefunden")).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_text("Datensatz eines Open-Data-Portals (CKAN)")).to_be_visible()
    expect(page.get_by_label("Name der Quelle")).to_have_value("Angebote im Hafen")
    expect(page.get_by_label("Offene Lizenz: Texte dürfen gezeigt werden")).to_be_checked()
    expect(page.get_by_label("Offene Lizenz: welche?")).to_have_value("http://dcat-ap.de/def/licenses/odbl")
    expect(page.get_by_label("Wer genannt wird")).to_have_value("Stadt Wald")
    fits(page)

    page.get_by_role("button", name="Aktivieren").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Angebote im Hafen")
    for _ in range(60):
        page.reload()
        if page.get_by_text("1 Angebot gelesen").count():
            break
        page.wait_for_timeout(500)
    expect(page.get_by_text("1 Angebot gelesen (1 neu)")).to_be_visible()


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/dataset/zahlen", "Der Datensatz „Einwohner nach Stadtteilen“"),
        ("/geheim", "Die robots.txt des Servers erlaubt uns diese Adresse nicht."),
        ("/weg", "Die Seite gibt es nicht (404)."),
        ("/programm.pdf", "Das PDF besteht nur aus Bildern (eingescannt); Text steht nicht darin."),
        ("/leer", "Die Seite ist leer."),
        ("/abend", "Kein Angebot auf dieser Seite ist für Kita-Gruppen gedacht."),
    ],
)
def test_what_cannot_be_used_is_said_kindly(page: Page, house: Site, path: str, words: str) -> None:
    paste(page, f"{house.base}{path}")

    expect(page.get_by_text(words)).to_be_visible(timeout=SOON_MS)
    fits(page)


@pytest.mark.timeout(120)
def test_an_address_of_this_very_machine_is_refused(browser: Browser, house: Site, tmp_path: Path) -> None:
    port = free_port()
    settings = read_settings({"KITALOTSE_DATA_DIR": str(tmp_path)})
    asked = len(house.asked)
    with demo.stage(settings, tmp_path / "demo", port) as at, demo.serving(at, port):
        strict = replace(at, settings=replace(at.settings, allow_loopback=False))
        with working(strict):
            context = browser.new_context(locale="de-DE", base_url=at.settings.base_url)
            page = context.new_page()
            page.goto(at.desk_url())
            page.get_by_role("button", name="Anmelden").click()
            paste(page, f"{house.base}/kita")
            expect(page.get_by_text("führt nicht ins öffentliche Internet")).to_be_visible(timeout=SOON_MS)
            context.close()
    assert len(house.asked) == asked
