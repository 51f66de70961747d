"""In a real browser: search, open an offer, answer from a mail's link; sign in at the desk, correct a field, undo.

No page asks another host for anything, logs an error, or breaks its own Content-Security-Policy.
"""

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import WSGIRequestHandler, make_server

from schemas.db import Database
from schemas.store.invitations import invite
from schemas.vocabulary import Answered
from tests.factories import OPEN, make_source, make_source_offer
from tests.webapp.site import COORDINATOR, HOSTILE, REGION, Site
from webapp.links import ConfirmLink, DeskLink


class QuietHandler(WSGIRequestHandler):
    """Logs nothing."""

    def log(self, *_: object, **__: object) -> None:
        pass


@dataclass
class Portal:
    """The site at an address, a page of a browser, and what went wrong on it."""

    site: Site
    address: str
    page: Page
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._own_host)
        self.page.add_init_script(
            "addEventListener('securitypolicyviolation', e => console.error('CSP: ' + e.violatedDirective))"
        )

    def _own_host(self, request) -> None:
        if not request.url.startswith(self.address):
            self.complaints.append(f"asked another host: {request.url}")

    def open(self, path: str) -> None:
        self.page.goto(f"{self.address}{path}")


@pytest.fixture
def portal(browser: Browser, sqlite_database: Database, tmp_path: Path) -> Iterator[Portal]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        regions = tmp_path / "installation" / "regions"
        regions.mkdir(parents=True)
        (regions / "a.toml").write_text(REGION.replace("http://kitalotse.example", address), encoding="utf-8")
        site = Site(sqlite_database, tmp_path / "installation")
        server = make_server(
            "127.0.0.1", 0, site.app, threaded=True, request_handler=QuietHandler, fd=listener.fileno()
        )
        thread = Thread(target=server.serve_forever)
        thread.start()
        context = browser.new_context(locale="de-DE")
        try:
            portal = Portal(site, address, context.new_page())
            yield portal
            assert portal.complaints == []
        finally:
            context.close()
            server.shutdown()
            thread.join()
            server.server_close()


def test_a_kita_finds_an_offer_opens_it_and_answers_from_its_mail(portal):
    offers = portal.site.harvest(
        make_source_offer("dinos"), make_source_offer("wald", title="Waldmorgen mit der Försterin")
    )
    home = portal.site.settle(offers=offers)
    page = portal.page

    portal.open("/")
    page.get_by_label("Stichwort").fill("Waldmorgen")
    page.get_by_role("button", name="Suchen").click()
    expect(page.get_by_role("heading", name="1 Angebot")).to_be_visible()
    page.get_by_role("link", name="Waldmorgen mit der Försterin").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Waldmorgen mit der Försterin")
    expect(page.get_by_text("2,50 € pro Kind")).to_be_visible()

    portal.open(home.answer(offers[0], Answered.LATER))
    page.get_by_label("Ab wann passt es?").select_option(label="März 2027")
    page.get_by_role("button", name="So antworten").click()
    expect(page.get_by_role("heading", name="Danke!")).to_be_visible()

    portal.open(home.page)
    page.get_by_role("button", name="Zurücknehmen").click()
    expect(page.get_by_role("status")).to_have_text("Die Antwort ist zurückgenommen.")
    assert page.context.cookies() == []


def invitation(portal: Portal, address: str) -> str:
    """The page that asks ``address`` whether it wants the mail of the Kita."""
    with portal.site.database.begin() as session:
        person = invite(session, "kita_wolke", address, now=portal.site.now)
    assert person.invited_at is not None
    return f"/bestaetigen/{portal.site.links.confirm(ConfirmLink(person.id, person.invited_at))}"


def test_somebody_who_was_invited_agrees_and_hears_that_mails_will_come(portal):
    portal.site.settle()
    page = portal.page

    portal.open(invitation(portal, "neu@kita.example"))
    expect(page.get_by_text("jederzeit über den Link ‚Abmelden‘")).to_be_visible()
    page.get_by_role("button", name="Ja, ich stimme zu").click()

    expect(page.get_by_role("status")).to_contain_text("an neu@kita.example")
    assert page.context.cookies() == []


def test_a_coordinator_signs_in_corrects_a_field_and_takes_it_back(portal):
    (offer,) = portal.site.harvest(make_source_offer())
    page = portal.page

    portal.open(f"/desk/anmelden/{portal.site.links.desk(DeskLink('13075', COORDINATOR), now=portal.site.now)}")
    page.get_by_role("button", name="Anmelden").click()
    expect(page.get_by_role("heading", name="Schreibtisch")).to_be_visible()

    portal.open(f"/desk/angebote/{offer}")
    row = page.locator("details.field", has=page.get_by_text("Alter", exact=True))
    row.locator("summary").click()
    row.get_by_label("von (Monate)").fill("36")
    row.get_by_label("bis (Monate)").fill("59")
    row.get_by_role("button", name="Korrektur speichern").click()
    expect(page.get_by_role("status")).to_contain_text("Korrigiert: Alter.")
    expect(row.locator("summary")).to_contain_text("3 bis 4 Jahre")

    row.locator("summary").click()
    row.get_by_role("button", name="Zurücknehmen").click()
    expect(page.get_by_role("status")).to_have_text("Zurückgenommen.")
    expect(row.locator("summary")).to_contain_text("4 bis 6 Jahre")

    page.get_by_role("button", name="Abmelden").click()
    expect(page.get_by_role("heading", name="Angebote für Kita-Gruppen")).to_be_visible()


def test_a_hostile_offer_does_nothing_in_a_browser(portal):
    words = HOSTILE.replace("\0", "")
    (offer,) = portal.site.harvest(
        make_source_offer(title=words, summary=words, description=words, rights=OPEN), source=make_source(rights=OPEN)
    )
    portal.page.on("dialog", lambda dialog: portal.complaints.append(f"dialog: {dialog.message}"))

    for path in ("/", f"/angebote/{offer}"):
        portal.open(path)
        assert portal.page.evaluate("document.scripts.length") <= 1


def test_pages_fit_a_small_screen_and_large_text(portal):
    offers = portal.site.harvest(make_source_offer(), make_source_offer("lang", title="Donaudampfschifffahrt" * 6))
    home = portal.site.settle(offers=offers)
    question = invitation(portal, "leitung-der-kindertagesstaette-wolkenschiff@donaudampfschifffahrt.example")
    portal.page.set_viewport_size({"width": 320, "height": 700})

    for path in ("/", f"/angebote/{offers[1]}", "/daten", "/impressum", home.page, home.answer(offers[0]), question):
        for size in ("100%", "200%"):
            portal.open(path)
            portal.page.evaluate("size => { document.documentElement.style.fontSize = size }", size)
            excess = portal.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert excess <= 0, (path, size)


@pytest.mark.parametrize("width", [360, 1280], ids=["phone", "desktop"])
def test_no_name_of_a_field_or_fact_is_torn_in_the_middle_of_a_word(portal, width):
    offer = portal.site.harvest(make_source_offer())[0]
    portal.page.set_viewport_size({"width": width, "height": 800})

    for path in ("/?kinder=12", f"/angebote/{offer}", "/anbieter", "/anbieter/beispielmuseum"):
        portal.open(path)
        assert portal.page.locator("main label, main dt").count()
        assert portal.page.evaluate(TORN_WORDS) == [], path


TORN_WORDS = """() => [...document.querySelectorAll('main label, main dt')].flatMap(element => {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT), torn = []
    while (walker.nextNode()) for (const word of walker.currentNode.data.matchAll(/\\p{L}+/gu)) {
        const range = document.createRange()
        range.setStart(walker.currentNode, word.index)
        range.setEnd(walker.currentNode, word.index + word[0].length)
        if (range.getClientRects().length > 1) torn.push(word[0])
    }
    return torn
})"""
"""Words in names of fields that stand on two lines."""


def test_the_keyboard_reaches_the_content_first_and_focus_is_seen(portal):
    portal.site.harvest(make_source_offer())
    page = portal.page
    portal.open("/")

    page.keyboard.press("Tab")
    skip = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    reached = page.evaluate("document.activeElement.id")
    page.keyboard.press("Tab")

    assert (skip, reached) == ("Zum Inhalt", "inhalt")
    assert page.evaluate("document.activeElement.id") == "q"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
