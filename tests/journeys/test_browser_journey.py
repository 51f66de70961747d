"""What a person does, in Chromium: portal, search, an offer, a mail in the outbox, an answer, the desk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from schemas.store.kitas import feedback_by_kita
from schemas.vocabulary import Answered
from tests.journeys.served import served
from webapp.demo.stage import Stage

SOURCES = ("mv_beispiel_lernorte_csv", "mv_beispiel_bibliothek_ical", "mv_beispiel_naturpark_json")
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 900}
LEFT_EARLY = "net::ERR_ABORTED"
"""What Chromium says of a picture that was still on its way when the next page was opened."""


class Surfer:
    """A browser window that remembers whom it called and what it complained about."""

    def __init__(self, context: BrowserContext) -> None:
        self.hosts: set[str] = set()
        self.complaints: list[str] = []
        self.page: Page = context.new_page()
        context.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on(
            "console",
            lambda message: self.complaints.append(message.text) if message.type in ("error", "warning") else None,
        )
        context.on("requestfailed", self._failed)

    def _failed(self, request: Request) -> None:
        if request.failure != LEFT_EARLY:
            self.complaints.append(f"{request.url}: {request.failure}")


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The demo's portal with three sources harvested, ranked and mailed; one of them is new to the coordinators."""
    with served(tmp_path_factory.mktemp("browser"), SOURCES, new=SOURCES[2:]) as at:
        yield at


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def surfer(browser: Browser, portal: Stage, request: pytest.FixtureRequest) -> Iterator[Surfer]:
    """A window; the test fails where it called another host or a page complained."""
    context = browser.new_context(viewport=request.param, locale="de-DE", base_url=portal.settings.base_url)
    context.set_default_timeout(15_000)
    surfer = Surfer(context)
    yield surfer
    context.close()
    assert surfer.hosts == {urlsplit(portal.settings.base_url).netloc}
    assert surfer.complaints == []


def fits(page: Page) -> None:
    """Nothing sticks out to the right, so nobody has to scroll sideways."""
    page.wait_for_load_state("load")  # with its style sheet
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} is {wide} pixels too wide"


def test_a_visitor_searches_the_portal_and_opens_an_offer(surfer, tmp_path):
    page = surfer.page
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Angebote für Kita-Gruppen")
    fits(page)

    page.get_by_label("Stichwort").fill("Feuerwehr")
    page.get_by_role("button", name="Suchen").click()
    expect(page).to_have_url(re.compile(r"[?&]q=Feuerwehr"))
    results = page.get_by_role("main").get_by_role("heading", level=3)
    expect(results.first).to_be_visible()
    fits(page)
    title = results.first.inner_text()
    results.first.get_by_role("link").click()

    expect(page).to_have_url(re.compile(r"/angebote/o\w+$"))
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    assert page.locator("script[type='application/ld+json']").count() == 1
    fits(page)
    page.screenshot(path=tmp_path / "offer.png", full_page=True)
    assert (tmp_path / "offer.png").stat().st_size > 10_000


def test_a_kita_answers_from_the_link_in_its_mail(surfer, portal):
    page = surfer.page
    page.goto("/outbox/")
    page.get_by_role("main").get_by_role("link").first.click()
    mail = page.frame_locator("iframe")
    expect(mail.get_by_role("heading", level=1)).to_contain_text("Angebote für")
    mail.get_by_role("link", name="Interessant").first.click()

    expect(page).to_have_url(re.compile(r"/antwort/"))
    before = _answers(portal)
    page.get_by_role("button", name="So antworten").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Danke!")
    assert len(_answers(portal)) == len(before) + 1
    fits(page)

    page.get_by_role("button", name="Doch nicht").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Zurückgenommen")
    assert _answers(portal) == before


def test_a_coordinator_signs_in_accepts_an_offer_looks_at_a_source_and_leaves(surfer, portal):
    page = surfer.page
    page.goto(portal.desk_url())
    page.get_by_role("button", name="Anmelden").click()
    fits(page)
    page.get_by_role("link", name="Alles ansehen und entscheiden").click()
    waiting = page.get_by_role("heading", name=re.compile(r"^Zurückgehalten: \d+"))
    before = int(waiting.inner_text().rpartition(":")[2])
    fits(page)

    page.get_by_role("button", name=re.compile("^Annehmen")).first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_text("Angenommen", exact=False).first).to_be_visible()
    fits(page)

    page.goto("/desk/offen")
    assert int(waiting.inner_text().rpartition(":")[2]) == before - 1
    page.goto("/desk/quellen")
    page.get_by_role("link", name="Naturpark").first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    fits(page)

    page.get_by_role("button", name="Abmelden").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Angebote für Kita-Gruppen")
    refused = page.goto("/desk/")
    assert refused is not None and refused.status == 403
    surfer.complaints.clear()  # Chromium reports the 403 that was asked for


def test_the_keyboard_alone_reaches_the_search_and_skips_the_menu(surfer):
    page = surfer.page
    page.goto("/")
    page.keyboard.press("Tab")
    skip = page.evaluate("document.activeElement.getAttribute('href')")
    assert skip is not None and skip.startswith("#")
    page.keyboard.press("Enter")
    page.get_by_label("Stichwort").focus()
    page.keyboard.type("Wald")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(r"[?&]q=Wald"))


def _answers(at: Stage) -> list[tuple[str, str, Answered]]:
    with at.database.read() as session:
        found = feedback_by_kita(session)
    return sorted((kita, each.offer, each.answer) for kita, given in found.items() for each in given)
