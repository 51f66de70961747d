"""A private person offers something, without scripts: form, mail, coordinator, portal, busy, change, deletion."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from schemas import clock
from schemas.store.work import add_work
from tests.factories import NOW
from tests.journeys.served import free_port, staged
from webapp.demo import stage as demo
from webapp.demo.stage import Stage
from webapp.worker import run_one

PHONE = {"width": 390, "height": 844}
_moments = (NOW + timedelta(minutes=minutes) for minutes in count(1))
FEEDS = ("/offers.ndjson", "/offers.csv", "/offers.atom", "/offers.ics")


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A portal on which nobody has entered anything yet."""
    port = free_port()
    with staged(tmp_path_factory.mktemp("provider"), port) as at, demo.serving(at, port):
        yield at


@pytest.fixture
def context(browser: Browser, portal: Stage) -> Iterator[BrowserContext]:
    """A browser that runs no scripts, of a person with a phone."""
    made = browser.new_context(
        viewport=PHONE, locale="de-DE", base_url=portal.settings.base_url, java_script_enabled=False
    )
    made.set_default_timeout(15_000)
    yield made
    made.close()


def work(portal: Stage) -> None:
    """What `kitalotse schedule` does: put what tells decisions on the list, run whatever is due."""
    moment = next(_moments)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: moment)
        with portal.database.begin() as session:
            add_work(session, "entry_news", moment)
        while run_one(portal.database, portal.settings) is not None:
            pass


def mailed(page: Page, portal: Stage, subject: str, label: str) -> str:
    """The address behind a link of the newest mail with that subject, once the jobs have run."""
    work(portal)
    page.goto("/outbox/")
    page.get_by_role("link", name=re.compile(subject)).first.click()
    address = page.frame_locator("iframe").get_by_role("link", name=label).first.get_attribute("href")
    assert address is not None
    return address


def fill_in(page: Page) -> None:
    page.get_by_label("eine Privatperson").check()
    page.get_by_label("Name (nötig)").fill("Erna Schmidtke")
    page.get_by_label("Ihre E-Mail-Adresse").fill("erna@post.example")
    page.get_by_label("Titel des Angebots").fill("Töpfern mit Ton")
    page.get_by_label("Was passiert dort?").fill("Wir formen Schalen und Tiere. Bitte Schürzen mitbringen.")
    page.get_by_label("Art des Angebots").select_option(label="Besuch in der Kita")
    page.get_by_role("group", name="Alter von").get_by_label("Jahre").fill("3")
    page.get_by_role("group", name="Alter bis").get_by_label("Jahre").fill("6")
    page.get_by_label("Kosten", exact=True).select_option(label="kostenfrei")
    page.get_by_label("in der Kita", exact=True).check()
    page.get_by_label("Umkreis in Kilometern").fill("25")
    page.get_by_label("rund um die Postleitzahl").fill("17489")
    page.get_by_label("Telefon für die Anmeldung").fill("0171 2345678")
    page.get_by_label("Mein Name, meine Telefonnummer").check()


def test_from_the_form_to_the_tombstone(context: BrowserContext, portal: Stage, tmp_path: Path):
    page = context.new_page()
    page.goto("/")
    page.get_by_role("link", name="Angebot eintragen").click()

    # Half filled: the page says what is missing, and forgets nothing.
    page.get_by_label("Titel des Angebots").fill("Töpfern")
    page.get_by_role("button", name="Absenden").click()
    expect(page.get_by_role("alert")).to_contain_text("Ihre Angaben sind noch da")
    expect(page.get_by_label("Titel des Angebots")).to_have_value("Töpfern")

    fill_in(page)
    page.screenshot(path=tmp_path / "form.png", full_page=True)
    page.get_by_role("button", name="Absenden").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Fast geschafft")

    page.goto(mailed(page, portal, "Bitte bestätigen", "Eintrag ansehen und bestätigen"))
    page.get_by_role("button", name="Ja, das ist meins").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Danke!")
    page.get_by_role("link", name="Zu Ihrem Eintrag").click()
    expect(page.get_by_text("wartet darauf, dass die Koordination")).to_be_visible()
    own = page.url

    address = accepted_by_the_coordinator(context.browser, portal)

    page.goto(mailed(page, portal, "Veröffentlicht", "Im Portal ansehen"))
    assert page.url == address
    expect(page.get_by_role("heading", name="Angebot einer Privatperson")).to_be_visible()
    expect(page.get_by_text("§ 72a SGB VIII")).to_be_visible()
    expect(page.get_by_text("0171 2345678")).to_be_visible()
    for feed in FEEDS:
        told = page.request.get(feed).text()
        assert "Schmidtke" not in told
        assert "0171" not in told

    page.goto(own)
    page.get_by_role("button", name=re.compile("^bis ")).last.click()
    expect(page.get_by_role("status")).to_contain_text("Bis dahin empfehlen wir")
    page.get_by_role("button", name="Nicht mehr zeigen", exact=True).click()
    page.goto(address)
    expect(page.get_by_text("Belegt bis")).to_be_visible()
    expect(page.get_by_text("0171 2345678")).to_have_count(0)

    page.goto(own)
    page.get_by_role("link", name="Ändern").click()
    page.get_by_label("Titel des Angebots").fill("Töpfern im Hof")
    page.get_by_role("button", name="Speichern").click()
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text("Töpfern im Hof")

    page.goto(own)
    page.get_by_label("Ja, endgültig löschen").check()
    page.get_by_role("button", name="Eintrag löschen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Gelöscht")
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 410
    gone = page.goto(own)
    assert gone is not None
    assert gone.status == 404


def accepted_by_the_coordinator(browser: Browser | None, portal: Stage) -> str:
    """A coordinator finds the entry on the desk and accepts it; its public address."""
    assert browser is not None
    context = browser.new_context(base_url=portal.settings.base_url, java_script_enabled=False)
    page = context.new_page()
    page.goto(portal.desk_url())
    page.get_by_role("button", name="Anmelden").click()
    page.goto("/desk/eintragen/liste")
    page.get_by_role("link", name="Töpfern mit Ton").click()
    page.get_by_role("link", name="Prüfen und korrigieren").click()
    page.get_by_role("button", name="Annehmen").first.click()
    page.get_by_role("link", name="Im Portal ansehen").click()
    address = page.url
    context.close()
    return address
