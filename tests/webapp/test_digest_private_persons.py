"""What the weekly mail says where a private person offers something (§ 72a SGB VIII)."""

import pytest
from lxml import html

from schemas.entry import Entry
from schemas.organisation import Booking
from schemas.store.digests import ledger
from schemas.store.kitas import save_kita
from schemas.store.merging import merge
from schemas.store.offers import published_offers
from tests.factories import make_kita, make_recipient, make_source_offer
from tests.webapp.mail_setup import WEEK
from tests.webapp.site import SECRET, Site
from tests.webapp.typed import make_entry, type_in
from webapp.digest import Issuing, prepare
from webapp.entry_texts import PRIVATE_PERSONS
from webapp.links import Links
from webapp.mail.render import Rendered
from webapp.ranking import rank_week

CLAY = make_entry()
TALES = make_entry(name="Otto Behrend", title="Märchen am Ofen", mail="otto.behrend@gmx.example")
FOREST = make_entry(person=False, name="Waldschule", title="Waldtag", contact_name="Waldbüro", consent=False)


@pytest.fixture
def kita(site: Site) -> Site:
    """A site with one Kita that wants the mail."""
    with site.database.begin() as session:
        save_kita(session, make_kita("kita_nah", recipients=(make_recipient(),)), now=site.now)
    return site


def mail(site: Site, *entries: Entry) -> Rendered:
    """The weekly mail with what was typed and accepted."""
    for entry in entries:
        type_in(site, entry, accept=True)
    rank_week(site.database, week=WEEK, now=site.now)
    regions = site.app.extensions["kitalotse"].regions
    prepare(site.database, Issuing(regions, Links(SECRET), "http://localhost:8000"), week=WEEK, now=site.now)
    with site.database.read() as session:
        (row,) = ledger(session, week=WEEK)
    return Rendered(row.subject, row.text, row.html)


def words(found: Rendered) -> tuple[str, str]:
    """Text and HTML of a mail as words."""
    shown = html.document_fromstring(found.html).text_content()
    return " ".join(found.text.split()), " ".join(shown.split())


def test_the_note_on_private_persons_stands_once_in_the_mail_that_carries_their_contact(kita: Site) -> None:
    for text in words(mail(kita, CLAY)):
        assert "0171 2345678" in text
        assert text.count(PRIVATE_PERSONS) == 1
        assert f"Angebot einer Privatperson „Töpfern mit Ton“: {PRIVATE_PERSONS}" in text


def test_of_several_persons_the_note_stands_once_and_names_each_offer(kita: Site) -> None:
    for text in words(mail(kita, CLAY, TALES)):
        assert text.count(PRIVATE_PERSONS) == 1
        assert "Angebote von Privatpersonen" in text
        assert (
            "Für „Töpfern mit Ton“ und „Märchen am Ofen“ gilt jeweils:" in text
            or "Für „Märchen am Ofen“ und „Töpfern mit Ton“ gilt jeweils:" in text
        )


def test_a_region_says_it_in_its_own_words(kita: Site) -> None:
    regions = kita.app.extensions["kitalotse"].regions
    regions["13075"] = regions["13075"].model_copy(update={"private_persons": "Bitte lesen Sie das Merkblatt."})

    for text in words(mail(kita, CLAY)):
        assert text.count("„Töpfern mit Ton“: Bitte lesen Sie das Merkblatt.") == 1
        assert "72a" not in text


def test_without_a_private_person_the_mail_says_nothing_of_it(kita: Site) -> None:
    for text in words(mail(kita, FOREST)):
        assert "Waldtag" in text
        assert "72a" not in text
        assert "Privatperson" not in text


def test_the_note_stays_where_another_source_shows_the_persons_offer_too(kita: Site) -> None:
    kita.harvest(make_source_offer(provider=None, booking=Booking()))
    with kita.database.read() as session:
        (read,) = published_offers(session)
    typed = type_in(kita, CLAY, accept=True).offer or ""
    with kita.database.begin() as session:
        merge(session, read.id, typed, by="x", now=kita.now)

    text, _ = words(mail(kita))

    assert "0171 2345678" in text
    assert f"„Dinosaurier entdecken“: {PRIVATE_PERSONS}" in text
    assert "§ 72a SGB VIII" in kita.client().get(f"/angebote/{read.id}").text
